"""The networks: one function each, in one table.

A function takes standardised images, shape (n, h, w, c), as a Keras tensor, and returns
the features that a linear classifier is put on. Each works on any image from 1 × 1 up: a
step that a small image can't bear is left out.

To add one: write its function, give it a line in `ARCHITECTURES`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Architecture:
    """A network and the training that suits it, used where the user says "auto".

    Parameters
    ----------
    function : callable
        `f(x, dropout) -> features`, shape (n, n_features).
    dropout : float
        Rate of the last dropout layer, where the user says None.
    epochs : int
        Epochs on a data set of MNIST's size.
    batch_size : int
        Images per step on a data set of MNIST's size.
    learning_rate : float
        Peak rate of Adam at batch size 128 under the one-cycle schedule.
    betas : (float, float)
        How slowly Adam and its kin forget gradients and their squares.
    label_smoothing : float
    sharpness : float
        What logits are multiplied by in prediction, to undo what label smoothing does to
        the probabilities.
    bfloat16 : bool
        Whether training in bfloat16 has been measured to be faster at the same accuracy
        on hardware that has it, for 10,000 images and more.
    """

    function: Callable
    dropout: float
    epochs: int = 10
    batch_size: int = 128
    learning_rate: float = 2e-3
    betas: tuple = (0.9, 0.999)  # Keras's own
    label_smoothing: float = 0.0
    sharpness: float = 1.0
    bfloat16: bool = False


# Layers of every network that are never in half precision: raw pixels may need more digits,
# and probabilities would not add up to 1.
FLOAT32_LAYERS = {"image", "standardize", "logits", "sharpen", "one", "probabilities"}


def look_up(architecture):
    """What a name stands for, or what "auto" means for a network of the user's own."""
    return _OWN if callable(architecture) else (ARCHITECTURES | _FORMER)[architecture]


def build_network(image_shape, n_classes, *, architecture, dropout, mean, std, sharpness=1.0):
    """Build the plain Keras model that maps raw images to class probabilities.

    Parameters
    ----------
    image_shape : tuple of three ints
    n_classes : int
    architecture : str or callable
        A name in the tables, or `f(image_shape, n_classes) -> keras.Model`.
    dropout : float or None
        None: the architecture's own.
    mean, std : float
        Of the training pixels; the first layer standardises by them.
    sharpness : float
        Logits are multiplied by it. Without effect on a callable architecture.

    Returns
    -------
    network : keras.Model
        Not compiled.

    Raises
    ------
    TypeError, ValueError
        If a callable returns no Keras model or one of other input or output shape.
    """
    import keras

    inputs = keras.Input(image_shape, name="image")
    # In float32 whatever the policy, see FLOAT32_LAYERS.
    x = keras.layers.Rescaling(1 / std, -mean / std, dtype="float32", name="standardize")(inputs)
    if callable(architecture):
        network = _checked(
            architecture(image_shape, n_classes), architecture, image_shape, n_classes
        )
        outputs = network(x)
        name = "cnn_digits"
    else:
        entry = look_up(architecture)
        x = entry.function(x, entry.dropout if dropout is None else dropout)
        outputs = _probabilities(x, n_classes, sharpness)
        name = architecture
    return keras.Model(inputs, outputs, name=name)


def _checked(network, architecture, image_shape, n_classes):
    import keras

    name = getattr(architecture, "__name__", repr(architecture))
    if not isinstance(network, keras.Model):
        raise TypeError(
            f"architecture {name}(image_shape={image_shape}, n_classes={n_classes}) returned "
            f"{network!r}; expected a keras.Model."
        )
    if not network.built or isinstance(network.input_shape, list):
        raise ValueError(
            f"architecture {name} returned a model without a known single input; begin it with "
            "keras.Input(image_shape)."
        )
    if not _fits(network.input_shape[1:], image_shape):
        raise ValueError(
            f"architecture {name} returned a model for inputs of shape {network.input_shape[1:]}; "
            f"expected image_shape={image_shape}."
        )
    if network.output_shape != (None, n_classes):
        raise ValueError(
            f"architecture {name} returned a model with output shape {network.output_shape}; "
            f"expected {(None, n_classes)}: one probability for each of {n_classes} classes."
        )
    return network


def check_probabilities(network, images, architecture):
    """Refuse a network of the user's own whose outputs for some images are no probabilities."""
    import keras

    outputs = keras.ops.convert_to_numpy(network(images, training=False)).astype(np.float32)
    sums = outputs.sum(axis=1)
    # Sums of bfloat16 are off by some hundredths.
    if outputs.min() < 0 or np.abs(sums - 1).max() > 0.1:
        name = getattr(architecture, "__name__", repr(architecture))
        raise ValueError(
            f"architecture {name} returned a model whose outputs are no probabilities: those of an "
            f"image sum to {sums[np.abs(sums - 1).argmax()]:.3g}, and the lowest is "
            f"{outputs.min():.3g}. End it with a softmax."
        )


def _fits(shape, image_shape):
    return len(shape) == len(image_shape) and all(
        side is None or side == expected for side, expected in zip(shape, image_shape, strict=True)
    )


def _conv(x, filters, size, name, padding="valid", **kwargs):
    """Convolution that pads instead of failing where the map is smaller than the kernel."""
    from keras import layers

    if min(x.shape[1:3]) < size:
        padding = "same"
    kwargs = {"activation": "relu"} | kwargs
    return layers.Conv2D(filters, size, padding=padding, name=name, **kwargs)(x)


def _pool(x, name):
    """Halve each side by its maxima, except a side of one pixel, which has no half."""
    from keras import layers

    size = tuple(2 if side > 1 else 1 for side in x.shape[1:3])
    return x if size == (1, 1) else layers.MaxPooling2D(size, name=name)(x)


def _dropout(x, rate, name):
    """Dropout that is seeded under every backend: torch heeds an explicit seed alone."""
    from keras import layers

    # From the generator that Keras itself draws seeds from.
    return layers.Dropout(rate, seed=random.randrange(2**31), name=name)(x)


def _probabilities(x, n_classes, sharpness):
    from keras import layers

    # In float32 whatever the policy, see FLOAT32_LAYERS.
    if n_classes == 1:
        # Always 1, as a softmax would say with a warning.
        x = layers.Dense(1, activation="sigmoid", dtype="float32", name="one")(x)
        return layers.UnitNormalization(dtype="float32", name="probabilities")(x)
    if sharpness == 1:
        dense = layers.Dense(n_classes, "softmax", dtype="float32", name="probabilities")
        return dense(x)
    x = layers.Dense(n_classes, dtype="float32", name="logits")(x)
    x = layers.Rescaling(sharpness, dtype="float32", name="sharpen")(x)
    return layers.Softmax(dtype="float32", name="probabilities")(x)


def lenet5(x, dropout):
    """LeNet-5's layer sizes (LeCun et al. 1998), with ReLU, max pooling and dropout."""
    from keras import layers

    x = _pool(_conv(x, 6, 5, "conv1", padding="same"), "pool1")
    x = _pool(_conv(x, 16, 5, "conv2"), "pool2")
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(120, activation="relu", name="dense1")(x)
    x = layers.Dense(84, activation="relu", name="dense2")(x)
    return _dropout(x, dropout, "dropout")


def simple(x, dropout):
    """Two convolutions and a dense layer: Keras's own MNIST example, 225,034 parameters."""
    from keras import layers

    x = _pool(_conv(x, 32, 3, "conv1"), "pool1")
    x = _pool(_conv(x, 64, 3, "conv2"), "pool2")
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(128, activation="relu", name="dense")(x)
    return _dropout(x, dropout, "dropout")


def deep(x, dropout):
    """The five-layer network of many Kaggle notebooks (after Y. Ghouzam, 2017)."""
    from keras import layers

    for block, (filters, size) in enumerate([(32, 5), (64, 3)], start=1):
        for i in (1, 2):
            x = _conv(x, filters, size, f"conv{block}_{i}", padding="same")
        x = _pool(x, f"pool{block}")
        x = _dropout(x, dropout / 2, f"dropout{block}")
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(256, activation="relu", name="dense")(x)
    return _dropout(x, dropout, "dropout")


def compact(x, dropout):
    """Two convolutions and a dense layer, all normalised: the fastest of these to 99 %."""
    from keras import layers

    # A border of large images can be spared, and their strokes are wider than three pixels.
    # On small ones filters cost next to nothing: a step there is mostly overhead.
    small = min(x.shape[1:3]) <= 16
    x = _block(x, 1, *((32, 3, "same") if small else (16, 5, "valid")))
    number = 1
    # Images larger than MNIST's take more than two, or the dense layer would be huge.
    while number < 2 or min(x.shape[1:3]) > 8:
        number += 1
        x = _block(x, number, *((64, 3, "same") if small else (32, 3, "valid")))
    x = layers.Dense(128, use_bias=False, name="dense")(layers.Flatten(name="flatten")(x))
    return _dropout(_normalised(x, number + 1), dropout, "dropout")


def accurate(x, dropout):
    """Seven normalised convolutions, all 3×3, on three scales: the most accurate of these."""
    from keras import layers

    padding = "same" if min(x.shape[1:3]) <= 16 else "valid"
    # The first two see every pixel, so that few filters save the most.
    x = _block(x, 1, 16, 3, padding, pool=False)
    x = _block(x, 2, 32, 3, padding, pool=False)
    x = _block(x, 3, 32, 3, padding)
    number, filters = 3, 64
    while min(x.shape[1:3]) >= 8:
        x = _block(x, number + 1, filters, 3, "same", pool=False)
        x = _block(x, number + 2, filters, 3, "same")
        number, filters = number + 2, 128
    x = _block(x, number + 1, 128, 3, "same", pool=False)
    x = _block(x, number + 2, 128, 3, "same", pool=False)
    x = layers.GlobalMaxPooling2D(name="maximum")(x)
    return _dropout(x, dropout, "dropout")


def _block(x, number, filters, size, padding, pool=True):
    """Convolution, pooling where there is something to pool, batch normalisation, ReLU."""
    x = _conv(x, filters, size, f"conv{number}", padding, activation=None, use_bias=False)
    if pool and min(x.shape[1:3]) > 4:
        x = _pool(x, f"pool{number}")
    # After pooling, because that leaves a quarter of the work.
    return _normalised(x, number)


def _normalised(x, number):
    """Batch normalisation and ReLU.

    Statistics of the last 30 batches or so: with Keras's momentum of 0.99, a fit of a few
    hundred steps would predict with those of its first ones. No scale: the next layer has one.
    """
    from keras import layers

    x = layers.BatchNormalization(momentum=0.9, scale=False, name=f"norm{number}")(x)
    return layers.ReLU(name=f"relu{number}")(x)


def first_compact(x, dropout):
    """What "compact" was when model files had format version 1."""
    from keras import layers

    small = min(x.shape[1:3]) <= 16
    size, padding = (3, "same") if small else (5, "valid")
    for i, filters in enumerate((32, 64, 64) if small else (16, 32, 64), start=1):
        if i == 3:
            size, padding = 3, "valid"
        x = _conv(x, filters, size, f"conv{i}", padding, activation=None, use_bias=False)
        if i < 3 and min(x.shape[1:3]) > 4:
            x = _pool(x, f"pool{i}")
        x = _normalised(x, i)
    return _dropout(layers.Flatten(name="flatten")(x), dropout, "dropout")


ARCHITECTURES = {
    "compact": Architecture(
        compact,
        dropout=0.0,
        batch_size=512,
        learning_rate=1e-2,
        betas=(0.5, 0.9),
        label_smoothing=0.1,
        sharpness=2.0,
        bfloat16=True,
    ),
    "accurate": Architecture(
        accurate,
        dropout=0.0,
        batch_size=256,
        learning_rate=3e-3,
        betas=(0.5, 0.9),
        label_smoothing=0.1,
        sharpness=2.0,
        bfloat16=True,
    ),
    "lenet5": Architecture(lenet5, dropout=0.25),
    "simple": Architecture(simple, dropout=0.5, bfloat16=True),
    "deep": Architecture(deep, dropout=0.5, bfloat16=True),
}

# Networks that only old model files ask for.
_FORMER = {"compact_version_1": Architecture(first_compact, dropout=0.1)}

_OWN = Architecture(function=None, dropout=0.0)
