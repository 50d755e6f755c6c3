"""The training of a network, from settings and data to weights and a history."""

import warnings
from contextlib import contextmanager, nullcontext

from cnn_digits.images import sample_rows
from cnn_digits.training.batches import Batches, FirstEpoch
from cnn_digits.training.callbacks import History, own_callbacks
from cnn_digits.training.checkpoint import Checkpoint
from cnn_digits.training.divergence import StaysFinite
from cnn_digits.training.engine import Engine
from cnn_digits.training.user_callbacks import UserCallbacks, left_as_found


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
    ValueError
        If training diverges: then loss, weights or probabilities are not finite.
    """
    order_seed, augment_seed = (int(word) for word in seed.generate_state(2) >> 1)
    twin.reseed(augment_seed)
    n_classes = twin.model.output_shape[-1]
    batches = Batches(data, n_classes, settings.batch_size, settings.label_smoothing)
    if held_out is not None:
        # Large ones, which are fast: nothing is learnt from them.
        held_out = Batches(held_out, n_classes, max(settings.batch_size, 256)).in_order()
    first_epoch, stays_finite = FirstEpoch(), StaysFinite(settings, data.weights)
    engine = Engine(
        model=twin.model,
        epochs=settings.epochs,
        verbose=settings.verbose,
        callbacks=[
            first_epoch,
            stays_finite,
            *_callbacks(settings, held_out is not None, twin.network, history),
        ],
        shuffle=False,  # the batches are
        fit__steps_per_epoch=batches.n_steps,
        fit__validation_data=held_out,
    )
    with (
        _one_class_allowed() if n_classes == 1 else nullcontext(),
        left_as_found(settings.callbacks),
        _begun_anew(twin),
    ):
        engine.fit(batches.shuffled(settings.epochs, order_seed, first_epoch.number), None)
    stays_finite.check_in_the_end(twin.network, data.images[sample_rows(data.rows)])


def _callbacks(settings, has_validation, network, history):
    """Those of the settings, the user's, the history; what a checkpoint writes is complete then."""
    own = own_callbacks(settings, has_validation)
    checkpoints = [c for c in settings.callbacks if isinstance(c, Checkpoint)]
    users = [c for c in settings.callbacks if c not in checkpoints]
    for checkpoint in checkpoints:
        checkpoint.follow([*own, *users], history)
    seeing = [UserCallbacks(users, network)] if users else []
    return [*own, *seeing, History(history), *checkpoints]


@contextmanager
def _begun_anew(twin):
    """Where a callback let this training begin, having restored a backup, is not for the next."""
    try:
        yield
    finally:
        for model in (twin.model, twin.network):
            model._initial_epoch = None


@contextmanager
def _one_class_allowed():
    """Silence Keras, which takes a single class for a mistake."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*categorical_crossentropy.*")
        yield
