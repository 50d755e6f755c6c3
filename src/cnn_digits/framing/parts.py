"""Parts: the marks of ink on an image, and which of them are the digit.

Finding and measuring the marks is one thing, `find_parts`; to decide what they belong to is
another, and goes by those measures alone.
"""

import numpy as np

from cnn_digits.framing.ink import connected

# Parts of a digit have ink of this share of its full strength somewhere.
_STRONG = 0.4

# Ink counts in full in the middle of an image, and less the nearer it is to an edge, from this
# share of the side on; at the edge itself it counts so much.
_MIDDLE, _AT_EDGE = 0.25, 0.15

# As much ink and as high, in comparison with the digit, as another digit is at least.
_AS_HEAVY, _AS_TALL = 0.2, 0.5

# What reaches beyond the digit by this share of its size, with no more of its ink counting, is
# something else at the edges.
_BEYOND, _NEAR_EDGE = 0.15, 0.6

# What is round another part is so much of its own size away from it on each side, and the other is
# as high as this share of it.
_CLEARANCE, _NO_DOT = 0.1, 0.25

# What touches an edge is a line where it is narrower than this share of its length, or longer
# than this share of the image.
_THIN, _LONG = 0.2, 0.7

# What is known of a part: its image, its first row and column and those after its last ones,
# the sum of its ink, that sum with ink near the edges counted less, and whether it is too faint
# everywhere to be a stroke.
_MEASURES = [
    ("image", np.intp),
    ("box", np.intp, 4),
    ("mass", np.float64),
    ("weight", np.float64),
    ("is_faint", bool),
]


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
        `image`, `box`, `mass`, `weight` and `is_faint` of each part, image by image.
    """
    labels, places = connected(ink > 0)
    parts = np.empty(len(places), dtype=_MEASURES)
    parts["image"] = [image.start for image, _, _ in places]
    parts["box"] = [(r.start, c.start, r.stop, c.stop) for _, r, c in places] or np.empty((0, 4))
    at = np.flatnonzero(labels)
    number, amount = labels.ravel()[at], ink.ravel()[at]
    nearness = np.multiply.outer(*(_nearness(side) for side in ink.shape[1:])).ravel()
    weight = amount * nearness[at % nearness.size]
    n_bins = len(places) + 1
    parts["mass"] = np.bincount(number, amount, n_bins)[1:]
    parts["weight"] = np.bincount(number, weight, n_bins)[1:]
    parts["is_faint"] = np.bincount(number[amount >= _STRONG], minlength=n_bins)[1:] == 0
    return labels, parts


def _nearness(side):
    """How much ink counts in each row or column of so many."""
    from_edge = np.minimum(np.arange(side) + 0.5, np.arange(side)[::-1] + 0.5) / side
    return np.clip(from_edge / _MIDDLE, _AT_EDGE, 1)


def find_digit(ink):
    """Leave out what is no part of the digit: specks, lines, edges of the sheet, other digits.

    Parameters
    ----------
    ink : ndarray of float32, shape (n, h, w)

    Returns
    -------
    ink : ndarray of float32, shape (n, h, w)
        Of the digit in the middle alone.
    has_others : ndarray of bool, shape (n,)
        Whether what was left out may be digits as well.
    """
    labels, parts = find_parts(ink)
    keep = np.ones(len(parts) + 1, dtype=bool)
    has_others = np.zeros(len(ink), dtype=bool)
    first = np.searchsorted(parts["image"], np.arange(len(ink) + 1))
    for i in np.flatnonzero(np.diff(first) > 1):
        rows = slice(first[i], first[i + 1])
        keep[1:][rows], is_other = _told_apart(parts[rows], ink.shape[1:])
        has_others[i] = is_other.any()
    return ink * keep[labels], has_others


def _told_apart(parts, shape):
    """Which parts of an image are the digit, and which may be others; two of shape (n_parts,).

    The digit is the heaviest part near the middle, and what is near to it and not too light: the
    bar of a 5, pieces of a faint stroke.
    """
    starts, stops = parts["box"][:, :2], parts["box"][:, 2:]
    is_stroke = ~parts["is_faint"] & ~_is_around(parts)
    main = np.argmax(parts["weight"] * np.where(is_stroke, 1, 1e-6))
    is_at_edge = (starts == 0) | (stops == shape)
    mass = parts["mass"] / parts["mass"][main]
    candidate = is_stroke & (mass >= np.where(is_at_edge.any(axis=1), 0.1, 0.01))
    is_digit = _joined(parts, main, candidate & ~_is_beyond(parts, main))
    height, width = (stops - starts).T
    is_line = np.minimum(height, width) < _THIN * np.maximum(height, width)
    is_line |= ((stops - starts) > _LONG * np.array(shape)).any(axis=1)
    is_other = is_stroke & ~is_digit & ~(is_line & is_at_edge.any(axis=1))
    is_other &= (mass >= _AS_HEAVY) & (height >= _AS_TALL * height[main])
    # What the picture cuts off at its sides is a neighbour, where the digit itself is not cut off.
    is_other &= ~is_at_edge[:, 1] | is_at_edge[main, 1]
    return is_digit, is_other


def _joined(parts, main, candidate):
    """Which parts are the digit: the main one, and candidates near to it or to one that is."""
    starts, stops = parts["box"][:, :2], parts["box"][:, 2:]
    size = (stops[main] - starts[main]).max()
    reach = np.where(parts["mass"] > 0.2 * parts["mass"][main], 0.4, 0.15) * size
    is_digit = np.arange(len(parts)) == main
    new = [main]
    while len(new):
        apart = np.maximum(starts[:, None] - stops[None, new], starts[None, new] - stops[:, None])
        gap = apart.max(axis=2).min(axis=1)
        joins = candidate & ~is_digit & (gap <= reach)
        is_digit |= joins
        new = np.flatnonzero(joins)
    return is_digit


def _is_around(parts):
    """Which parts are a box or a ring round another one: no dot, nor their own inner edge."""
    starts, stops = parts["box"][:, :2], parts["box"][:, 2:]
    size = stops - starts
    inner, outer = starts + _CLEARANCE * size, stops - _CLEARANCE * size
    holds = (inner[:, None] < starts) & (outer[:, None] > stops)
    is_large = size[:, 0] >= _NO_DOT * size[:, None, 0]
    return (holds.all(axis=2) & is_large).any(axis=1)


def _is_beyond(parts, main):
    """Which parts reach beyond the main one and are near the edges: lines, bits of a box."""
    starts, stops = parts["box"][:, :2], parts["box"][:, 2:]
    margin = _BEYOND * (stops[main] - starts[main]).max()
    reaches = (starts < starts[main] - margin) | (stops > stops[main] + margin)
    return reaches.any(axis=1) & (parts["weight"] < _NEAR_EDGE * parts["mass"])
