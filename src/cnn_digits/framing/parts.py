"""Parts: the marks of ink on an image, and which of them are the digit.

Finding and measuring the marks is one thing, `find_parts`; to decide what they belong to is
another, and goes by those measures alone.
"""

import numpy as np

from cnn_digits.framing.ink import connected

# Parts of a digit have ink of this share of its full strength somewhere.
_STRONG = 0.4

# What is known of a part: its image, its first row and column and those after its last ones,
# the sum of its ink, and whether that is too faint everywhere to be a stroke.
_MEASURES = [("image", np.intp), ("box", np.intp, 4), ("mass", np.float64), ("is_faint", bool)]


def find_parts(ink):
    """Find all marks, and measure them.

    Parameters
    ----------
    ink : ndarray of float32, shape (n, h, w)

    Returns
    -------
    labels : ndarray of int, shape (n, h, w)
        Which part each pixel is of, from 1; 0 where there is no ink.
    parts : structured ndarray of shape (n_parts,)
        `image`, `box`, `mass` and `is_faint` of each part, image by image.
    """
    labels, places = connected(ink > 0)
    mass = np.bincount(labels.ravel(), ink.ravel())[1:]
    is_faint = np.bincount(labels.ravel(), ink.ravel() >= _STRONG)[1:] == 0
    parts = [
        (image.start, (rows.start, columns.start, rows.stop, columns.stop), *measured)
        for (image, rows, columns), *measured in zip(places, mass, is_faint, strict=True)
    ]
    return labels, np.array(parts, dtype=_MEASURES)


def without_dirt(ink):
    """Leave out what is no part of the digit: specks, edges of the sheet, other strokes.

    Parameters
    ----------
    ink : ndarray of float32, shape (n, h, w)

    Returns
    -------
    ink : ndarray of float32, shape (n, h, w)
    """
    labels, parts = find_parts(ink)
    keep = np.ones(len(parts) + 1, dtype=bool)
    first = np.searchsorted(parts["image"], np.arange(len(ink) + 1))
    for i in np.flatnonzero(np.diff(first) > 1):
        rows = slice(first[i], first[i + 1])
        keep[1:][rows] = _is_digit(parts[rows], ink.shape[1:])
    return ink * keep[labels]


def _is_digit(parts, shape):
    """Which parts of an image are the digit.

    The heaviest one is, and what is near to it and not too light: the bar of a 5, pieces of a
    faint stroke.
    """
    mass, starts, stops = parts["mass"], parts["box"][:, :2], parts["box"][:, 2:]
    edges = (starts == 0).sum(axis=1) + (stops == shape).sum(axis=1)
    # What touches the edge is often something else that the picture cuts off.
    main = np.argmax(mass * np.array([1, 0.6, 0.3, 0.3, 0.3])[edges])
    is_digit = np.zeros(len(parts), dtype=bool)
    is_digit[main] = True
    size = (stops[main] - starts[main]).max()
    candidate = (mass >= 0.01 * mass[main]) & ~parts["is_faint"]
    candidate &= (edges == 0) | (mass >= 0.1 * mass[main])
    reach = np.where(mass > 0.2 * mass[main], 0.4, 0.15) * size
    new = [main]
    while len(new):
        apart = np.maximum(starts[:, None] - stops[None, new], starts[None, new] - stops[:, None])
        gap = apart.max(axis=2).min(axis=1)
        joins = candidate & ~is_digit & (gap <= reach)
        is_digit |= joins
        new = np.flatnonzero(joins)
    return is_digit
