"""The user's callbacks: what is taken for one, what they see, and how they are left."""

import pickle
import warnings
from contextlib import contextmanager

import keras

_EVENTS = [name for name in dir(keras.callbacks.Callback) if name.startswith("on_")]

# What callbacks and the training loop tell each other by a model.
_SIGNALS = ("stop_training", "_initial_epoch")


def check_callbacks(callbacks):
    """Raise unless these are Keras callbacks, or None."""
    for callback in callbacks or ():
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(
                f"callbacks={callbacks!r}; expected objects of keras.callbacks.Callback, got "
                f"{callback!r}."
            )


def warn_of_no_effect(callbacks, schedule):
    """Warn of callbacks that set a learning rate which the schedule sets anew at every step."""
    kinds = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
    for callback in callbacks:
        if schedule == "one_cycle" and isinstance(callback, kinds):
            warnings.warn(
                f"{type(callback).__name__} in callbacks has no effect, because the schedule "
                f"{schedule!r} sets the learning rate at every step; set schedule='constant'.",
                UserWarning,
                stacklevel=6,
            )


class UserCallbacks(keras.callbacks.Callback):
    """The user's callbacks, which see the network that is kept while its twin is trained.

    The two compute with the same variables and the same optimizer: what a callback reads, sets
    or saves is what is being learnt.

    Parameters
    ----------
    callbacks : list of keras.callbacks.Callback
    network : keras.Model
        Compiled.
    """

    def __init__(self, callbacks, network):
        super().__init__()
        self._callbacks = callbacks
        self._network = network
        self._heard = {event for event in _EVENTS if any(_hears(c, event) for c in callbacks)}
        # Keras waits for the end of a batch if somebody has something to do there.
        self.async_safe = not any(event.endswith("batch_end") for event in self._heard)

    def set_params(self, params):
        super().set_params(params)
        for callback in self._callbacks:
            callback.set_params(params)

    def set_model(self, model):
        super().set_model(model)
        network = self._network
        network.history = model.history
        # Keras makes metrics when it sees the first batch, which the network never does; a
        # callback asks them whether more is better.
        ones = keras.ops.ones((1, network.output_shape[-1]))
        network.compute_metrics(None, ones, ones)
        network.reset_metrics()
        for callback in self._callbacks:
            callback.set_model(network)

    def _tell(self, event, *args, **kwargs):
        if event not in self._heard:
            return
        trained = self.model  # by its property: under JAX that brings variables up to date
        for name in _SIGNALS:
            setattr(self._network, name, getattr(trained, name))
        for callback in self._callbacks:
            getattr(callback, event)(*args, **kwargs)
        for name in _SIGNALS:
            setattr(trained, name, getattr(self._network, name))


def _told_on(event):
    return lambda self, *args, **kwargs: self._tell(event, *args, **kwargs)


for _event in _EVENTS:
    setattr(UserCallbacks, _event, _told_on(_event))


def _hears(callback, event):
    """Whether a callback does anything at an event."""
    # What is told of batches in training reaches the older names, too.
    for name in {event, event.replace("_train_", "_")} & set(_EVENTS):
        method = getattr(getattr(callback, name), "__func__", None)
        if method is not getattr(keras.callbacks.Callback, name):
            return True
    return False


@contextmanager
def left_as_found(callbacks):
    """What could be copied and pickled before training can be afterwards, however it ends.

    Callbacks are detached from the network. An attribute that has come to hold something that
    can't be pickled, such as an open file, gets back the value that it had.
    """
    before = [_frozen(callback) for callback in callbacks]
    try:
        yield
    finally:
        for callback, values in zip(callbacks, before, strict=True):
            callback._model = None
            _let_go(callback, values)


def _frozen(callback):
    return {name: _pickled(value) for name, value in vars(callback).items()}


def _let_go(callback, before):
    for name, value in list(vars(callback).items()):
        was_pickled = before.get(name, True)
        if was_pickled is None or _pickled(value) is not None:
            continue
        if hasattr(value, "close"):
            value.close()
        if name in before:
            data, buffers = before[name]
            setattr(callback, name, pickle.loads(data, buffers=buffers))
        else:
            delattr(callback, name)


def _pickled(value):
    """A value as bytes, with arrays as they lie in memory; None if it can't be pickled."""
    buffers = []
    try:
        return pickle.dumps(value, protocol=5, buffer_callback=buffers.append), buffers
    except Exception:  # whatever a class raises
        return None
