"""FrameDigits: the transformer, and the check of the images that it is given."""

import math
import warnings
from numbers import Integral
from os import PathLike

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context, clone
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval

from cnn_digits.framing.frames import BOX, SIDE, examined
from cnn_digits.images import (
    ImageOutputMixin,
    check_images,
    infer_image_shape,
    to_image_shape,
)

# As in a JPEG. Framing takes memory for each pixel of the longer side, however narrow the other.
_MAX_SIDE = 2**16 - 1

# Smaller arrays are not asked whether they are one image. Of larger ones so many pairs of rows
# are compared.
_ONE_IMAGE, _PAIRS = 16, 256

# Rows of one image differ from the next by 0.1 to 0.6 of what their own pixels differ by, as far
# apart as the lines of flat rows would be. Flat rows: MNIST's by 2.6, sorted by label by 2.0,
# scikit-learn's digits of 8 × 8 by 1.3, sorted by 0.85, one writer's sixes by 0.6; noise by 1. So
# more is demanded where the rows can be square images.
_ALIKE, _ALIKE_OF_SQUARES = 0.7, 0.4

# Share of rows that equal the next one, above which an array is a drawing; a training set that has
# each image four times has 0.75.
_DRAWN = 0.9


class FrameDigits(ImageOutputMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Bring images of one digit each into the frame of MNIST's: what the network was shown.

    A network trained on MNIST has only seen white digits on black, scaled into a box of
    20 × 20 pixels and centred by their mass in 28 × 28 [1]_; other people's digits, merely
    resized, it reads wrong one time in five. This finds paper and ink, whichever is darker
    and however the light falls, leaves out lines and specks, makes hairlines thicker, and puts
    every digit into that frame. One that is framed already comes out unchanged.

    Stands first in a pipeline. Needs no `fit`, so that it can stand before a classifier that
    was loaded from a file.

    Read more in the user guide: :ref:`own_images`.

    Parameters
    ----------
    side : int, default=28
        Height and width of the frames, in pixels.

    box : int, default=20
        The longer side of the digit in it, in pixels; at most `side`.

    Attributes
    ----------
    image_shape_ : tuple of three ints or None
        Height, width and channels of the images in `fit`; None if they came as a list.

    n_features_in_ : int
        Values per image, if `fit` saw an array.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X was a DataFrame with string columns.

    See Also
    --------
    read_images : Read pictures into a list that this takes.
    Reshape : Goes before this where flat rows are no square grey images.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to
       document recognition", Proceedings of the IEEE 86(11), 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from cnn_digits import FrameDigits
    >>> paper = np.full((60, 90), 230, dtype=np.uint8)
    >>> paper[10:50, 70:75] = 40  # a one, far off the middle
    >>> frames = FrameDigits().fit_transform([paper])
    >>> frames.shape, frames.dtype
    ((1, 28, 28), dtype('uint8'))
    >>> frames[0, 14, 9:19]
    array([  0,   0,   7,  84, 255, 255,  84,   7,   0,   0], dtype=uint8)
    """

    _parameter_constraints = {
        "side": [Interval(Integral, 1, None, closed="left")],
        "box": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, side=SIDE, box=BOX):
        self.side = side
        self.box = box

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the images; nothing is learnt from them but the width of flat rows.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w), (n, h, w, 3) or (n, h, w, 4), or \
                list of ndarray of shape (h, w), (h, w, 3) or (h, w, 4), or of Pillow's images
            Images of any real dtype and any scale; a fourth channel is opacity. Those of a list
            may have different sizes.

        y : Ignored
            For API consistency.

        Returns
        -------
        self : FrameDigits

        Raises
        ------
        ValueError, TypeError
            If X is empty, not numeric or not finite, has images without pixels, or a list
            holds grey and colour images; if it is a single image; if `box` is larger than
            `side`.

        Warns
        -----
        UserWarning
            If flat rows are no square images: they are zero-padded.
        """
        if self.box > self.side:
            raise ValueError(f"box={self.box} is larger than side={self.side}.")
        self._stacks(X, reset=True)
        return self

    def transform(self, X):
        """Frame each image.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w), (n, h, w, 3) or (n, h, w, 4), or \
                list of ndarray of shape (h, w), (h, w, 3) or (h, w, 4), or of Pillow's images
            Flat rows must have the width of those in `fit`, if there was one; other images may
            have any size.

        Returns
        -------
        X_new : ndarray of uint8, shape (n, side, side)
            White on black, whatever the images were.

        Warns
        -----
        UserWarning
            If there is no ink on some images: their frames are empty. If what was taken for ink
            fills most of its box on some, as no digit does. If there seem to be several digits.
        """
        found = self.examine(X)
        _warn(found.is_empty, "No ink was found on", "their frames are empty.")
        _warn(
            found.is_filled,
            "What was taken for ink fills most of its box, as no digit does, on",
            "something else than a digit may be on them. Look at their frames.",
        )
        _warn(
            found.is_several,
            "Several digits seem to be on",
            "their frames hold the one in the middle, or some that touch. Expected one digit an "
            "image: cut them apart, or read numbers with NumberReader.",
        )
        return found.frames

    def examine(self, X):
        """Frame each image, and say what is wrong with it instead of warning.

        Parameters
        ----------
        X : array-like or list
            As in `transform`.

        Returns
        -------
        found : Bunch
            `frames`, as `transform` returns them, and three ndarray of bool, shape (n,):
            `is_empty`, where there is no ink; `is_filled`, where what was taken for ink fills most
            of its box, as no digit does; `is_several`, where there seem to be several digits, which
            is not asked of what is framed already.

        Examples
        --------
        >>> import numpy as np
        >>> from cnn_digits import FrameDigits
        >>> paper = np.full((60, 90), 230, dtype=np.uint8)
        >>> written = paper.copy()
        >>> written[10:50, 30:35] = written[10:50, 60:65] = 40  # eleven
        >>> found = FrameDigits().examine([paper, written])
        >>> found.is_empty, found.is_several
        (array([ True, False]), array([False,  True]))
        """
        if not hasattr(self, "image_shape_"):
            # Before a network that was loaded from a file there is nothing to fit on.
            return clone(self).fit(X).examine(X)
        found = examined(self._stacks(X, reset=False), self.side, self.box)
        return Bunch(**vars(found))

    def _stacks(self, X, *, reset):
        """Validate images; row numbers and images of shape (n, h, w, c), for each size."""
        if isinstance(X, tuple) and len(X) == 2 and isinstance(X[1], list) and _is_text(X[1]):
            raise TypeError("X is (images, names), as read_images returns; expected the images.")
        if _is_list_of_images(X):
            images = _check_list(X)
            if reset:
                self.image_shape_ = None
                for name in ("n_features_in_", "feature_names_in_"):
                    vars(self).pop(name, None)  # of an earlier fit
            return _by_size(images)
        if isinstance(X, (str, PathLike)):
            raise TypeError(f"X is {X!r}; expected images, such as cnn_digits.read_images returns.")
        if _is_pillow(X):
            raise TypeError("X is one of Pillow's images; expected several: [X].")
        if isinstance(X, (list, tuple)) and not X:
            raise ValueError("X is empty; expected at least one image.")
        shape = X.shape if hasattr(X, "shape") else np.asarray(X).shape
        if reset or self.image_shape_ is None or shape[1:] != (self.n_features_in_,):
            _check_several(X)
        if not reset and self.image_shape_ is None and len(shape) == 2:
            raise ValueError(
                "X has flat rows, but FrameDigits was fitted on a list of images, which says "
                "nothing of their width; expected (n, height, width) or a list."
            )
        images = check_images(self, X, reset=reset)
        if images.ndim > 2:
            images = _with_channels(images)
        if reset:
            self.image_shape_ = infer_image_shape(images)
        if images.ndim == 2:
            images = to_image_shape(images, self.image_shape_)
        return [(np.arange(len(images)), images)]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = []  # always uint8
        return tags


def _warn(mask, seen, so):
    """Warn of the images in a mask, if there are any."""
    found = np.flatnonzero(mask)
    if found.size:
        first = ", ".join(map(str, found[:5]))
        warnings.warn(
            f"{seen} {found.size} of {len(mask)} images, the first ones X[{first}]: {so}",
            UserWarning,
            stacklevel=3,
        )


def _is_text(names):
    return bool(names) and all(isinstance(name, str) for name in names)


def _is_list_of_images(X):
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 1
    return isinstance(X, (list, tuple)) and any(
        getattr(image, "ndim", 0) > 1 or _is_pillow(image) or isinstance(image, (str, PathLike))
        for image in X
    )


def _is_pillow(image):
    # By what only Pillow's images have: Pillow itself need not be there.
    return hasattr(image, "getbands") and hasattr(image, "has_transparency_data")


def _without_pillow(X):
    """A list in which Pillow's images are arrays: numbers as they are, others of as many bands."""
    modes = {i: _mode(image) for i, image in enumerate(X) if _is_pillow(image)}
    most = max(modes.values(), key=("", "L", "RGB", "RGBA").index, default="")
    return [np.asarray(image.convert(most) if modes.get(i) else image) for i, image in enumerate(X)]


def _mode(image):
    """What Pillow has to convert an image to, "" if its pixels are numbers of more bits."""
    if image.mode[0] in "IF":
        return ""
    if image.mode in ("1", "L"):
        return "L"
    # Of a palette the pixels are places, and of other modes hues or ink.
    return "RGBA" if image.has_transparency_data else "RGB"


def _check_list(X):
    """Arrays of shape (h, w, c), or an error that names the first image that is none."""
    images = []
    for i, image in enumerate(_without_pillow(X)):
        if image.dtype.kind not in "buif":
            raise TypeError(
                f"X[{i}] has dtype {image.dtype}; expected an image of numbers. "
                "cnn_digits.read_images reads pictures from files."
            )
        if image.ndim not in (2, 3) or 0 in image.shape:
            raise ValueError(
                f"X[{i}] has shape {image.shape}; expected an image: (height, width) or (height, "
                "width, channels), with pixels."
            )
        image = image[..., None] if image.ndim == 2 else image
        _check_channels(image.shape[2], f"X[{i}] has shape {image.shape}")
        _check_sides(image.shape[:2], f"X[{i}] has shape {image.shape}")
        if images and image.shape[2] != images[0].shape[2]:
            raise ValueError(
                f"X[{i}] has {image.shape[2]} channels, X[0] has {images[0].shape[2]}; expected "
                "the same of all images."
            )
        with np.errstate(over="ignore"):
            is_finite = np.isfinite(image.astype(np.float32)) if image.dtype.kind == "f" else True
        if not np.all(is_finite):
            row, column = np.argwhere(~is_finite)[0][:2]
            raise ValueError(
                f"X[{i}] contains NaN or infinity, first in row {row}, column {column}; pixels "
                "must be finite numbers."
            )
        images.append(image)
    return images


def _by_size(images):
    """Stacks of the images that have the same shape and dtype, each with their row numbers."""
    sizes = {}
    for i, image in enumerate(images):
        sizes.setdefault((image.shape, image.dtype), []).append(i)
    return [
        (
            np.array(rows),
            # A single photo is not copied.
            np.stack([images[i] for i in rows]) if len(rows) > 1 else images[rows[0]][None],
        )
        for rows in sizes.values()
    ]


def _with_channels(images):
    """An array of images as (n, h, w, c), refused if it is a single one."""
    if images.ndim == 3 and images.shape[2] in (3, 4) and images.shape[1] > 4:
        raise ValueError(
            f"X has shape {images.shape}, which looks like one colour image; expected "
            "several: (n, height, width, channels), or [X]."
        )
    channels = images.shape[3] if images.ndim == 4 else 1
    _check_channels(channels, f"X has shape {images.shape}")
    _check_sides(images.shape[1:3], f"X has shape {images.shape}")
    return images.reshape(*images.shape[:3], channels)


def _check_several(X):
    """Raise ValueError if what would be taken for flat rows is a single grey image."""
    if hasattr(X, "columns") or not hasattr(X, "__array_interface__"):
        return  # a table, or what is no array and no picture either
    image = np.asarray(X)
    if image.ndim == 2 and image.dtype.kind in "buif" and _is_one_image(image):
        raise ValueError(
            f"X has shape {image.shape}, which looks like one image, because each row is like "
            "the next; expected several: [X] or X[None]. If the rows are images, give them as "
            "(n, height, width)."
        )


def _is_one_image(image):
    """Whether each row is like the next: more than like others, and than flat rows are smooth."""
    height, width = image.shape
    if min(height, width) < _ONE_IMAGE:
        return False
    start = np.unique(np.linspace(0, height - height // 4 - 1, _PAIRS).astype(int))
    row, following, other = (
        image[start + apart].astype(np.float32) for apart in (0, 1, height // 4)
    )
    to_next, to_other = np.abs(row - following).mean(axis=1), np.abs(row - other).mean(axis=1)
    # Where flat rows have the pixel below.
    below = math.isqrt(width - 1) + 1
    to_below = np.abs(row[:, below:] - row[:, :-below]).mean(axis=1)
    # Copies tell nothing of that, neither of blank paper nor of an image in a training set; but
    # where nearly all are copies, lines are drawn.
    is_copy = to_next == 0
    alike = _ALIKE if below**2 != width else _ALIKE_OF_SQUARES
    is_drawn = is_copy.mean() > _DRAWN
    return bool(
        to_next.sum() < _ALIKE * to_other.sum()
        and (is_drawn or to_next[~is_copy].sum() < alike * to_below[~is_copy].sum())
    )


def _check_sides(sides, seen):
    if max(sides) > _MAX_SIDE:
        raise ValueError(f"{seen}: expected images of {_MAX_SIDE:,} pixels a side at most.")


def _check_channels(channels, seen):
    if channels not in (1, 3, 4):
        raise ValueError(
            f"{seen}: {channels} channels; expected 1 (grey), 3 (red, green, blue) or 4 (opacity)."
        )
