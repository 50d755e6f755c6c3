"""Marks of writing on a page: a photo, a scan, a drawing, with any number of lines."""

import math

import numpy as np

from cnn_digits.reading.marks import find_marks
from cnn_digits.reading.paper import ink_on_page, means
from cnn_digits.reading.rules import find_frame, find_rules

# More pixels are not looked at: digits of 20 pixels on a photo of 12 megapixels keep 10.
_PIXELS = 3.1e6

# Lines longer than this share of the longer side, and thinner than that, are rules; marks longer than the other share are
# looked at for frames and edges.
_RULE, _THIN, _LARGE = 0.15, 0.003, 0.02

# Pixels. Shorter lines are no rules but those of boxes; lower marks are no digits.
_SHORTEST, _LOWEST = 128, 6

# Marks that are filled more than this are stains, unless they are as narrow as a 1.
_FILLED, _NARROW = 0.72, 0.4

# A side of a box is thinner than this share of its height, and ends so near to the rules.
_THIN_SIDE, _NEAR = 0.2, 5

# One side of an edge is lighter than the other by this share of how dark it is itself.
_UNLIKE = 0.5


def marks_of_page(shades):
    """Marks that may be writing.

    Parameters
    ----------
    shades : ndarray of float32, shape (h, w)

    Returns
    -------
    marks : structured ndarray of shape (n,)
    factor : int
        Pixels of the picture to one of those that marks are measured in.
    """
    factor = math.ceil(math.sqrt(shades.size / _PIXELS))
    image = means(shades, factor)
    ink = ink_on_page(image)
    longer = max(image.shape)
    rules, sides = find_rules(ink > 0, max(_RULE * longer, _SHORTEST), max(3, round(_THIN * longer)))
    ink[rules] = 0
    labels, marks = find_marks(ink, _LOWEST)
    frames = _frames(labels, marks, rules)
    if frames:
        for place, frame in frames:
            ink[place][frame] = 0
            sides[place] |= frame
        labels, marks = find_marks(ink, _LOWEST)
    is_writing = _may_be_writing(marks, image.shape)
    is_writing &= ~_between_rules(marks, sides)
    for number in np.flatnonzero(is_writing & (_long(marks) > 0.15 * max(image.shape))):
        is_writing[number] = not _is_edge(image, labels, marks, number)
    return marks[is_writing], factor


def _long(marks):
    return np.maximum(marks["bottom"] - marks["top"], marks["right"] - marks["left"])


def _may_be_writing(marks, shape):
    height, width = marks["bottom"] - marks["top"], marks["right"] - marks["left"]
    may = (np.maximum(height, width) >= _LOWEST // 2) & (_long(marks) < 0.6 * max(shape))
    is_stain = marks["area"] > _FILLED * height * width
    return may & ~(is_stain & (np.minimum(height, width) > _NARROW * np.maximum(height, width)) & (height > _LOWEST))


def _frames(labels, marks, rules):
    found = []
    large = _long(marks) >= max(12, _LARGE * max(labels.shape))
    large &= np.minimum(marks["bottom"] - marks["top"], marks["right"] - marks["left"]) >= 8
    for number in np.flatnonzero(large):
        mark = marks[number]
        place = slice(mark["top"], mark["bottom"]), slice(mark["left"], mark["right"])
        frame = find_frame((labels[place] == number + 1) | rules[place])
        if frame is not None:
            found.append((place, frame))
    return found


def _between_rules(marks, sides):
    """Which marks are thin and end at a rule above and one below: the sides of boxes in a row."""
    height, width = marks["bottom"] - marks["top"], marks["right"] - marks["left"]
    between = (width < _THIN_SIDE * height) & sides.any()
    for number in np.flatnonzero(between):
        mark = marks[number]
        columns = slice(max(0, mark["left"] - _NEAR), mark["right"] + _NEAR)
        between[number] = all(
            sides[max(0, row - _NEAR) : row + _NEAR, columns].any()
            for row in (mark["top"], mark["bottom"])
        )
    return between


def _is_edge(image, labels, marks, number):
    """Whether it is darker on one side of a mark than on the other: no stroke, but an edge."""
    mark = marks[number]
    place = slice(mark["top"], mark["bottom"]), slice(mark["left"], mark["right"])
    mask = labels[place] == number + 1
    if mask.any(axis=1).sum() < mask.any(axis=0).sum():
        labels, image, mask = labels.T, image.T, mask.T
        place = place[::-1]
    rows = np.flatnonzero(mask.any(axis=1))
    first = mask.argmax(axis=1)[rows] + place[1].start
    last = mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)[rows] + place[1].start
    rows += place[0].start
    before, after = np.maximum(first - 3, 0), np.minimum(last + 3, labels.shape[1] - 1)
    left, right, within = image[rows, before], image[rows, after], image[rows, first]
    depth = np.abs((left + right) / 2 - within)
    return np.median(np.abs(left - right)) > _UNLIKE * 2 * np.median(depth)
