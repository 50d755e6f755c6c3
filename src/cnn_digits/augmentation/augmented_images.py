"""Images that are distorted when they are asked for: what `Augment` hands on."""

from numbers import Integral

import numpy as np
from scipy.ndimage import map_coordinates
from sklearn.utils import _safe_indexing

from cnn_digits.augmentation.geometry import (
    N_DRAWS,
    elastic_field,
    inverse_transforms,
    sampling_points,
)
from cnn_digits.images import is_table, to_image_shape


class AugmentedImages:
    """Images with the recipe of their random distortion: what `Augment` hands on.

    An array-like with the shape and dtype of the originals, indexed on its first axis
    alone. Turned into an array (`np.asarray`), it gives distorted images: one random
    draw, seeded for each row by itself, so that it is the same at every conversion and
    the rows of a slice are rows of the whole.

    Parameters
    ----------
    augment : Augment
        Fitted.
    source : ndarray or table
        The originals as they were given.
    images : ndarray
        The originals, validated.
    seed : int
    rows : ndarray of int or None
        Which rows of the originals these are; None for all.
    """

    def __init__(self, augment, source, images, seed, rows=None):
        self.augment = augment
        self._source = source
        self._images = images
        self._seed = seed
        self._rows = np.arange(len(images)) if rows is None else rows
        self._all = rows is None

    @property
    def shape(self):
        """Shape of the images as an array."""
        return (len(self._rows), *self._images.shape[1:])

    @property
    def ndim(self):
        """Number of axes."""
        return self._images.ndim

    @property
    def dtype(self):
        """Dtype of the images, distorted or not."""
        return self._images.dtype

    def originals(self):
        """The images without distortion, a table if they were given as one."""
        if self._all:
            return self._source
        if is_table(self._source):
            return _safe_indexing(self._source, self._rows)
        return self._images[self._rows]

    def __len__(self):
        return len(self._rows)

    def __repr__(self):
        return f"AugmentedImages(shape={self.shape}, dtype={self.dtype}, {self.augment!r})"

    def __getitem__(self, key):
        rows = key[0] if isinstance(key, tuple) and key[1:] == (Ellipsis,) else key
        scalar = isinstance(rows, Integral) and not isinstance(rows, (bool, np.bool_))
        if not (scalar or isinstance(rows, slice)):
            rows = np.asarray(rows) if isinstance(rows, (list, np.ndarray)) else None
            if rows is None or rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iub"):
                raise TypeError(
                    "AugmentedImages is indexed on its first axis alone: by an integer, a slice, "
                    f"a mask or an array of integers, or (rows, ...); got {key!r}. For anything "
                    "else make an array of it first: np.asarray(X)."
                )
            if not rows.size and rows.dtype.kind == "f":
                rows = rows.astype(int)
        if scalar:
            return np.asarray(self._at(self._rows[[rows]]))[0]
        return self._at(self._rows[rows])

    def _at(self, rows):
        return AugmentedImages(self.augment, self._source, self._images, self._seed, rows)

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError(
                "AugmentedImages are drawn when asked for: there is no array to share."
            )
        image_shape = self.augment.image_shape_
        out = np.empty(self.shape, dtype=self.dtype)
        for i, row in enumerate(self._rows):
            image = to_image_shape(self._images[row : row + 1], image_shape)[0]
            distorted = self._distort(image, np.random.default_rng([self._seed, row]))
            if self.dtype.kind in "iub":
                # A weighted mean of pixels never leaves the range of its dtype.
                distorted = np.rint(distorted)
            out[i] = distorted.reshape(-1)[: out[i].size].reshape(out[i].shape)
        return out if dtype is None else out.astype(dtype, copy=False)

    def _distort(self, image, rng):
        augment, image_shape = self.augment, image.shape
        draws = rng.uniform(-1, 1, size=(1, N_DRAWS))
        y, x = sampling_points(inverse_transforms(draws, augment, image_shape), image_shape)
        if augment.elastic:
            noise = rng.standard_normal(size=(2, *image_shape[:2]))
            displacement = elastic_field(noise, augment, image_shape)
            y, x = y + displacement[0], x + displacement[1]
        channels = [
            map_coordinates(
                image[..., c].astype(np.float64),
                [y[0], x[0]],
                order=1,
                mode="grid-constant",
                cval=background,
            )
            for c, background in enumerate(augment.background_)
        ]
        return np.stack(channels, axis=-1)


def originals(X):
    """Images without distortion, whether or not `Augment` has handed them on."""
    return X.originals() if isinstance(X, AugmentedImages) else X
