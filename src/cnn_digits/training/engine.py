"""The way into scikeras, whose loop trains: nothing else imports it."""

from contextlib import contextmanager

import keras


@contextmanager
def _keras_pickled_as_before():
    """Undo what importing scikeras does to Keras.

    It replaces `__reduce__` and `__deepcopy__` of Keras classes for the whole process; then
    the user's own Keras models would be pickled by scikeras. Somebody who imported scikeras
    before us wants it that way, and keeps it.
    """
    patched = [
        (keras.Model, "__reduce__"),
        (keras.Model, "__deepcopy__"),
        (keras.losses.Loss, "__reduce__"),
        (keras.metrics.Metric, "__reduce__"),
        (keras.optimizers.Optimizer, "__reduce__"),
    ]
    before = [(cls, name, vars(cls).get(name)) for cls, name in patched]
    yield
    for cls, name, method in before:
        if method is not None:
            setattr(cls, name, method)
        elif name in vars(cls):
            delattr(cls, name)


with _keras_pickled_as_before():
    from scikeras.wrappers import BaseWrapper


class Engine(BaseWrapper):
    """scikeras's training loop around a compiled network and batches that are ready.

    The classifier in front of it has validated the data, encoded the labels and built the
    network, so what scikeras does before it trains is left out.
    """

    def _fit(self, X, y, sample_weight, warm_start, epochs, initial_epoch):
        self.model_ = self.model
        self._random_state = self.random_state
        self._initialize_callbacks()
        self._fit_keras_model(X, y, sample_weight, warm_start, epochs, initial_epoch)
