"""Marks: what touches each other on a mask of ink, found and measured.

What they mean together is asked elsewhere.
"""

import numpy as np
from scipy import ndimage

# What is known of a mark: first row and column and those after the last ones, how many pixels it
# has, the sum of their ink, and whether it is no stroke.
_MEASURES = np.dtype(
    [
        ("top", np.intp),
        ("left", np.intp),
        ("bottom", np.intp),
        ("right", np.intp),
        ("area", np.intp),
        ("mass", np.float64),
        ("is_stain", bool),
    ]
)


def find_marks(ink, smallest=1):
    """Find what touches each other, across corners too.

    Parameters
    ----------
    ink : ndarray of float32, shape (h, w)
    smallest : int, default=1
        Marks of fewer pixels are left out.

    Returns
    -------
    labels : ndarray of int, shape (h, w)
        Which mark each pixel is of, from 1; 0 where there is none.
    marks : structured ndarray of shape (n,)
        `top`, `left`, `bottom`, `right`, `area`, `mass` and `is_stain` (none is) of each.
    """
    labels, _ = ndimage.label(ink > 0, structure=np.ones((3, 3), dtype=bool))
    area = np.bincount(labels.ravel())
    area[0] = 0
    is_large = area >= max(smallest, 1)
    if not is_large[1:].all():
        labels = (np.cumsum(is_large) * is_large)[labels]
    places = ndimage.find_objects(labels)
    marks = np.zeros(len(places), dtype=_MEASURES)
    boxes = [(rows.start, columns.start, rows.stop, columns.stop) for rows, columns in places]
    for name, values in zip(_MEASURES.names, np.transpose(boxes), strict=False):
        marks[name] = values
    marks["area"] = area[is_large]
    at = np.flatnonzero(labels)
    number = labels.ravel()[at]
    marks["mass"] = np.bincount(number, ink.ravel()[at], len(places) + 1)[1:]
    return labels, marks


def heights(marks):
    """Rows of each mark."""
    return marks["bottom"] - marks["top"]


def widths(marks):
    """Columns of each mark."""
    return marks["right"] - marks["left"]


def place_of(mark):
    """The rows and columns of a mark, as slices."""
    return slice(mark["top"], mark["bottom"]), slice(mark["left"], mark["right"])
