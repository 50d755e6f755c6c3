"""What counts as an array of images: its checks, its shapes, its pixels.

Shared by all that takes images, so that each accepts and refuses the same arrays with the
same words. NumPy alone, and for what is no array of numbers scikit-learn, which takes a second to
load.
"""

import math
import reprlib
import warnings
from numbers import Integral

import numpy as np

from cnn_digits.layouts import (
    EXPECTED,
    ask_for_one_picture,
    check_channels_last,
    check_several_pictures,
    frames_remedy,
    is_one_picture,
    suggestion,
)

# Values looked at together when an array is checked or measured: large enough for
# NumPy's speed, small enough that temporary copies don't show.
_VALUES_PER_BATCH = 4_000_000

# Rows that background and scale are estimated from: their error is far below that of
# any pixel, and the cost does not grow with the data.
_SAMPLE = 10_000


class ImageInputMixin:
    """For estimators that take images: three axes will do as well as two."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


class ImageOutputMixin(ImageInputMixin):
    """For transformers that return images, which no table can hold."""

    def set_output(self, *, transform=None):
        """Do nothing: images stay what they are, in every pipeline.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None
            Ignored.

        Returns
        -------
        self : estimator instance
        """
        return self


def check_images(estimator, X, *, reset):
    """Validate images for an estimator and keep its `n_features_in_` in step.

    Parameters
    ----------
    estimator : estimator instance
        Gets `n_features_in_` (values per image) and, for a DataFrame,
        `feature_names_in_` when `reset`; is compared with them otherwise.

    X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
        Real, finite numbers of any dtype. Not copied if it is an ndarray.

    reset : bool
        True in `fit`, False in every later call.

    Returns
    -------
    X : ndarray of the same shape

    Raises
    ------
    ValueError, TypeError
        If X is empty, sparse, ragged, complex, text, not finite, or of other
        dimensions than these, or does not have the values per image seen in `fit`.
    """
    name = type(estimator).__name__
    # What scikit-learn would find nothing to do to: looking for that takes it longer than
    # a network needs for an image.
    is_ready = type(X) is np.ndarray and X.dtype.kind in "buif" and 2 <= X.ndim <= 4
    if is_ready and 0 not in X.shape:
        images = X
    else:
        if isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1:
            X = list(X)  # of images, or what was no array of images because they differ
        if isinstance(X, (list, tuple)):
            _check_not_ragged(X)
        elif (
            not hasattr(X, "shape") and np.asarray(X).ndim == 0
        ):  # a generator, a data set of TensorFlow's, a path
            raise TypeError(
                f"X is {reprlib.repr(X)}, of {type(X).__name__}; {name} expects an array, a table "
                f"or a list of images: {EXPECTED}."
            )
        from sklearn.utils import check_array

        images = check_array(
            X, allow_nd=True, ensure_all_finite=False, estimator=estimator, input_name="X"
        )
        if images.dtype.kind not in "buif":
            raise TypeError(f"X has dtype {images.dtype}; {name} expects numbers.")
        if images.ndim > 4:
            raise ValueError(
                f"X has {images.ndim} dimensions, shape {images.shape}; {name} expects {EXPECTED}."
            )
        if 0 in images.shape:
            raise ValueError(
                f"X has images without pixels: shape {images.shape}; {name} expects {EXPECTED}."
            )
    check_finite(images)
    if not reset and images.ndim == 2:
        _check_n_features(estimator, images, has_names=is_table(X))
    has_names = not is_ready or hasattr(estimator, "feature_names_in_")
    if images.ndim == 2 and (reset or has_names):
        from sklearn.utils.validation import validate_data

        # The original X, because only a DataFrame has feature names.
        original = X if hasattr(X, "shape") else images
        validate_data(estimator, original, reset=reset, skip_check_array=True)
    elif reset:
        estimator.n_features_in_ = math.prod(images.shape[1:])
        if hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
    return images


def _check_n_features(estimator, rows, has_names):
    """Raise ValueError unless flat rows have as many values as those in fit."""
    expected = estimator.n_features_in_
    if is_one_picture(rows, expected):
        remedy = ask_for_one_picture()
    elif rows.shape[1] != expected and not (has_names and hasattr(estimator, "feature_names_in_")):
        remedy = frames_remedy(expected)
    else:
        return  # scikit-learn says which names are missing
    raise ValueError(
        f"X has {rows.shape[1]} features, but {type(estimator).__name__} is expecting {expected} "
        f"features as input.{remedy}"
    )


def _check_not_ragged(X):
    first = X[0] if len(X) else None
    for i, row in enumerate(X):
        # Of nested lists only the lengths are compared, because their shape takes as long to find
        # as they take to convert.
        n = 1 if isinstance(row, (list, tuple)) or isinstance(first, (list, tuple)) else None
        if _shape(row)[:n] != _shape(first)[:n]:
            raise ValueError(
                f"X is ragged: X[0] has {_size(first)}, X[{i}] has {_size(row)}; all images must "
                f"have the same shape, as in {EXPECTED}. FrameDigits takes pictures of any size."
            )


def _shape(row):
    return (len(row),) if isinstance(row, (list, tuple)) else np.shape(row)


def _size(row):
    return f"length {len(row)}" if isinstance(row, (list, tuple)) else f"shape {np.shape(row)}"


def check_finite(images):
    """Raise ValueError that names the first row with NaN or infinity, if there is one."""
    if images.dtype.kind != "f":
        return
    for rows in row_batches(images):
        batch = images[rows]
        # A sum is several times cheaper than a look at each value; it can only err on
        # the safe side, by overflow.
        with np.errstate(over="ignore", invalid="ignore"):
            total = batch.sum(dtype=np.float32)
        if np.isfinite(total):
            continue
        with np.errstate(over="ignore"):
            bad = ~np.isfinite(batch.astype(np.float32))
        if bad.any():
            where = tuple(int(i) for i in np.argwhere(bad)[0])
            value = batch[where]
            where = (rows.start + where[0], *where[1:])
            if np.isnan(value):
                seen = "NaN"
            elif np.isinf(value):
                seen = "infinity"
            else:
                seen = f"{value}, infinity in float32"
            raise ValueError(
                f"Input X contains {seen}: row {where[0]}, X[{', '.join(map(str, where))}]. "
                "Pixels must be finite numbers; find such rows with "
                "np.flatnonzero(~np.isfinite(X).reshape(len(X), -1).all(axis=1))."
            )


def is_table(X):
    """Whether images came as a table whose columns have names: of pandas, polars or pyarrow."""
    return hasattr(X, "columns") and hasattr(X, "shape")


def row_batches(images):
    """Slices of rows that together cover `images`, each of a bounded number of values."""
    n = max(1, _VALUES_PER_BATCH // math.prod(images.shape[1:]))
    return (slice(start, min(start + n, len(images))) for start in range(0, len(images), n))


def check_image_shape(image_shape):
    """Raise unless `image_shape` is None, (h, w) or (h, w, c) of positive integers."""
    if image_shape is None:
        return
    if (
        not isinstance(image_shape, (tuple, list))
        or len(image_shape) not in (2, 3)
        or not all(isinstance(side, Integral) and side > 0 for side in image_shape)
    ):
        raise ValueError(
            f"image_shape={image_shape!r}; expected None, (height, width) or (height, width, "
            "channels), all positive integers."
        )


def infer_image_shape(images, image_shape=None):
    """Height, width and channels of validated images.

    Parameters
    ----------
    images : ndarray of shape (n, features), (n, h, w) or (n, h, w, c)
    image_shape : None, (h, w) or (h, w, c)
        What the user says. None: 3-D and 4-D arrays say it themselves, flat images are
        taken as square and grey.

    Returns
    -------
    image_shape : tuple of three ints
        Of more pixels than there are features, with a warning, if flat images are no
        square: they are zero-padded to it.
    """
    check_image_shape(image_shape)
    if image_shape is not None:
        expected = (*map(int, image_shape), 1)[:3]
        seen = (*images.shape[1:], 1)[:3]
        if images.ndim == 2 and images.shape[1] != math.prod(expected):
            raise ValueError(
                f"X has {images.shape[1]} features, but image_shape={image_shape} takes "
                f"{' × '.join(map(str, image_shape))} = {math.prod(expected)}."
                f"{suggestion(images, expected)}"
            )
        if images.ndim > 2 and seen != expected:
            raise ValueError(
                f"X has images of shape {images.shape[1:]}, but image_shape={image_shape}."
                f"{suggestion(images, expected)}"
            )
        return expected
    if images.ndim > 2:
        check_channels_last(images)
        return (*images.shape[1:], 1)[:3]
    n_features = images.shape[1]
    side = math.isqrt(n_features - 1) + 1
    if side * side != n_features:
        label = (
            f" {n_features - 1} would be: was a label column left in?"
            if math.isqrt(n_features - 1) ** 2 == n_features - 1
            else " Was a label column left in?"
        )
        warnings.warn(
            f"X has {n_features} features, which is no square number: each row is padded with "
            f"{side * side - n_features} zeros to {side} × {side}.{label} For images that are "
            "not square or not grey set image_shape=(height, width) or (height, width, "
            "channels).",
            UserWarning,
            stacklevel=2,
        )
    return side, side, 1


def check_same_shape(estimator, images, image_shape):
    """Raise ValueError if 3-D or 4-D `images` are not of the fitted shape.

    Flat ones are compared by their number of features, in `check_images`.
    """
    if images.ndim > 2 and (*images.shape[1:], 1)[:3] != image_shape:
        raise ValueError(
            f"X has images of shape {images.shape[1:]}, but {type(estimator).__name__} is "
            f"expecting images of shape {image_shape}, as in fit.{suggestion(images, image_shape)}"
        )


def pictures_in_fit(estimator, X, image_shape=None, *, has_labels=True):
    """Images that an estimator is fitted on, validated, each in the shape of a picture.

    Parameters
    ----------
    estimator : estimator instance
        See `check_images`.
    X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
    image_shape : None, (h, w) or (h, w, c)
        See `infer_image_shape`.
    has_labels : bool
        Whether labels say that X is several images, even where its shape is that of one.

    Returns
    -------
    pictures : ndarray of shape (n, h, w, c)
        A view of X, a memmap's too, unless flat rows have to be padded.
    """
    check_image_shape(image_shape)
    images = check_images(estimator, X, reset=True)
    if image_shape is None and not has_labels:
        check_several_pictures(images)
    return to_image_shape(images, infer_image_shape(images, image_shape))


def pictures_as_in_fit(estimator, X, image_shape):
    """Images for an estimator that was fitted on pictures of this shape.

    Parameters
    ----------
    estimator : estimator instance
        See `check_images`.
    X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
    image_shape : (h, w, c)

    Returns
    -------
    pictures : ndarray of shape (n, h, w, c)
        See `pictures_in_fit`.
    """
    images = check_images(estimator, X, reset=False)
    check_same_shape(estimator, images, image_shape)
    return to_image_shape(images, image_shape)


def to_image_shape(images, image_shape):
    """View validated images as (n, h, w, c), zero-padding flat ones where they are short."""
    n_pixels = math.prod(image_shape)
    if images.ndim == 2 and images.shape[1] < n_pixels:
        images = np.pad(images, ((0, 0), (0, n_pixels - images.shape[1])))
    return images.reshape(len(images), *image_shape)


def pixel_dtype(images):
    """The dtype that pixels travel in: uint8 where that is exact, float32 elsewhere."""
    kind = images.dtype.kind
    if images.dtype == np.uint8 or kind == "b":
        return np.dtype(np.uint8)
    if kind in "iu" and all(
        images[rows].min() >= 0 and images[rows].max() <= 255 for rows in row_batches(images)
    ):
        return np.dtype(np.uint8)
    return np.dtype(np.float32)


def sample_rows(images):
    """At most 10,000 rows, evenly spaced: enough to learn a scale or a background from.

    Serves an array of images and an array of row numbers alike.
    """
    return images[:: -(-len(images) // _SAMPLE)]


def border_median(images):
    """Background of images of shape (n, h, w, c): the median of the border, per channel.

    Returns
    -------
    background : ndarray of shape (c,), float32
    """
    images = sample_rows(images)
    edges = [images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]]
    border = np.concatenate([edge.reshape(-1, images.shape[-1]) for edge in edges])
    return np.median(border, axis=0).astype(np.float32)
