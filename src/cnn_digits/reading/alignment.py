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

# What is lower than this share of the writing on a page is dirt, unless so many stand in a line, no
# farther apart than so many heights, that are as high as that share
# and have so many rows.
_LOW, _SEVERAL, _CLOSE, _LOWEST, _FEWEST = 0.25, 3, 1.5, 0.1, 6

# More marks are not looked at: the highest are taken. Where more than so many stand alone, all of
# these are dirt.
_MOST, _ALONE = 4000, 50

# Pieces of one stroke are so near to each other above each other, as a share of the writing's
# height, and together no higher than that share; what is smaller than the third one is none.
_NEAR, _TOGETHER, _PIECE = 0.15, 1.25, 0.15

# tan of the steepest slope that is followed; so many heights of a line weigh as much as the page.
_STEEPEST, _OWN = 0.15, 3

# What is beside a line within so many heights is a dot or a dash of it, unless it has no more than
# this share of the ink of a digit.
_BESIDE, _SPECK = 1, 0.02

# What is known of several marks as one; it is a stain if all of them are.
_TOGETHER_AS = {
    "top": np.min,
    "left": np.min,
    "bottom": np.max,
    "right": np.max,
    "area": np.sum,
    "mass": np.sum,
    "is_stain": np.all,
}


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
    may_be_digit = heights(marks) >= max(_LOWEST * size, _FEWEST)
    digits, small = marks[may_be_digit], [marks[~may_be_digit]]
    pairs = _pairs(digits, _APART / _ALIKE * heights(digits))
    slope = _slope_of_page(digits, *pairs)
    groups = _groups(len(digits), *_linked(digits, slope, size, *pairs))
    groups = [digits[of] for of in groups]
    n_alone = sum(len(group) == 1 for group in groups)
    lines = []
    for group in groups:
        is_dirt = len(group) == 1 and n_alone > _ALONE
        (small if is_dirt or not _is_line(group, size) else lines).append(group)
    small = np.concatenate(small)
    return sorted(
        _outermost([line_of(group, small, slope) for group in lines]), key=lambda line: line.top
    )


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
    # By their area and more, because dirt is small and there may be much of it.
    total = np.cumsum(falling.astype(float) ** 3)
    return falling[np.searchsorted(total, total[-1] / 2)]


def _levelled(marks, slope):
    """First and last rows of marks where the slope is taken away."""
    shift = slope * (marks["left"] + marks["right"]) / 2
    return marks["top"] - shift, marks["bottom"] - shift


def _pairs(marks, reach):
    """Pairs of marks that may be no farther apart in columns than `reach` of the left one."""
    order = np.argsort(marks["left"], kind="stable")
    left, stop = marks["left"][order], (marks["right"] + reach)[order]
    following = np.arange(len(marks)) + 1
    counts = np.maximum(np.searchsorted(left, stop, "right") - following, 0)
    first = np.repeat(order, counts)
    # Of each mark those that follow it, one after the other.
    before = np.cumsum(counts) - counts
    second = np.arange(counts.sum()) + np.repeat(following - before, counts)
    return first, order[second]


def _between(marks, first, second, start, stop):
    """Columns or rows between the two of each pair; below 0 where they overlap."""
    return np.maximum(marks[start][first], marks[start][second]) - np.minimum(
        marks[stop][first], marks[stop][second]
    )


def _low_and_high(height, first, second):
    """The lower and the higher one of each pair."""
    return (f(height[first], height[second]) for f in (np.minimum, np.maximum))


def _groups(n_marks, first, second):
    """What is linked in pairs, as lists of numbers of marks."""
    graph = coo_array((np.ones(len(first), dtype=bool), (first, second)), (n_marks, n_marks))
    _, which = connected_components(graph, directed=False)
    order = np.argsort(which, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(which[order])) + 1) if n_marks else []


def _joined(marks, size):
    """Pieces of a broken stroke as one mark."""
    is_piece = np.maximum(heights(marks), widths(marks)) > _PIECE * size
    pieces, others = marks[is_piece], marks[~is_piece]
    first, second = _pairs(pieces, 0)
    rows = _between(pieces, first, second, "top", "bottom")
    low, high = _low_and_high(heights(pieces), first, second)
    near = (rows <= _NEAR * size) & (low < 0.7 * size)
    near &= low + high + rows <= np.maximum(_TOGETHER * size, 1.1 * high)
    joined = []
    for of in _groups(len(pieces), first[near], second[near]):
        whole = _union(pieces[of])
        highest = max(_TOGETHER * size, 1.1 * heights(pieces[of]).max())
        joined.append(whole if heights(whole) <= highest else pieces[of])
    return np.concatenate([*joined, others]) if joined else marks


def _union(marks):
    """Marks as one."""
    if len(marks) == 1:
        return marks
    whole = marks[:1].copy()
    for name, together in _TOGETHER_AS.items():
        whole[name] = together(marks[name])
    return whole


def _linked(marks, slope, size, first, second):
    """Which pairs stand beside each other in a line."""
    top, bottom = _levelled(marks, slope)
    low, high = _low_and_high(bottom - top, first, second)
    overlap = np.minimum(bottom[first], bottom[second]) - np.maximum(top[first], top[second])
    apart = _between(marks, first, second, "left", "right")
    reach = np.where(high < _LOW * size, _CLOSE, _APART) * high
    linked = (overlap >= _OVERLAP * low) & (low >= _ALIKE * high) & (apart <= reach)
    return first[linked], second[linked]


def _is_line(digits, size):
    """Whether a group of marks is a line of digits."""
    strokes = digits[~digits["is_stain"]]
    if not len(strokes):
        return False
    return heights(strokes).max() >= _LOW * size or len(strokes) >= _SEVERAL


def _slope_of_page(marks, first, second):
    """Rows down for one column to the right, of most of what stands beside each other."""
    across, down = (
        (ends[second] - ends[first]) / 2
        for ends in (marks["left"] + marks["right"], marks["top"] + marks["bottom"])
    )
    low, high = _low_and_high(heights(marks), first, second)
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
