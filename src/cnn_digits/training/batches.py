"""Batches of images as a `tf.data.Dataset`: which images, in which order, from where."""

import math
import mmap

import keras
import numpy as np
import tensorflow as tf

from cnn_digits.images import pixel_dtype

# Arrays above this are read batch by batch where they lie instead of being copied.
_MAX_BYTES_IN_MEMORY = 2**30

# AutoGraph would write each function below into a temporary file, to find no Python loop in it.
_as_it_is = tf.autograph.experimental.do_not_convert


class Batches:
    """Batches of (images, one-hot targets, weights), or without weights if all are one.

    They are as even as can be: a last batch of a handful of images would upset the
    statistics of batch normalisation and weigh as much as a full one.

    Parameters
    ----------
    data : LabelledImages
    n_classes : int
    batch_size : int
        Images in a batch at most.
    label_smoothing : float, default=0
        Share of the target spread evenly over all classes.

    Attributes
    ----------
    n_steps : int
        Batches in an epoch.
    """

    def __init__(self, data, n_classes, batch_size, label_smoothing=0.0):
        self.n_steps = math.ceil(len(data) / batch_size)
        self._n_images = len(data)
        self._n_classes = n_classes
        self._label_smoothing = label_smoothing
        self._images = data.images
        self._dtype = pixel_dtype(data.images)
        with tf.device("CPU:0"):
            self._rows = tf.constant(data.rows, tf.int64)
            self._classes = tf.constant(data.classes, tf.int32)
            self._weights = None if data.weights is None else tf.constant(data.weights, tf.float32)
            self._in_memory = None
            if not read_where_it_lies(data.images):
                self._in_memory = tf.constant(data.images.astype(self._dtype, copy=False))

    def in_order(self):
        """One epoch, in the order of the rows."""
        with tf.device("CPU:0"):
            return _ready(self._epoch(self._rows))

    def shuffled(self, epochs, seed, first_epoch=0):
        """All epochs, each in an order of its own, drawn from the seed and its number.

        One dataset spans them, so that nothing is torn down between them.

        Parameters
        ----------
        epochs : int
        seed : int
        first_epoch : int or tf.Variable
            Number of the epoch that this begins with.
        """

        def epoch(number):
            seeds = [tf.constant(seed, tf.int64), first_epoch + number]
            return self._epoch(tf.random.experimental.stateless_shuffle(self._rows, seeds))

        with tf.device("CPU:0"):
            return _ready(tf.data.Dataset.range(epochs).flat_map(_as_it_is(epoch)))

    def _epoch(self, order):
        steps = tf.data.Dataset.range(self.n_steps)
        return steps.map(_as_it_is(lambda step: self._batch(order, step)))

    def _batch(self, order, step):
        n, n_steps = self._n_images, self.n_steps
        rows = order[step * n // n_steps : (step + 1) * n // n_steps]
        targets = tf.one_hot(tf.gather(self._classes, rows), self._n_classes)
        smoothing = self._label_smoothing
        targets = targets * (1 - smoothing) + smoothing / self._n_classes
        if self._weights is None:
            return self._pixels(rows), targets
        return self._pixels(rows), targets, tf.gather(self._weights, rows)

    def _pixels(self, rows):
        if self._in_memory is not None:
            return tf.gather(self._in_memory, rows)
        images = tf.numpy_function(self._read, [rows], self._dtype)
        images.set_shape((None, *self._images.shape[1:]))
        return images

    def _read(self, rows):
        # In ascending order, because neighbours share pages of the file.
        order = np.argsort(rows)
        out = np.empty((len(rows), *self._images.shape[1:]), self._dtype)
        out[order] = self._images[rows[order]]
        return out


def _ready(dataset):
    options = tf.data.Options()
    # Its thread sleeps for up to 40 s, and whoever drops the iterator waits for it.
    options.autotune.enabled = False
    return dataset.prefetch(2).with_options(options)


def read_where_it_lies(images):
    """Whether an array is too large to copy, or the pages of a file."""
    base = images
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, mmap.mmap) or images.nbytes > _MAX_BYTES_IN_MEMORY


class FirstEpoch(keras.callbacks.Callback):
    """Tell the batches which epoch training begins with: not 0 after a restore.

    Keras asks for the first batch only after the first epoch has begun.

    Attributes
    ----------
    number : tf.Variable
    """

    def __init__(self):
        super().__init__()
        with tf.device("CPU:0"):
            self.number = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._is_known = False

    def on_epoch_begin(self, epoch, logs=None):
        if not self._is_known:
            self.number.assign(epoch)
            self._is_known = True
