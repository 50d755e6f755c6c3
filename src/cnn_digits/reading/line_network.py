"""The network that reads a line: convolutions over a strip, so that any width will do.

Trained by connectionist temporal classification (Graves et al. 2006): for each second column it
says which symbol stands there, or none. Two columns of its answer come out of each last map
(as in subpixel convolution, Shi et al. 2016): narrow digits stand close, and maps of twice the
width would take twice the time.

The first three convolutions are those of the network for single digits, "medium", and begin with
what that has learnt: a strip is to them a row of digits. The others that keep the shape add to what
comes in (as in residual networks, He et al. 2016).
"""

import keras
import numpy as np
from keras import layers

from cnn_digits.devices import ready_to_compute
from cnn_digits.prediction import compiled
from cnn_digits.reading.strips import STRIP_HEIGHT
from cnn_digits.reading.symbols import SYMBOLS

# Columns of the strip to one of the answer.
STRIDE = 2

# Whatever is set globally.
_CHANNELS_LAST, _FLOAT32 = {"data_format": "channels_last"}, {"dtype": "float32"}

# Names of the layers that the network for single digits has as well.
SHARED = tuple(f"{kind}{number}" for number in range(1, 4) for kind in ("conv", "norm"))

# Columns of paper at either side, for what the convolutions take away: the answer is as wide as
# the strip.
_BESIDE = 10

# Where the network for single digits has black, and how far from there white is.
_SCALE, _BLACK = 0.0127, -0.425

# Maps of the convolutions along the line, each over so many columns: together four digits.
_MAPS, _COLUMNS = 192, (1, 5)


def build_network(seed):
    """The network with weights drawn anew.

    Parameters
    ----------
    seed : int

    Returns
    -------
    network : keras.Model
        Takes strips, (n, 24, width, 1) of uint8 with a width that 4 divides; gives logits,
        (n, width / 2, 1 + number of symbols).
    """
    make = _Layers(seed)
    inputs = keras.Input((STRIP_HEIGHT, None, 1), dtype="uint8", name="strip")
    x = layers.ZeroPadding2D((0, _BESIDE), name="beside", **_CHANNELS_LAST)(inputs)
    x = layers.Rescaling(_SCALE, _BLACK, name="standardize", **_FLOAT32)(x)
    x = make.block(x, 1, 16, 5, pool=True)
    x = make.block(x, 2, 32, 3)
    x = make.block(x, 3, 64, 3, pool=True)
    x = make.residual(x, 4, 3)
    # All rows become one.
    x = make.block(x, 5, _MAPS, 3)
    for number in (6, 7, 8):
        x = make.residual(x, number, _COLUMNS)
    n_answers = 1 + len(SYMBOLS)
    x = make.conv(x, 2 * n_answers, 1, "logits", use_bias=True)
    outputs = layers.Reshape((-1, n_answers), name="columns", **_FLOAT32)(x)
    return keras.Model(inputs, outputs, name="line_reader")


def compiled_network(network):
    """What `LineReader` asks: such a network, ready to be called from any thread."""
    ready_to_compute()
    return compiled(network, (STRIP_HEIGHT, None, 1), (np.uint8,))


class _Layers:
    """Blocks of layers, each convolution with a seed of its own."""

    def __init__(self, seed):
        self._seed = seed

    def conv(self, x, filters, size, name, padding="valid", **kwargs):
        self._seed += 1
        start = keras.initializers.HeNormal(seed=self._seed)
        kwargs = {"use_bias": False, "kernel_initializer": start} | kwargs
        kwargs |= _CHANNELS_LAST | _FLOAT32
        return layers.Conv2D(filters, size, padding=padding, name=name, **kwargs)(x)

    def residual(self, x, number, size):
        """A block of as many maps as come in, added to them."""
        y = self.block(x, number, x.shape[-1], size, padding="same")
        return layers.Add(name=f"add{number}", **_FLOAT32)([x, y])

    def block(self, x, number, filters, size, *, pool=False, padding="valid"):
        """Convolution, pooling, batch normalisation, ReLU."""
        x = self.conv(x, filters, size, f"conv{number}", padding)
        if pool:
            x = layers.MaxPooling2D(2, name=f"pool{number}", **_CHANNELS_LAST, **_FLOAT32)(x)
        how = {"momentum": 0.95, "scale": False, "name": f"norm{number}"}
        x = layers.BatchNormalization(**how, **_FLOAT32)(x)
        return layers.ReLU(name=f"relu{number}", **_FLOAT32)(x)
