"""Which marks stand in a line: side by side, alike in height, level or at one slope.

A line is measured along its slope: as high as its writing, where it is in the middle of its width.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cnn_digits.reading.marks import heights, widths

# Marks are of one line where they overlap by this share of the lower one, which is as high as that
# share of the other, and are no farther apart than so many heights.
_OVERLAP, _ALIKE, _APART = 0.5, 0.45, 6

# What is lower than this share of the writing on a page is none, unless so many stand in a line
# that are as high as the other share.
_LOW, _SEVERAL, _LOWEST = 0.3, 3, 0.1

# More marks are not compared with each other: the highest are taken.
_MOST = 2500

# Pieces of one stroke are so near to each other above each other, as a share of the writing's
# height, and together no higher than that share.
_NEAR, _TOGETHER = 0.15, 1.25

# tan of the steepest slope that is followed; so many heights of a line weigh as much as the page.
_STEEPEST, _OWN = 0.15, 3

# What is beside a line within so many heights is a dot or a dash of it, unless it has no more than
# this share of the ink of a digit.
_BESIDE, _SPECK = 1, 0.02


class Line(NamedTuple):
    """A line of marks: `top` and `height` hold in the middle of its width, along its slope."""

    left: float
    top: float
    width: float
    height: float
    slope: float


def lines_of(marks):
    """Put marks into lines.

    Parameters
    ----------
    marks : structured ndarray of shape (n,)
        As of `find_marks`; those whose `is_stain` is set make no line of their own.

    Returns
    -------
    lines : list of Line
        From top to bottom.
    """
    if marks["is_stain"].all():
        return []
    marks = marks[np.argsort(-heights(marks), kind="stable")][:_MOST]
    size = _size(heights(marks)[~marks["is_stain"]])
    marks = _joined(marks, size)
    may_be_digit = heights(marks) >= max(_LOWEST * size, 6)
    digits = marks[may_be_digit]
    slope = _slope_of_page(digits)
    _, which = connected_components(_linked(digits, slope), directed=False)
    is_small = ~may_be_digit
    groups = []
    for number in range(which.max(initial=-1) + 1):
        of = which == number
        if _is_line(digits[of], size):
            groups.append(digits[of])
        else:
            is_small[np.flatnonzero(may_be_digit)[of]] = True
    lines = [line_of(group, marks[is_small], slope) for group in groups]
    return sorted(_outermost(lines), key=lambda line: line.top)


def line_of(digits, small, slope):
    """Measure a line.

    Parameters
    ----------
    digits, small : structured ndarrays of shape (n,)
        Its digits, and marks that may be dots, commas and dashes beside them.
    slope : float
        Of the lines around it.
    """
    slope = _own_slope(digits, slope)
    top, bottom = _levelled(digits, slope)
    height = bottom.max() - top.min()
    middle = (small["top"] + small["bottom"]) / 2 - slope * (small["left"] + small["right"]) / 2
    is_inside = (middle > top.min() - 0.1 * height) & (middle < bottom.max() + 0.15 * height)
    is_inside &= small["mass"] > _SPECK * np.median(digits["mass"])
    is_inside &= heights(small) < 0.5 * height
    is_inside &= widths(small) < 1.2 * height
    left, right = digits["left"].min(), digits["right"].max()
    left, right = _extended(left, right, small[is_inside], _BESIDE * height)
    centre = slope * (left + right) / 2
    return Line(float(left), float(top.min() + centre), float(right - left), float(height), slope)


def _size(height):
    """How high most of the writing is."""
    falling = np.sort(height)[::-1]
    total = np.cumsum(falling)
    return falling[np.searchsorted(total, total[-1] / 2)]


def _levelled(marks, slope):
    """First and last rows of marks where the slope is taken away."""
    shift = slope * (marks["left"] + marks["right"]) / 2
    return marks["top"] - shift, marks["bottom"] - shift


def _apart(marks):
    """Columns and rows between each two marks; below 0 where they overlap."""
    return (
        np.maximum(marks[start][:, None], marks[start])
        - np.minimum(marks[stop][:, None], marks[stop])
        for start, stop in (("left", "right"), ("top", "bottom"))
    )


def _low_and_high(height):
    """The lower and the higher one of each two marks."""
    return np.minimum(height[:, None], height), np.maximum(height[:, None], height)


def _joined(marks, size):
    """Pieces of a broken stroke as one mark."""
    columns, rows = _apart(marks)
    low, high = _low_and_high(heights(marks))
    together = np.maximum(marks["bottom"][:, None], marks["bottom"]) - np.minimum(
        marks["top"][:, None], marks["top"]
    )
    near = (columns <= 0) & (rows <= _NEAR * size) & (low < 0.7 * size)
    near &= together <= np.maximum(_TOGETHER * size, 1.1 * high)
    n_groups, which = connected_components(coo_array(near), directed=False)
    if n_groups == len(marks):
        return marks
    order = np.argsort(which, kind="stable")
    first = np.searchsorted(which[order], np.arange(n_groups))
    joined = np.empty(n_groups, dtype=marks.dtype)
    for name in marks.dtype.names:
        # Together they are a stain if all of them are.
        how = {"top": np.minimum, "left": np.minimum, "bottom": np.maximum, "right": np.maximum}
        how |= {"is_stain": np.logical_and}
        joined[name] = how.get(name, np.add).reduceat(marks[name][order], first)
    return joined


def _linked(marks, slope):
    """Which marks stand beside each other in a line; sparse, shape (n, n)."""
    top, bottom = _levelled(marks, slope)
    low, high = _low_and_high(bottom - top)
    overlap = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    columns, _ = _apart(marks)
    linked = (overlap >= _OVERLAP * low) & (low >= _ALIKE * high) & (columns <= _APART * high)
    return coo_array(linked)


def _is_line(digits, size):
    """Whether a group of marks is a line of digits."""
    strokes = digits[~digits["is_stain"]]
    if not len(strokes):
        return False
    return heights(strokes).max() >= _LOW * size or len(strokes) >= _SEVERAL


def _slope_of_page(marks):
    """Rows down for one column to the right, of most of what stands beside each other."""
    across, down = (
        (ends - ends[:, None]) / 2
        for ends in (marks["left"] + marks["right"], marks["top"] + marks["bottom"])
    )
    low, high = _low_and_high(heights(marks))
    near = (across > 0.3 * high) & (across < 3 * high) & (np.abs(down) < 0.5 * high)
    near &= low > 0.7 * high
    if not near.any():
        return 0.0
    return float(np.clip(down[near].sum() / across[near].sum(), -_STEEPEST, _STEEPEST))


def _own_slope(digits, slope):
    """The slope of a line: the longer it is, the less that of the page counts."""
    if len(digits) < 3:
        return slope
    across = (digits["left"] + digits["right"]) / 2
    across = across - across.mean()
    weight = (_OWN * np.median(heights(digits))) ** 2
    above, below = (
        across @ (ends - ends.mean()) / (across @ across + weight)
        for ends in _levelled(digits, slope)
    )
    # A line that climbs does so above and below; a high digit at one end is above alone.
    if above * below > 0:
        slope += min(above, below, key=abs)
    return float(np.clip(slope, -_STEEPEST, _STEEPEST))


def _extended(left, right, marks, reach):
    """The ends of a line with the marks that are near to them, and those near to these."""
    while True:
        near = (marks["left"] < right + reach) & (marks["right"] > left - reach)
        ends = (
            min(left, marks["left"][near].min(initial=left)),
            max(right, marks["right"][near].max(initial=right)),
        )
        if ends == (left, right):
            return ends
        left, right = ends


def _outermost(lines):
    """Lines that are not within a higher one: pieces of its digits."""
    kept = []
    for line in sorted(lines, key=lambda line: -line.height):
        x, y = line.left + line.width / 2, line.top + line.height / 2
        if not any(
            abs(x - other.left - other.width / 2) < other.width / 2
            and abs(y - _middle(other, x)) < other.height / 2
            and line.height < 0.7 * other.height
            for other in kept
        ):
            kept.append(line)
    return kept


def _middle(line, x):
    """The row in the middle of a line at a column."""
    return line.top + line.height / 2 + line.slope * (x - line.left - line.width / 2)
