"""Marks: what touches each other on a mask of ink, measured; rules and frames taken out before.

What they mean together is asked in `lines` and `fields`.
"""

import numpy as np
from scipy import ndimage


# What is known of a mark: its box, first row and column and those after the last ones, how many
# pixels it has, and the sum of what they weigh.
MEASURES = np.dtype(
    [
        ("top", np.intp),
        ("left", np.intp),
        ("bottom", np.intp),
        ("right", np.intp),
        ("area", np.intp),
        ("mass", np.float64),
    ]
)


def find_marks(ink, smallest=1):
    """Find what touches each other.

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
        As `MEASURES` says.
    """
    labels, _ = ndimage.label(ink > 0, structure=np.ones((3, 3), dtype=bool))
    area = np.bincount(labels.ravel())
    area[0] = 0
    is_large = area >= smallest
    is_large[0] = False
    if not is_large[1:].all():
        labels = (np.cumsum(is_large) * is_large)[labels]
    at = np.flatnonzero(labels)
    number = labels.ravel()[at]
    places = ndimage.find_objects(labels)
    marks = np.empty(len(places), dtype=MEASURES)
    boxes = [(r.start, c.start, r.stop, c.stop) for r, c in places] or np.empty((0, 4), int)
    for name, values in zip(MEASURES.names, np.transpose(boxes), strict=False):
        marks[name] = values
    marks["area"] = area[is_large]
    marks["mass"] = np.bincount(number, ink.ravel()[at], len(places) + 1)[1:]
    return labels, marks
