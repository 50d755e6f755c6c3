"""The network that reads a line: convolutions over a strip, so that any width will do.

Trained by connectionist temporal classification (Graves et al. 2006): for each second column it
says which symbol stands there, or none. Two columns of its answer come out of each last map
(as in subpixel convolution, Shi et al. 2016): narrow digits stand close, and maps of twice the
width would take twice the time.
"""

import keras
from keras import layers

from cnn_digits.reading.strips import STRIP_HEIGHT
from cnn_digits.reading.symbols import SYMBOLS

# Columns of the strip to one of the answer.
STRIDE = 2


def build_network(seed, filters=(16, 32, 48, 64, 96, 128, 128)):
    """The network with weights drawn anew.

    Parameters
    ----------
    seed : int
    filters : tuple of int
        Of each convolution from the strip on.

    Returns
    -------
    network : keras.Model
        Takes strips, (n, 24, width, 1) of uint8 with a width that 4 divides; gives logits,
        (n, width / 2, 1 + number of symbols).
    """
    make = _Layers(seed)
    x = inputs = keras.Input((STRIP_HEIGHT, None, 1), dtype="uint8", name="strip")
    x = layers.Rescaling(1 / 128, -0.25, name="scaled")(x)
    x = make.block(x, filters[0], (5, 5), strides=2)
    x = make.block(x, filters[1], (3, 3))
    x = layers.MaxPooling2D((2, 2), name="pool1")(x)
    x = make.block(x, filters[2], (3, 3))
    x = make.block(x, filters[3], (3, 3))
    x = layers.MaxPooling2D((2, 1), name="pool2")(x)
    x = make.block(x, filters[4], (3, 3))
    x = make.block(x, filters[5], (STRIP_HEIGHT // 8, 3), padding="tall")
    x = make.block(x, filters[6], (1, 5))
    n_outputs = 1 + len(SYMBOLS)
    x = make.conv(x, 2 * n_outputs, (1, 1), name="logits", use_bias=True)
    outputs = layers.Reshape((-1, n_outputs), name="columns")(x)
    return keras.Model(inputs, outputs, name="line_reader")


class _Layers:
    """Blocks of layers with seeds of their own."""

    def __init__(self, seed):
        self._seeds = keras.random.SeedGenerator(seed)
        self._seed = seed
        self._number = 0

    def conv(self, x, filters, size, **kwargs):
        self._seed += 1
        start = keras.initializers.HeNormal(seed=self._seed)
        kwargs = {"padding": "same", "use_bias": False} | kwargs
        return layers.Conv2D(filters, size, kernel_initializer=start, **kwargs)(x)

    def block(self, x, filters, size, strides=1, padding="same"):
        """Convolution, batch normalisation, ReLU."""
        self._number += 1
        name = str(self._number)
        if padding == "tall":  # all rows become one
            x = layers.ZeroPadding2D((0, size[1] // 2), name=f"pad{name}")(x)
            padding = "valid"
        x = self.conv(x, filters, size, strides=strides, padding=padding, name=f"conv{name}")
        x = layers.BatchNormalization(momentum=0.95, name=f"norm{name}")(x)
        return layers.ReLU(name=f"relu{name}")(x)
