"""The lines of writing on a page: a photo, a scan, a drawing, with any number of lines."""

import math

import numpy as np

from cnn_digits.reading.alignment import Line, lines_of
from cnn_digits.reading.marks import find_marks, heights, place_of, widths
from cnn_digits.reading.paper import ink_on_page, means
from cnn_digits.reading.rules import find_frame, find_rules

# More pixels are not looked at: digits of 20 pixels on a photo of 12 megapixels keep 10. No picture
# is made smaller than by the other factor.
_PIXELS, _SMALLEST = 3.1e6, 4

# Lines longer than this share of the longer side and so many pixels, and thinner than that share
# and so many pixels, are rules.
_RULE, _SHORTEST, _THIN, _THINNEST = 0.15, 128, 0.003, 3

# Marks of fewer pixels are noise, as are those that are no more than so much as strong as noise;
# weaker than that share of the others, they are uneven paper.
_SPECK, _FAINT, _PALE = 6, 1.25, 0.15

# Marks as large as this share of the longer side may be frames, and larger ones than that share
# are no writing. So many are looked at.
_FRAME, _LARGEST, _MOST = 0.02, 0.6, 500

# Marks that are filled more than this are stains, unless they are as narrow as a 1.
_FILLED, _NARROW = 0.72, 0.4

# A side of a box is thinner than this share of its height, and ends so near to the rules.
_THIN_SIDE, _NEAR = 0.2, 5

# One side of an edge is lighter than the other by this share of how dark it is itself.
_UNLIKE = 1


def lines_on_page(shades):
    """Find the lines of writing on a page.

    Parameters
    ----------
    shades : ndarray of float32 or uint8, shape (h, w)

    Returns
    -------
    lines : list of Line
        From top to bottom, in pixels of the picture.
    """
    factor = min(_SMALLEST, math.ceil(math.sqrt(shades.size / _PIXELS)))
    marks = _writing(means(shades, factor))
    return [Line(*(factor * x for x in line[:4]), line.slope) for line in lines_of(marks)]


def _writing(image):
    """Marks on a picture that may be writing."""
    ink = ink_on_page(image)
    longer = max(image.shape)
    length, thickest = max(_RULE * longer, _SHORTEST), max(_THINNEST, round(_THIN * longer))
    rules, sides = find_rules(ink > 0, (length, length), thickest)
    ink[rules] = 0
    labels, marks = find_marks(ink, _SPECK)
    frames = _frames(labels, marks, sides)
    if frames:
        for place, frame in frames:
            ink[place][frame] = 0
            sides[place] |= frame
        labels, marks = find_marks(ink, _SPECK)
    size = np.maximum(heights(marks), widths(marks))
    is_writing = (size < _LARGEST * longer) & ~_between(marks, sides) & ~_at_border(marks, image)
    strength = marks["mass"] / marks["area"]
    typical = np.average(strength, weights=marks["mass"]) if len(marks) else 0
    is_writing &= strength > max(_FAINT, _PALE * typical)
    thinner = np.minimum(heights(marks), widths(marks))
    for number in np.argsort(-size * is_writing, kind="stable")[:_MOST]:
        if is_writing[number]:
            is_writing[number] = not _is_edge(image, labels, marks, number)
    marks["is_stain"] = marks["area"] > _FILLED * heights(marks) * widths(marks)
    marks["is_stain"] &= thinner > _NARROW * size
    return marks[is_writing]


def _frames(labels, marks, sides):
    """Places of marks that are frames, or are joined to one, and which of their pixels are it."""
    size = np.maximum(heights(marks), widths(marks))
    is_large = size >= max(2 * _SPECK, _FRAME * max(labels.shape))
    is_large &= np.minimum(heights(marks), widths(marks)) >= _SPECK
    frames = []
    for number in np.flatnonzero(is_large)[:_MOST]:
        place = place_of(marks[number])
        frame = find_frame((labels[place] == number + 1) | sides[place])
        if frame is not None:
            frames.append((place, frame))
    return frames


def _between(marks, sides):
    """Which marks are thin and end at a side of a box above and below: sides themselves."""
    is_side = (widths(marks) < _THIN_SIDE * heights(marks)) & sides.any()
    for number in np.flatnonzero(is_side):
        mark = marks[number]
        columns = slice(max(0, mark["left"] - _NEAR), mark["right"] + _NEAR)
        is_side[number] = all(
            sides[max(0, row - _NEAR) : row + _NEAR, columns].any()
            for row in (mark["top"], mark["bottom"])
        )
    return is_side


def _at_border(marks, image):
    """Which marks are thin and run along the edge of the picture."""
    height, width = image.shape
    at_side = (marks["left"] <= 1) | (marks["right"] >= width - 1)
    at_end = (marks["top"] <= 1) | (marks["bottom"] >= height - 1)
    return (at_side & (widths(marks) < _THIN_SIDE * heights(marks))) | (
        at_end & (heights(marks) < _THIN_SIDE * widths(marks))
    )


def _is_edge(image, labels, marks, number):
    """Whether a mark is no stroke, but the edge of something dark or light.

    Then it is darker on one side of it than on the other, or as dark between its sides.
    """
    place = place_of(marks[number])
    mask = labels[place] == number + 1
    if mask.shape[0] < mask.shape[1]:
        image, labels, mask, place = image.T, labels.T, mask.T, place[::-1]
    rows = np.flatnonzero(mask.any(axis=1))
    first, last = mask.argmax(axis=1)[rows], mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)[rows]
    middle = (first + last) // 2
    is_open = ~mask[rows, middle]
    rows += place[0].start
    first, last, middle = (columns + place[1].start for columns in (first, last, middle))
    before, after = np.maximum(first - 3, 0), np.minimum(last + 3, image.shape[1] - 1)
    is_free = (labels[rows, before] == 0) & (labels[rows, after] == 0)
    if is_free.mean() < 0.5:
        return False
    left, right = image[rows, before], image[rows, after]
    around = (left + right) / 2
    # Where the mark is at its strongest: its sides may be soft.
    depth = np.quantile(np.abs(np.median(around) - image[place][mask]), 0.8)
    if np.median(np.abs(left - right)[is_free]) > _UNLIKE * depth:
        return True
    inner = np.abs(around - image[rows, middle])[is_open]
    return is_open.mean() > 0.25 and np.median(inner) > _FILLED * depth
