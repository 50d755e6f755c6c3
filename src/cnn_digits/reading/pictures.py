"""Pictures as they come - paths, arrays, Pillow's images - one after the other as shades.

Files are opened when their turn comes, so that a folder of photos is never in memory as a whole.
"""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from cnn_digits.data.bounds import MAX_SIDE
from cnn_digits.data.picture_decoding import grey_of, grey_picture
from cnn_digits.files import check_regular, damage_named
from cnn_digits.framing.ink import grey, reduced

_EXPECTED = (
    "expected pictures: paths, Pillow's images, or arrays of shape (height, width) or (height, "
    "width, channels); a list of them, or one array of shape (n, height, width[, channels])"
)

# Digits on pictures of more pixels are large enough on a half or a third of the size.
_MAX_PIXELS = 2**24

# A colour picture has more columns than channels, a stack of narrow ones hardly so few.
_CHANNELS = (1, 3, 4)


@dataclass(frozen=True)
class Picture:
    """A picture that can be looked at when its turn comes.

    Parameters
    ----------
    name : str
        For messages: a path, or its place among the others.
    pixels : callable
        Makes an array of shape (h, w), or (h, w, c), uint8 or float32.
    """

    name: str
    pixels: Callable

    def shades(self):
        """What there is to see.

        Returns
        -------
        shades : ndarray of float32 or uint8, shape (h, w)
            Luminance, on white where it is transparent. Grey pictures of uint8 stay what they are:
            a page as float32 would be four times as large.
        factor : int
            How many pixels of the picture each side of one of these takes: more than 1 if it is
            huge.
        """
        pixels = self.pixels()
        factor = math.ceil(math.sqrt(max(1, pixels.shape[0] * pixels.shape[1] / _MAX_PIXELS)))
        factor = min(factor, *pixels.shape[:2])
        if factor == 1 and pixels.ndim == 2 and pixels.dtype == np.uint8:
            return pixels, factor
        stack = pixels[None] if pixels.ndim == 3 else pixels[None, :, :, None]
        dtype = stack.dtype
        small = reduced(stack, factor) if factor > 1 else stack.astype(np.float32)
        return grey(small, dtype)[0], factor


def pictures_of(X):
    """What an estimator was given, picture by picture.

    Parameters
    ----------
    X : path, array, one of Pillow's images, or several of them

    Returns
    -------
    pictures : list of Picture

    Raises
    ------
    TypeError, ValueError
        If something is no picture; it names which.
    FileNotFoundError, IsADirectoryError
        If there is no such file, or it is a folder.
    """
    items = _items(X)
    if not items:
        raise ValueError("There are no pictures; expected at least one.")
    return [_picture(item, f"pictures[{i}]") for i, item in enumerate(items)]


def _items(X):
    """Single pictures."""
    if isinstance(X, (str, os.PathLike, Image.Image)):
        return [X]
    if isinstance(X, tuple) and len(X) == 2 and isinstance(X[1], list) and _is_text(X[1]):
        raise TypeError("That is (images, names), as read_images returns; expected the images.")
    if hasattr(X, "columns"):
        raise TypeError(f"pictures is a table of {type(X).__name__}; {_EXPECTED}.")
    if isinstance(X, (list, tuple)) and not any(
        np.ndim(item) == 0 and _is_number(item) for item in X
    ):
        return list(X)
    array = np.asarray(X)
    if array.dtype.kind in "OUS" and array.ndim == 1:
        return array.tolist()
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] in _CHANNELS and array.shape[1] > 4):
        return [array]
    if array.ndim not in (3, 4):
        raise ValueError(f"pictures has shape {array.shape}; {_EXPECTED}.")
    return list(array)


def _is_text(names):
    return bool(names) and all(isinstance(name, str) for name in names)


def _is_number(item):
    return isinstance(item, (int, float, np.number))


def _picture(item, place):
    if isinstance(item, bytes):
        item = os.fsdecode(item)
    if isinstance(item, (str, os.PathLike)):
        return _of_file(os.fspath(item))
    if isinstance(item, Image.Image):
        return Picture(place, lambda: grey_of(item))
    array = _checked(item, place)
    return Picture(place, lambda: array)


def _of_file(path):
    if os.path.isdir(path):
        raise IsADirectoryError(
            f"{path} is a folder; expected pictures. sorted(pathlib.Path({path!r}).glob('*.jpg')) "
            "lists those in it."
        )
    os.stat(path)  # raises if there is none

    def pixels():
        with damage_named(path):
            check_regular(path)
            with open(path, "rb") as file:
                return grey_picture(file)

    return Picture(path, pixels)


def _checked(item, place):
    """An array of one picture."""
    array = np.asarray(item)
    if array.dtype.kind not in "buif":
        raise TypeError(f"{place} is {_shortened(item)}; {_EXPECTED}.")
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise ValueError(f"{place} has shape {array.shape}; {_EXPECTED}.")
    if array.ndim == 3 and array.shape[2] not in _CHANNELS:
        raise ValueError(
            f"{place} has shape {array.shape}: {array.shape[2]} channels; expected 1 (grey), 3 "
            "(red, green, blue) or 4 (opacity)."
        )
    if max(array.shape[:2]) > MAX_SIDE.default:
        raise ValueError(
            f"{place} has shape {array.shape}: expected pictures of {MAX_SIDE.default:,} pixels a "
            "side at most."
        )
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            array = array.astype(np.float32, copy=False)
        if not np.isfinite(array).all():
            row, column = np.argwhere(~np.isfinite(array))[0][:2]
            raise ValueError(
                f"{place} contains NaN or infinity, first in row {row}, column {column}; pixels "
                "must be finite numbers."
            )
    return array


def _shortened(item):
    text = repr(item)
    return text if len(text) <= 60 else f"{text[:60]} …"
