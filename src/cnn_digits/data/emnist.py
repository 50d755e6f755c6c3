"""EMNIST: its images lie on their sides in its files, and its files are known by their names."""

import re
from pathlib import Path

import numpy as np

# The splits that it is published in.
SPLITS = ("balanced", "byclass", "bymerge", "digits", "letters", "mnist")

_NAME = re.compile(rf"emnist[-_.]({'|'.join(SPLITS)})[-_.](train|test)", re.IGNORECASE)


def upright(images, *paths):
    """Images as they are meant, if the name of one of these files is EMNIST's.

    EMNIST's files, by NIST and as tables, hold each image with rows and columns exchanged.

    Parameters
    ----------
    images : ndarray of shape (n, h, w), or (n, features) of square images
    *paths : str, path-like, int or None
        Files that they are from.
    """
    names = [Path(path).name for path in paths if path is not None and not isinstance(path, int)]
    if not any(map(_NAME.search, names)):
        return images
    n, *shape = images.shape
    if len(shape) == 1:
        side = round(shape[0] ** 0.5)
        if side * side != shape[0]:
            return images
        images = images.reshape(n, side, side)
    return np.ascontiguousarray(images.swapaxes(1, 2)).reshape(n, *shape)
