"""How a fitted network predicts: in chunks, by one compiled call, from any thread."""

import math
import threading
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
from sklearn.utils import gen_batches

from cnn_digits.images import pixel_dtype

# Pixel values that go through the network together: 2,048 images of MNIST's size. More
# is not faster and holds larger feature maps in memory.
_VALUES_PER_CALL = 2048 * 28 * 28


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
        self._image_shape = network.input_shape[1:]
        chunk = max(1, _VALUES_PER_CALL // math.prod(self._image_shape))
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
                    self._call = _compiled(self._network)
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
        batch = np.zeros((padded, *self._image_shape), dtype=dtype)
        batch[:n] = chunk
        return self._call(batch)[:n]


def _compiled(network):
    """A function from an ndarray of images to one of probabilities."""
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
        return network(images, training=False)

    # A version for each dtype, each for any number of rows: nothing is traced later.
    shape = (None, *network.input_shape[1:])
    versions = {
        dtype: call.get_concrete_function(tf.TensorSpec(shape, dtype))
        for dtype in (np.uint8, np.float32)
    }
    return lambda batch: versions[batch.dtype.type](tf.constant(batch)).numpy()
