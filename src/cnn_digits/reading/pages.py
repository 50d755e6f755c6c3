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
_RULE, _THIN, _LARGE = 0.15, 0.006, 0.02

# Rows. Lower marks are no digits.
_LOWEST = 6

# Marks that are filled more than this are stains, unless they are as narrow as a 1.
_FILLED, _NARROW = 0.6, 0.4

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
    rules = find_rules(ink > 0, _RULE * longer, max(3, round(_THIN * longer)))
    ink[rules] = 0
    labels, marks = find_marks(ink, _LOWEST)
    frames = _frames(labels, marks, rules)
    if frames:
        for place, sides in frames:
            ink[place][sides] = 0
            rules[place] |= sides
        labels, marks = find_marks(ink, _LOWEST)
    is_writing = _may_be_writing(marks, image.shape)
    is_writing &= ~_between_rules(marks, rules)
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
        sides = find_frame((labels[place] == number + 1) | rules[place])
        if sides is not None:
            found.append((place, sides))
    return found


def _between_rules(marks, rules):
    """Which marks are thin and stand between two rules: the lines between boxes in a row."""
    if not rules.any():
        return np.zeros(len(marks), dtype=bool)
    height, width = marks["bottom"] - marks["top"], marks["right"] - marks["left"]
    middle = (marks["left"] + marks["right"]) // 2
    touches = [
        rules[np.clip(row + step, 0, len(rules) - 1), middle]
        for row, steps in ((marks["top"], range(-4, 1)), (marks["bottom"], range(4)))
        for step in steps
    ]
    touches = np.array(touches)
    return (width < 0.2 * height) & touches[:5].any(axis=0) & touches[5:].any(axis=0)


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
