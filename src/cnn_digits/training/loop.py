"""The training of a network, from settings and data to weights and a history."""

import warnings
from contextlib import contextmanager, nullcontext

from cnn_digits.training.batches import Batches, FirstEpoch
from cnn_digits.training.callbacks import History, own_callbacks
from cnn_digits.training.checkpoint import Checkpoint
from cnn_digits.training.engine import Engine


def train(twin, data, held_out, settings, *, seed, history):
    """Train a network in place.

    Parameters
    ----------
    twin : TrainingTwin
        Of the network.
    data : LabelledImages
        To train on.
    held_out : LabelledImages or None
        To validate on.
    settings : Settings
    seed : numpy.random.SeedSequence
    history : dict of lists
        Extended by what each epoch measures, also when training is interrupted.

    Raises
    ------
    KeyboardInterrupt
        If the user interrupts; what was learnt up to then is in the network.
    """
    order_seed, augment_seed = (int(word) for word in seed.generate_state(2) >> 1)
    twin.reseed(augment_seed)
    n_classes = twin.model.output_shape[-1]
    batches = Batches(data, n_classes, settings.batch_size, settings.label_smoothing)
    if held_out is not None:
        # Large ones, which are fast: nothing is learnt from them.
        held_out = Batches(held_out, n_classes, max(settings.batch_size, 256)).in_order()
    first_epoch = FirstEpoch()
    engine = Engine(
        model=twin.model,
        epochs=settings.epochs,
        verbose=settings.verbose,
        callbacks=_callbacks(settings, held_out is not None, first_epoch, history),
        shuffle=False,  # the batches are
        fit__steps_per_epoch=batches.n_steps,
        fit__validation_data=held_out,
    )
    try:
        with _one_class_allowed() if n_classes == 1 else nullcontext():
            engine.fit(batches.shuffled(settings.epochs, order_seed, first_epoch.number), None)
    finally:
        for callback in settings.callbacks:
            # A callback that holds a model can neither be cloned nor pickled.
            callback._model = None


def _callbacks(settings, has_validation, first_epoch, history):
    callbacks = [
        first_epoch,
        *own_callbacks(settings, has_validation),
        *settings.callbacks,
        History(history),
    ]
    for callback in settings.callbacks:
        if isinstance(callback, Checkpoint):
            callback.follow(callbacks, history)
    # What a checkpoint writes is complete when all others have done their part.
    return sorted(callbacks, key=lambda callback: isinstance(callback, Checkpoint))


@contextmanager
def _one_class_allowed():
    """Silence Keras, which takes a single class for a mistake."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*categorical_crossentropy.*")
        yield
