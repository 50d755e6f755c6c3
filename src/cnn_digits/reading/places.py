"""Where on a strip each character is: from where the network says it is to a box around its ink.

NumPy and SciPy alone.
"""

from itertools import pairwise

import numpy as np
from scipy import ndimage

from cnn_digits.reading.strips import STRIP_HEIGHT

# What is ink on a strip, and what is a speck, in pixels.
_INK, _SPECK = 90, 3

# Lengths in pixels of the strip, by its height. Longer runs along a row are lines of the paper, not
# strokes.
_RULED = round(0.8 * STRIP_HEIGHT)

# How far ink is from where a character stands that belongs to it, and from other ink of it, where
# nothing else is nearer.
_NEAR, _BESIDE = round(0.12 * STRIP_HEIGHT), round(0.18 * STRIP_HEIGHT)

# A network may name each character where it begins, or ends: off by so many columns at most. What
# is named is taken to be so wide; each column off costs so much of its ink.
_OFF, _WIDTH, _COST = round(0.45 * STRIP_HEIGHT), round(0.4 * STRIP_HEIGHT), 0.02

# Half the width of a character of which no ink is found.
_HALF = round(0.2 * STRIP_HEIGHT)

# Of its ink what a mark has at least between the cuts around a character that it belongs to.
_MOST = 0.85

# What touches a pixel: the eight around it.
_NEIGHBOURS = np.ones((3, 3), dtype=bool)


def boxes_on(pixels, columns):
    """A box around the ink of each character.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w)
        A strip, ink high.
    columns : array-like of float, shape (n,)
        Where each character stands, from left to right.

    Returns
    -------
    boxes : ndarray of int, shape (n, 4)
        First column and row, and those behind the last.
    """
    if not len(columns):
        return np.zeros((0, 4), dtype=int)
    ink = _without_ruling(pixels > _INK)
    columns = _on_ink(ink, np.rint(columns).astype(int))
    owner = np.searchsorted(_cuts(pixels, columns), np.arange(ink.shape[1]), side="right")
    labels, n_marks = ndimage.label(ink, structure=_NEIGHBOURS)
    rows, places = np.nonzero(labels)
    marks = labels[rows, places]
    # How much of each mark is between the cuts around each character.
    shares = np.zeros((n_marks + 1, len(columns)))
    np.add.at(shares, (marks, owner[places]), 1)
    sizes = shares.sum(axis=1, keepdims=True)
    is_whole = shares.max(axis=1) >= _MOST * sizes[:, 0]
    owners = np.where(is_whole[marks], shares.argmax(axis=1)[marks], owner[places])
    is_mark = sizes[marks, 0] >= _SPECK
    return np.array(
        [
            _box(rows[mine], places[mine], marks[mine], column, len(pixels))
            for i, column in enumerate(columns)
            for mine in [is_mark & (owners == i)]
        ]
    ).reshape(-1, 4)


def _without_ruling(ink):
    lines = ndimage.binary_opening(ink, np.ones((1, _RULED), dtype=bool))
    return ink & ~lines


def _on_ink(ink, columns):
    """Columns shifted, all alike, to where there is most ink around them."""
    n_columns = ink.shape[1]
    amount = ndimage.uniform_filter1d(ink.sum(axis=0, dtype=float), _WIDTH, mode="constant")
    shifts = np.arange(-_OFF, _OFF + 1)
    places = np.clip(columns + shifts[:, None], 0, n_columns - 1)
    found = amount[places].mean(axis=1) * (1 - _COST * np.abs(shifts))
    return places[found.argmax()]


def _cuts(pixels, columns):
    """The column between each character and the next that has the least ink, near the middle."""
    profile = pixels.sum(axis=0, dtype=float) / 255
    cuts = []
    for left, right in pairwise(columns):
        between = np.arange(left + 1, max(right, left + 2))
        between = between[between < len(profile)]
        off_middle = np.abs(between - (left + right) / 2)
        cuts.append(
            between[(profile[between] + 0.1 * off_middle).argmin()] if len(between) else right
        )
    return np.array(cuts, dtype=int)


def _box(rows, places, marks, column, height):
    """The box of one character, of the ink between its cuts."""
    if not rows.size:
        return column - _HALF, 0, column + _HALF, height
    begins, ends = _extents(places, marks)
    away = np.maximum(begins - column, column - ends).clip(0)
    is_its = away <= max(_NEAR, away.min())
    # Ink beside what it has already, such as the bar of a five.
    first, last = begins[is_its].min(), ends[is_its].max()
    is_its |= (begins <= last + _BESIDE) & (ends >= first - _BESIDE)
    mine = is_its[np.unique(marks, return_inverse=True)[1]]
    rows, places = rows[mine], places[mine]
    return places.min(), rows.min(), places.max() + 1, rows.max() + 1


def _extents(places, marks):
    """First and last column of each mark, in the order of their numbers."""
    numbers = np.unique(marks)
    return ndimage.minimum(places, marks, numbers), ndimage.maximum(places, marks, numbers)
