"""Every "auto": from parameters, number of images and their shape to settings."""

import math
from dataclasses import dataclass

import keras

from cnn_digits.architectures import recipe_for
from cnn_digits.augmentation import Augment
from cnn_digits.devices import bfloat16_pays
from cnn_digits.training.checkpoint import Checkpoint

# Peak learning rates relative to Adam's, by name; other optimizers keep their own.
_RATE_RELATIVE_TO_ADAM = {"adam": 1, "adamw": 1, "nadam": 1, "rmsprop": 0.3, "sgd": 20}

# Gradient steps that a fit should take at least, however little data there is.
_MIN_STEPS = 900
_MAX_EPOCHS = 100

# The shorter side from which on "auto" augments, and from which on as much as suits MNIST:
# smaller digits fill their frame, and a shift cuts them.
_MIN_AUGMENTED_SIDE = 8
_FULLY_AUGMENTED_SIDE = 16

# A single epoch sees each image once and hardly overfits: distortion has nothing to cure
# there, and costs time.
_MIN_AUGMENTED_EPOCHS = 2

# Images from which on training in bfloat16 has been measured.
MIN_BFLOAT16_IMAGES = 10_000


@dataclass(frozen=True)
class Settings:
    """How a network is built and trained, apart from the data: nothing is left open.

    Parameters
    ----------
    epochs, batch_size : int
    learning_rate : float
        The highest; with the schedule "own" where that begins.
    schedule : {"one_cycle", "reduce_on_plateau", "constant", "own"}
        "own" is one that comes with the optimizer.
    label_smoothing, dropout, sharpness : float
        See `Architecture`.
    augment : Augment or None
        None: no distortion.
    dtype_policy : str
    bfloat16 : bool
        Whether a network in float32 is trained in bfloat16 all the same.
    validation_fraction : float
        Share of the images to set aside; 0 for none.
    early_stopping : bool
    patience : int
        In epochs.
    callbacks : list of keras.callbacks.Callback
        The user's.
    verbose : int
    """

    epochs: int
    batch_size: int
    learning_rate: float
    schedule: str
    label_smoothing: float
    dropout: float
    sharpness: float
    augment: Augment | None
    dtype_policy: str
    bfloat16: bool
    validation_fraction: float
    early_stopping: bool
    patience: int
    callbacks: list
    verbose: int


def resolve(
    parameters, n_images, image_shape, *, is_padded=False, has_validation=False, is_partial=False
):
    """Put a value in the place of every "auto" and of None.

    Parameters
    ----------
    parameters : dict
        Of a CNNDigitClassifier, valid.
    n_images : int
        To train and, if some are set aside, to validate on.
    image_shape : tuple of three ints
    is_padded : bool
        Whether rows had to be padded to a square: where the digits are is anybody's guess.
    has_validation : bool
        Whether the user gave validation images.
    is_partial : bool
        Whether this is for `partial_fit`: one epoch at a constant rate, of data of which
        there is more.

    Returns
    -------
    settings : Settings
    """
    p = parameters
    recipe = recipe_for(p["architecture"])
    fraction = 0.0 if has_validation or is_partial else _validation_fraction(p)
    n_images -= math.ceil(fraction * n_images)  # as train_test_split rounds
    batch_size = p["batch_size"]
    if batch_size == "auto":
        batch_size = _batch_size(n_images, recipe.batch_size)
    epochs = 1 if is_partial else p["epochs"]
    if epochs == "auto":
        steps = math.ceil(n_images / batch_size)
        epochs = max(recipe.epochs, min(_MAX_EPOCHS, math.ceil(_MIN_STEPS / steps)))
    augment = p["augment"]
    if augment == "auto":
        is_short = epochs < _MIN_AUGMENTED_EPOCHS and not is_partial
        augment = None if is_padded or is_short else _augment(min(image_shape[:2]))
    schedule = _schedule(p, is_partial)
    is_auto = p["dtype_policy"] == "auto"
    is_faster_in_bfloat16 = recipe.bfloat16 and n_images >= MIN_BFLOAT16_IMAGES
    is_smoothed = p["label_smoothing"] == "auto"
    return Settings(
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=_learning_rate(p, recipe, batch_size, schedule),
        schedule=schedule,
        label_smoothing=recipe.label_smoothing if is_smoothed else p["label_smoothing"],
        dropout=recipe.dropout if p["dropout"] is None else p["dropout"],
        sharpness=recipe.sharpness if is_smoothed else 1.0,
        augment=augment,
        dtype_policy="float32" if is_auto else p["dtype_policy"],
        bfloat16=is_auto and is_faster_in_bfloat16 and _bfloat16_pays(p["callbacks"]),
        validation_fraction=fraction,
        early_stopping=p["early_stopping"] and not is_partial,
        patience=p["n_iter_no_change"],
        callbacks=list(p["callbacks"] or ()),
        verbose=int(p["verbose"]),
    )


def _validation_fraction(p):
    if p["validation_fraction"] is not None:
        return p["validation_fraction"]
    return 0.1 if p["early_stopping"] else 0.0


def _batch_size(n_images, largest):
    """Power of two that gives at least 64 steps an epoch, between 16 and `largest`."""
    return min(largest, max(16, 2 ** int(math.log2(max(1, n_images / 64)))))


def _augment(side):
    """Distortion that suits images whose shorter side has so many pixels, or None."""
    if side < _MIN_AUGMENTED_SIDE:
        return None
    if side < _FULLY_AUGMENTED_SIDE:
        return Augment(rotation=8, zoom=0.08, shift=0.03)
    return Augment(zoom=0.15, shift=0.05, shear=8)


def _bfloat16_pays(callbacks):
    """As this machine has it, or had it when the training began that goes on."""
    for callback in callbacks or ():
        if isinstance(callback, Checkpoint):
            return callback.finding("bfloat16", bfloat16_pays)
    return bfloat16_pays()


def _schedule(p, is_partial):
    is_own = isinstance(_innermost(p["optimizer"]).get_config()["learning_rate"], dict)
    schedule = "constant" if is_partial else p["schedule"]
    if is_own:
        if schedule not in ("auto", "constant") or p["learning_rate"] != "auto":
            raise ValueError(
                "The optimizer has a learning-rate schedule of its own; schedule must be 'auto' or "
                f"'constant' and learning_rate 'auto'. Got schedule={p['schedule']!r}, "
                f"learning_rate={p['learning_rate']!r}."
            )
        return "own"
    if schedule == "auto":
        # A cycle that is stopped early may end at a high rate.
        return "reduce_on_plateau" if p["early_stopping"] else "one_cycle"
    return schedule


def _learning_rate(p, recipe, batch_size, schedule):
    if p["learning_rate"] != "auto":
        return p["learning_rate"]
    name = p["optimizer"].lower() if isinstance(p["optimizer"], str) else None
    if name not in _RATE_RELATIVE_TO_ADAM:
        return float(_innermost(p["optimizer"]).learning_rate)
    rate = recipe.learning_rate * math.sqrt(batch_size / 128)
    rate *= _RATE_RELATIVE_TO_ADAM[name]
    # A cycle is at its peak for a moment only.
    return rate if schedule == "one_cycle" else rate / 4


def _innermost(optimizer):
    """The optimizer that has the rate: a LossScaleOptimizer leaves it to the one inside."""
    optimizer = keras.optimizers.get(optimizer)
    return getattr(optimizer, "inner_optimizer", optimizer)
