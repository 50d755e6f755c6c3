"""The networks: one function each, in one table.

A function takes what makes its layers, and standardised images, shape (n, h, w, c), as a
Keras tensor; it returns the features that a linear classifier is put on. Each works on any
image from 1 × 1 up: a step that a small image can't bear is left out.

To add one: write its function, give it a line in `ARCHITECTURES`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

import keras
from keras import layers

# Keras would ask its configuration file.
_CHANNELS_LAST = {"data_format": "channels_last"}


@dataclass(frozen=True)
class Architecture:
    """A network and the training that suits it, used where the user says "auto".

    Parameters
    ----------
    function : callable
        `f(make, x, dropout) -> features`, shape (n, n_features); see `LayerFactory`.
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


class LayerFactory:
    """Makes layers that are the same whatever is set globally: seeds, precision, data format.

    Each method puts a layer on a tensor and returns what comes out.

    Parameters
    ----------
    seed : int
        Of weights and dropout. Keras would draw it from Python's global generator.
    dtype_policy : str
        Of the layers that don't name one.
    """

    def __init__(self, seed, dtype_policy="float32"):
        self._draws = random.Random(seed)
        self._dtype_policy = dtype_policy

    def layer(self, kind, x, *args, **kwargs):
        """Any layer of Keras that draws nothing and heeds no data format, such as `layers.ReLU`."""
        return kind(*args, **{"dtype": self._dtype_policy} | kwargs)(x)

    def conv(self, x, filters, size, name, padding="valid", **kwargs):
        """Convolution that pads instead of failing where the map is smaller than the kernel."""
        if min(x.shape[1:3]) < size:
            padding = "same"
        kwargs = {"activation": "relu", "padding": padding, "name": name} | kwargs
        return self._seeded(layers.Conv2D, x, filters, size, **_CHANNELS_LAST, **kwargs)

    def dense(self, x, units, name, **kwargs):
        """Dense layer, linear unless it is given an activation."""
        return self._seeded(layers.Dense, x, units, name=name, **kwargs)

    def _seeded(self, kind, x, *args, **kwargs):
        # As Keras does it where a layer is not given an initializer.
        initializer = keras.initializers.GlorotUniform(seed=self._draws.randint(1, 10**9))
        return self.layer(kind, x, *args, kernel_initializer=initializer, **kwargs)

    def dropout(self, x, rate, name):
        """Dropout that is seeded under every backend: torch heeds an explicit seed alone."""
        seed = self._draws.randrange(2**31)
        return self.layer(layers.Dropout, x, rate, seed=seed, name=name)

    def pooling(self, x, name):
        """Halve each side by its maxima, except a side of one pixel, which has no half."""
        size = tuple(2 if side > 1 else 1 for side in x.shape[1:3])
        if size == (1, 1):
            return x
        return self.layer(layers.MaxPooling2D, x, size, name=name, **_CHANNELS_LAST)

    def global_maximum(self, x, name):
        """The maximum of each map."""
        return self.layer(layers.GlobalMaxPooling2D, x, name=name, **_CHANNELS_LAST)

    def flat(self, x):
        """All values in a row."""
        return self.layer(layers.Flatten, x, name="flatten", **_CHANNELS_LAST)

    def normalised(self, x, number):
        """Batch normalisation and ReLU.

        Statistics of the last 30 batches or so: with Keras's momentum of 0.99, a fit of a few
        hundred steps would predict with those of its first ones. No scale: the next layer has
        one.
        """
        how = {"momentum": 0.9, "scale": False, "name": f"norm{number}"}
        x = self.layer(layers.BatchNormalization, x, **how)
        return self.layer(layers.ReLU, x, name=f"relu{number}")

    def block(self, x, number, filters, size, padding, pool=True):
        """Convolution, pooling where there is something to pool, batch normalisation, ReLU."""
        how = {"activation": None, "use_bias": False}
        x = self.conv(x, filters, size, f"conv{number}", padding, **how)
        if pool and min(x.shape[1:3]) > 4:
            x = self.pooling(x, f"pool{number}")
        # After pooling, because that leaves a quarter of the work.
        return self.normalised(x, number)


def lenet5(make, x, dropout):
    """LeNet-5's layer sizes (LeCun et al. 1998), with ReLU, max pooling and dropout."""
    x = make.pooling(make.conv(x, 6, 5, "conv1", padding="same"), "pool1")
    x = make.pooling(make.conv(x, 16, 5, "conv2"), "pool2")
    x = make.dense(make.flat(x), 120, "dense1", activation="relu")
    x = make.dense(x, 84, "dense2", activation="relu")
    return make.dropout(x, dropout, "dropout")


def simple(make, x, dropout):
    """Two convolutions and a dense layer: Keras's own MNIST example, 225,034 parameters."""
    x = make.pooling(make.conv(x, 32, 3, "conv1"), "pool1")
    x = make.pooling(make.conv(x, 64, 3, "conv2"), "pool2")
    x = make.dense(make.flat(x), 128, "dense", activation="relu")
    return make.dropout(x, dropout, "dropout")


def deep(make, x, dropout):
    """The five-layer network of many Kaggle notebooks (after Y. Ghouzam, 2017)."""
    for number, (filters, size) in enumerate([(32, 5), (64, 3)], start=1):
        for i in (1, 2):
            x = make.conv(x, filters, size, f"conv{number}_{i}", padding="same")
        x = make.pooling(x, f"pool{number}")
        x = make.dropout(x, dropout / 2, f"dropout{number}")
    x = make.dense(make.flat(x), 256, "dense", activation="relu")
    return make.dropout(x, dropout, "dropout")


def compact(make, x, dropout):
    """Two convolutions and a dense layer, all normalised: the fastest of these to 99 %."""
    # A border of large images can be spared, and their strokes are wider than three pixels.
    # On small ones filters cost next to nothing: a step there is mostly overhead.
    is_small = min(x.shape[1:3]) <= 16
    padding = "same" if is_small else "valid"
    x = make.block(x, 1, 32 if is_small else 16, 3 if is_small else 5, padding)
    number = 1
    # Images larger than MNIST's take more than two, or the dense layer would be huge.
    while number < 2 or min(x.shape[1:3]) > 8:
        number += 1
        x = make.block(x, number, 64 if is_small else 32, 3, padding)
    x = make.dense(make.flat(x), 128, "dense", use_bias=False)
    return make.dropout(make.normalised(x, number + 1), dropout, "dropout")


def medium(make, x, dropout):
    """Four normalised convolutions and no dense layer: between "compact" and "accurate"."""
    is_small = min(x.shape[1:3]) <= 16
    padding = "same" if is_small else "valid"
    x = make.block(x, 1, 16, 3 if is_small else 5, padding)
    x = make.block(x, 2, 32, 3, padding, pool=False)
    number = 2
    # Larger images take more: what is left is 4 × 4 pixels at most.
    while number < 3 or min(x.shape[1:3]) > 4:
        number += 1
        x = make.block(x, number, 64, 3, padding)
    x = make.block(x, number + 1, 128, 3, padding, pool=False)
    return make.dropout(make.flat(x), dropout, "dropout")


def accurate(make, x, dropout):
    """Seven normalised convolutions, all 3×3, on three scales: the most accurate of these."""
    padding = "same" if min(x.shape[1:3]) <= 16 else "valid"
    # The first two see every pixel, so that few filters save the most.
    x = make.block(x, 1, 16, 3, padding, pool=False)
    x = make.block(x, 2, 32, 3, padding, pool=False)
    x = make.block(x, 3, 32, 3, padding)
    number, filters = 3, 64
    while min(x.shape[1:3]) >= 8:
        x = make.block(x, number + 1, filters, 3, "same", pool=False)
        x = make.block(x, number + 2, filters, 3, "same")
        number, filters = number + 2, 128
    x = make.block(x, number + 1, 128, 3, "same", pool=False)
    x = make.block(x, number + 2, 128, 3, "same", pool=False)
    return make.dropout(make.global_maximum(x, "maximum"), dropout, "dropout")


def compact_of_version_1(make, x, dropout):
    """What "compact" was when model files had format version 1."""
    small = min(x.shape[1:3]) <= 16
    size, padding = (3, "same") if small else (5, "valid")
    for i, filters in enumerate((32, 64, 64) if small else (16, 32, 64), start=1):
        if i == 3:
            size, padding = 3, "valid"
        x = make.conv(x, filters, size, f"conv{i}", padding, activation=None, use_bias=False)
        if i < 3 and min(x.shape[1:3]) > 4:
            x = make.pooling(x, f"pool{i}")
        x = make.normalised(x, i)
    return make.dropout(make.flat(x), dropout, "dropout")


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
    "medium": Architecture(
        medium,
        dropout=0.0,
        batch_size=256,
        learning_rate=5e-3,
        betas=(0.5, 0.9),
        label_smoothing=0.1,
        sharpness=2.0,
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
_FORMER = {"compact_version_1": Architecture(compact_of_version_1, dropout=0.1)}

# What "auto" means for a network of the user's own.
_OWN = Architecture(function=None, dropout=0.0)


def recipe_for(architecture):
    """The network that a name stands for and what suits it, or what suits one of the user's own."""
    return _OWN if callable(architecture) else (ARCHITECTURES | _FORMER)[architecture]
