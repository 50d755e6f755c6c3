"""Layouts that an array of images has by mistake: channels first, one picture for several.

Told from shapes alone. What may be meant is asked; nothing is turned round in silence.
"""

import math

import numpy as np

EXPECTED = "(n, features), (n, height, width) or (n, height, width, channels)"

# More channels than pictures have, and fewer pixels than a side of a digit has.
_MANY = 5

# How an array of an unexpected shape may be meant, and what makes the expected one of it.
_ONE_PICTURE = ("one picture", "X[None]", lambda X: X[None])
_READINGS = (
    _ONE_PICTURE,
    ("with channels first", "np.moveaxis(X, 1, -1)", lambda X: np.moveaxis(X, 1, -1)),
    (
        "one picture with channels first",
        "np.moveaxis(X, 0, -1)[None]",
        lambda X: np.moveaxis(X, 0, -1)[None],
    ),
)


# What `FrameDigits` makes of pictures of any size.
_FRAME = (28, 28, 1)


def suggestion(images, image_shape):
    """What to tell somebody whose array is not of images of that shape; "" if nothing makes it so.

    Parameters
    ----------
    images : ndarray
    image_shape : (h, w, c)
    """
    for reading in _READINGS:
        read = reading[2](images)
        if read.ndim in (3, 4) and (*read.shape[1:], 1)[:3] == image_shape:
            return _question(reading)
    return frames_remedy(math.prod(image_shape)) if image_shape == _FRAME else ""


def is_one_picture(rows, n_features):
    """Whether flat rows of another length than expected are together a single image."""
    return rows.shape[1] != n_features and rows.size == n_features


def ask_for_one_picture():
    """What to ask somebody whose array of images is a single one."""
    return _question(_ONE_PICTURE)


def frames_remedy(n_features):
    """What makes images of so many values of pictures of another size; "" if nothing does."""
    if n_features != math.prod(_FRAME):
        return ""
    return (
        " FrameDigits makes frames of 28 × 28 of pictures of any size: put it first, as in "
        "make_pipeline(FrameDigits(), clf)."
    )


def _question(reading):
    what, how, _ = reading
    return f" Is X {what}? Then pass {how}."


def check_channels_last(images):
    """Raise ValueError if an array of shape (n, h, w, c) is rather (n, c, h, w)."""
    if images.ndim != 4:
        return
    channels, height, width = images.shape[1:]
    if channels < min(_MANY, width) and (width >= _MANY or height == width):
        raise ValueError(
            f"X has shape {images.shape}, which looks like {channels} × {height} × {width} with "
            "channels first; expected (n, height, width, channels): pass np.moveaxis(X, 1, -1). "
            f"For images of {channels} × {height} pixels with {width} channels set image_shape="
            f"{images.shape[1:]}."
        )


def check_several_pictures(images):
    """Raise ValueError if an array without labels is rather a single picture.

    Flat rows tell where they would make a picture but no square ones; a picture with
    channels, where each of the images would be as narrow as there are channels.
    """
    n, side, *channels = images.shape
    if images.ndim == 4 or min(n, side) < _MANY:
        return
    is_one = channels[0] in (1, 3, 4) if channels else n == side != math.isqrt(side) ** 2
    if is_one:
        each = " × ".join(map(str, images.shape[1:]))
        raise ValueError(
            f"X has shape {images.shape}, which looks like one picture; expected several, "
            f"{EXPECTED}: pass X[None]. For {n} images of {each} values each set image_shape, or "
            "pass their labels as y."
        )


def check_one_label_each(images, y):
    """Raise ValueError unless there are as many labels as images.

    Parameters
    ----------
    images : ndarray
    y : ndarray
    """
    from sklearn.utils import check_consistent_length

    try:
        check_consistent_length(images, y)
    except ValueError as error:
        if len(y) != 1:
            raise
        raise ValueError(f"{error}.{ask_for_one_picture()}") from None
