"""The one line of writing in a cropped field: an amount on a cheque, a cell of a table."""

import numpy as np

from cnn_digits.framing.ink import reduced
from cnn_digits.reading.marks import find_marks
from cnn_digits.reading.paper import ink_on_field
from cnn_digits.reading.rules import find_rules

# Fields are not looked at any higher.
_HEIGHT = 80

# Fainter ink is the edge of a stroke, or paper.
_FAINT = 0.25

# Lines as long as this share of the height, and so many pixels thick or this share of the height,
# are rules.
_RULE, _THICK, _THICKNESS = 0.85, 2, 0.04

# Ink counts in full in the middle rows, and less the nearer it is to the upper or lower edge, from
# this share of the height on; at the edge itself it counts so much.
_MIDDLE, _AT_EDGE = 0.3, 0.15

# Rows and columns, as a share of the height, that are near to an edge of the picture.
_NEAR = 0.12

# A mark is flat where its height is this share of its width; and what is as high as this share of
# the line is a digit, as what is heavier than so much of its heaviest mark.
_FLAT, _HIGH, _HEAVY = 0.2, 0.4, 0.02


def find_line_box(shades):
    """(top, left, bottom, right) or None"""
    factor = max(1, min(shades.shape) // _HEIGHT)
    small = reduced(shades[None, ..., None], factor)[0, ..., 0]
    ink = ink_on_field(small)
    ink[ink < _FAINT] = 0
    if not ink.any():
        return None
    height = len(ink)
    thickest = max(_THICK, round(_THICKNESS * height))
    ink[find_rules(ink > 0, _RULE * height, thickest, 4)[0]] = 0
    row = np.minimum(np.arange(height) + 0.5, np.arange(height)[::-1] + 0.5) / height
    nearness = np.clip(row / _MIDDLE, _AT_EDGE, 1).astype(np.float32)
    marks = find_marks(ink * nearness[:, None])[1]
    box = _main_line(marks, ink.shape)
    if box is None:
        return 0, 0, *shades.shape
    return tuple(int(x) for x in np.minimum(np.array(box) * factor, np.tile(shades.shape, 2)))


def _main_line(marks, shape):
    """Union of the boxes of what stands in a line with the strongest mark."""
    height, width = marks["bottom"] - marks["top"], marks["right"] - marks["left"]
    is_edge, is_doubtful = _edges(marks, shape)
    is_flat = height < _FLAT * width
    weight = marks["mass"] * ~(is_flat | is_edge) * np.where(is_doubtful, 0.1, 1)
    if not weight.any():
        return None
    main = weight.argmax()
    margin = 0.3 * height[main]
    is_like = (abs(marks["top"] - marks["top"][main]) <= margin) & (abs(marks["bottom"] - marks["bottom"][main]) <= margin)
    is_edge |= is_doubtful & ~is_like
    is_digit = _in_line(marks, main, ~is_edge & ~is_flat)
    top, bottom = marks["top"][is_digit].min(), marks["bottom"][is_digit].max()
    left, right = marks["left"][is_digit].min(), marks["right"][is_digit].max()
    # small ones
    h = bottom - top
    centre = (marks["top"] + marks["bottom"]) / 2
    small = ~is_digit & ~is_edge & (centre > top) & (centre < bottom + 0.1 * h) & (marks["mass"] > 0.01 * marks["mass"][main])
    while True:
        near = small & (marks["left"] < right + 0.8 * h) & (marks["right"] > left - 0.8 * h)
        l2, r2 = min(left, marks["left"][near].min(initial=left)), max(right, marks["right"][near].max(initial=right))
        if (l2, r2) == (left, right):
            break
        left, right = l2, r2
    return top, left, bottom, right


def _edges(marks, shape):
    """Which marks are what is left of a box, and which may be."""
    height, width = marks["bottom"] - marks["top"], marks["right"] - marks["left"]
    ends = np.array([marks["top"], marks["left"], shape[0] - marks["bottom"], shape[1] - marks["right"]])
    near_top, near_left, near_bottom, near_right = ends <= _NEAR * shape[0]
    is_thin = np.minimum(height, width) <= np.maximum(2, 0.15 * np.maximum(height, width))
    is_cut = (ends <= 1).sum(axis=0)
    is_level = (near_top | near_bottom) & is_thin & (width > height)
    is_upright = (near_left | near_right) & is_thin & (height > width)
    is_frame = (is_cut > 1) & (marks["area"] < 0.15 * height * width) & (height > 0.8 * shape[0]) & (width > 0.8 * shape[1])
    is_frame &= 2 * marks["mass"] < marks["mass"].sum() + marks["mass"]/2
    return is_level | is_frame, is_upright


def _in_line(marks, main, candidate):
    height = marks["bottom"] - marks["top"]
    chosen = np.zeros(len(marks), bool)
    chosen[main] = True
    tall = candidate & (height >= _HIGH * height[main]) & (marks["mass"] > _HEAVY * marks["mass"][main])
    while True:
        top, bottom = np.median(marks["top"][chosen]), np.median(marks["bottom"][chosen])
        overlap = np.minimum(marks["bottom"], bottom) - np.maximum(marks["top"], top)
        new = chosen | tall & (overlap >= 0.5 * np.minimum(height, bottom - top))
        if (new == chosen).all():
            return chosen
        chosen = new
