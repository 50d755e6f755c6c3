"""Which characters of a line make a number, by the gaps between them.

People space the digits of one number widely and unevenly, a height and a half apart at times. So
only what is far wider than the other gaps of the line, and than digits are high, parts numbers.
NumPy alone.
"""

from itertools import pairwise

import numpy as np

# A gap parts two numbers where it is so many times as wide as most others of its line; but never
# where it is narrower than the first, and always where it is wider than the second, in heights of
# a digit. Where there is no other gap, it is compared with one height.
_FAR, _NARROWEST, _WIDEST = 3, 2, 4

# Within a number that is written in groups, such as 12 345, the same of the space between them.
_APART, _SPACE, _WIDE_SPACE = 2.5, 0.6, 1.2


def numbers_of(lefts, rights, height):
    """Part the characters of a line into numbers.

    Parameters
    ----------
    lefts, rights : array-like of shape (n_characters,)
        Where each character begins and ends, from left to right.
    height : float
        Of a digit, in the same unit.

    Returns
    -------
    numbers : list of slice
        The characters of each number.
    """
    is_end = _gaps(lefts, rights) > _bounds(lefts, rights, height, _FAR, _NARROWEST, _WIDEST)
    places = [0, *(np.flatnonzero(is_end) + 1), len(lefts)]
    return [slice(int(a), int(b)) for a, b in pairwise(places) if a < b]


def spaces_in(lefts, rights, height):
    """Where the characters of a number are written in groups.

    Parameters
    ----------
    lefts, rights, height
        As in `numbers_of`, of one number.

    Returns
    -------
    places : list of int
        Before which characters there is a space.
    """
    is_space = _gaps(lefts, rights) > _bounds(lefts, rights, height, _APART, _SPACE, _WIDE_SPACE)
    return (np.flatnonzero(is_space) + 1).tolist()


def _gaps(lefts, rights):
    return np.asarray(lefts[1:], dtype=float) - np.asarray(rights[:-1], dtype=float)


def _bounds(lefts, rights, height, factor, lowest, highest):
    """How wide each gap of a line may be, by the others."""
    gaps = _gaps(lefts, rights)
    others = [np.delete(gaps, i) for i in range(len(gaps))]
    usual = np.array([np.median(some) if some.size else height for some in others])
    return np.clip(factor * usual, lowest * height, highest * height)
