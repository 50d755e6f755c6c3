"""How a fitted network predicts: in chunks, by one compiled call, from any thread."""

import math
import operator
import threading
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
from keras import layers
from sklearn.utils import gen_batches

from cnn_digits.images import pixel_dtype

# Pixel values that go through the network together: 2,048 images of MNIST's size. More
# is not faster and holds larger feature maps in memory.
_VALUES_PER_CALL = 2048 * 28 * 28

# Layers that see what the next one sees of them, and no more.
_POINTWISE = (
    layers.InputLayer,
    layers.Rescaling,
    layers.BatchNormalization,
    layers.ReLU,
    layers.Dropout,
    layers.Dense,
    layers.Softmax,
)


class Predictor:
    """Class probabilities of a Keras network, without the fixed cost of `Model.predict`.

    The rows of a call are padded to a power of two, so that a handful of compiled
    versions serves any number of rows.

    Parameters
    ----------
    network : keras.Model
    """

    def __init__(self, network):
        self._network = network
        self._seen = _seen(network)
        chunk = max(1, _VALUES_PER_CALL // math.prod(network.input_shape[1:]))
        self._chunk = 2 ** int(math.log2(chunk))
        self._call = None
        self._lock = threading.Lock()

    def __call__(self, images):
        """Predict probabilities.

        Parameters
        ----------
        images : ndarray of shape (n, h, w, c)
            Of the network's shape, of any real dtype.

        Returns
        -------
        probabilities : ndarray of shape (n, n_classes), float32
        """
        if self._call is None:
            with self._lock:
                if self._call is None:
                    self._call = compiled(self._network, self._seen)
        dtype = pixel_dtype(images)
        if len(images) <= self._chunk:
            return self._predict(images, dtype)
        # Two at a time: while one is in a layer that keeps a single core busy, the other
        # has work for the rest.
        chunks = [images[rows] for rows in gen_batches(len(images), self._chunk)]
        with ThreadPoolExecutor(2) as pool:
            return np.concatenate(list(pool.map(lambda chunk: self._predict(chunk, dtype), chunks)))

    def _predict(self, chunk, dtype):
        n = len(chunk)
        padded = min(self._chunk, 1 << (n - 1).bit_length())
        height, width, channels = self._seen
        batch = np.zeros((padded, height, width, channels), dtype=dtype)
        batch[:n] = chunk[:, :height, :width]
        return self._call(batch)[:n]


def _seen(network):
    """Shape of the upper left part of the images that a network looks at.

    Pooling drops the last row of an odd number of rows, and what went into that row would
    be computed for nothing: "simple" looks at 26 × 26 of 28 × 28 pixels, and 10,000 images
    take 0.93 s in place of 1.13 (medians, in turn, on two cores). A network with a layer that
    is not known here is taken to look at all.
    """
    whole = network.input_shape[1:]
    if keras.backend.backend() != "tensorflow":
        return whole
    sides = whole[:2]
    for layer in reversed(network.layers):
        if isinstance(layer, layers.MaxPooling2D):
            sides = tuple(map(operator.mul, sides, layer.pool_size))
        elif isinstance(layer, layers.Conv2D) and _is_plain(layer):
            sides = tuple(n + size - 1 for n, size in zip(sides, layer.kernel_size, strict=True))
        elif isinstance(layer, (layers.Conv2D, layers.Flatten)):
            sides = layer.input.shape[1:3]
        elif not isinstance(layer, _POINTWISE):
            return whole
    return (*sides, whole[2])


def _is_plain(convolution):
    return convolution.padding == "valid" and convolution.strides == (1, 1)


def compiled(network, seen, dtypes=(np.uint8, np.float32)):
    """A function from an ndarray of images, cut to what is seen, to one of what a network says.

    Parameters
    ----------
    network : keras.Model
    seen : tuple of three ints
        Shape of an image; None for any.
    dtypes : tuple of dtypes
        Of the images that there will be.
    """
    if keras.backend.backend() != "tensorflow":
        # One at a time: under JAX, calls at the same time delete each other's weights.
        lock = threading.Lock()

        def call_alone(batch):
            with lock:
                return network.predict_on_batch(batch)

        return call_alone
    # Here, because other backends do without.
    import tensorflow as tf

    @tf.function(autograph=False, jit_compile=False)
    def call(images):
        # Not network(images), which would insist on the whole image.
        return network.call(images, training=False)

    # A version for each dtype, each for any number of rows: nothing is traced later.
    versions = {
        dtype: call.get_concrete_function(tf.TensorSpec((None, *seen), dtype)) for dtype in dtypes
    }
    return lambda batch: versions[batch.dtype.type](tf.constant(batch)).numpy()
