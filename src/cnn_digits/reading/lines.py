"""Lines of writing on a picture, each a region that holds one line."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cnn_digits.reading.fields import find_line_box
from cnn_digits.reading.pages import marks_of_page

# Marks are of one line where they overlap by this share of the lower one, which is as high as that
# share of the other, and are no farther apart than so many heights.
_OVERLAP, _ALIKE, _APART = 0.5, 0.45, 6

# What is lower than this share of the writing is no digit; marks considered at once.
_LOW, _MOST = 0.3, 2500

# tan of the steepest slope that is followed.
_STEEPEST = 0.15


@dataclass(frozen=True)
class LineRegion:
    """Where a line of writing is on a picture.

    Parameters
    ----------
    left, top, width, height : float
        In pixels of the picture. A line that climbs or falls is as high as its writing; `top` is
        where it is in the middle of its width.
    slope : float, default=0.0
        Rows down for one column to the right.
    """

    left: float
    top: float
    width: float
    height: float
    slope: float = 0.0


def find_lines(shades, lines="auto"):
    """Find the lines of writing on a picture.

    Parameters
    ----------
    shades : ndarray of float32, shape (h, w)
        Luminance; writing may be darker or lighter than its paper.
    lines : {"auto", 1}, default="auto"
        1 if the picture is a cropped field, with one line on it.

    Returns
    -------
    regions : list of LineRegion
        From top to bottom; none if nothing is written.
    """
    if lines == 1 or _is_field(shades):
        box = find_line_box(shades)
        if box is None:
            return []
        top, left, bottom, right = box
        return [LineRegion(left, top, right - left, bottom - top)]
    marks, factor = marks_of_page(shades)
    return [LineRegion(*(factor * np.array(r[:4])), r[4]) for r in _lines_of(marks)]


def _is_field(shades):
    height, width = shades.shape
    return height <= 90 or width > 2.2 * height


def _lines_of(marks):
    height = (marks["bottom"] - marks["top"]).astype(float)
    if not len(marks):
        return []
    size = _size(height)
    marks = _joined(marks, size)
    height = (marks["bottom"] - marks["top"]).astype(float)
    width = marks["right"] - marks["left"]
    digits = (height >= _LOW * size) & (height >= 6) & (width < 8 * height)
    if not digits.any():
        return []
    small, digits = marks[~digits], marks[digits]
    slope = _slope(digits)
    shift = slope * (digits["left"] + digits["right"]) / 2
    top, bottom = digits["top"] - shift, digits["bottom"] - shift
    link = _linked(digits, top, bottom)
    n, which = connected_components(link, directed=False)
    found = []
    for i in range(n):
        of = which == i
        l, r = digits["left"][of].min(), digits["right"][of].max()
        t, b = top[of].min(), bottom[of].max()
        h = b - t
        centre = (small["top"] + small["bottom"]) / 2 - slope * (small["left"] + small["right"]) / 2
        inside = small[(centre > t - 0.1 * h) & (centre < b + 0.2 * h) & (small["bottom"] - small["top"] < 0.5 * h) & (small["right"] - small["left"] < 1.2 * h)]
        l, r = _extended(l, r, inside, h)
        middle = (l + r) / 2 * slope
        found.append((l, t + middle, r - l, h, float(slope)))
    return sorted(found, key=lambda q: q[1])


def _size(height):
    """How high most of the writing is."""
    falling = np.sort(height)[::-1]
    total = np.cumsum(falling)
    return falling[np.searchsorted(total, total[-1] / 2)]


def _extended(left, right, marks, height):
    while True:
        near = (marks["left"] < right + height) & (marks["right"] > left - height)
        l, r = min(left, marks["left"][near].min(initial=left)), max(right, marks["right"][near].max(initial=right))
        if (l, r) == (left, right):
            return l, r
        left, right = l, r


def _apart(marks):
    """Columns and rows between each two marks; below 0 where they overlap."""
    return (
        np.maximum(marks[a][:, None], marks[a]) - np.minimum(marks[b][:, None], marks[b])
        for a, b in (("left", "right"), ("top", "bottom"))
    )


def _joined(marks, size):
    """Pieces of a broken stroke as one mark."""
    marks = marks[np.argsort(marks["top"] - marks["bottom"])][:_MOST]
    columns, rows = _apart(marks)
    height = marks["bottom"] - marks["top"]
    both = np.maximum(marks["bottom"][:, None], marks["bottom"]) - np.minimum(marks["top"][:, None], marks["top"])
    near = (columns <= 0) & (rows <= 0.15 * size) & (both <= np.maximum(1.25 * size, 1.1 * np.maximum(height[:, None], height)))
    near &= np.minimum(height[:, None], height) < 0.7 * size
    n, which = connected_components(coo_array(near), directed=False)
    out = np.zeros(n, dtype=marks.dtype)
    for name, ufunc, start in (("top", np.minimum, 1 << 40), ("left", np.minimum, 1 << 40), ("bottom", np.maximum, 0), ("right", np.maximum, 0), ("area", np.add, 0), ("mass", np.add, 0)):
        out[name] = start
        ufunc.at(out[name], which, marks[name])
    return out


def _linked(marks, top, bottom):
    height = bottom - top
    low, high = (f(height[:, None], height) for f in (np.minimum, np.maximum))
    overlap = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    columns, _ = _apart(marks)
    return coo_array((overlap >= _OVERLAP * low) & (low >= _ALIKE * high) & (columns <= _APART * high))


def _slope(marks):
    """Rows down for one column to the right, of most of what stands beside each other."""
    height = marks["bottom"] - marks["top"]
    across = marks["left"] + marks["right"]
    down = marks["top"] + marks["bottom"]
    across, down = ((x - x[:, None]) / 2 for x in (across, down))
    low, high = (f(height[:, None], height) for f in (np.minimum, np.maximum))
    near = (across > 0.3 * high) & (across < 3 * high) & (np.abs(down) < 0.5 * high) & (low > 0.7 * high)
    if near.sum() < 2:
        return 0.0
    return float(np.clip(down[near].sum() / across[near].sum(), -_STEEPEST, _STEEPEST))
