"""The one line of writing in a cropped field: an amount on a cheque, a cell of a table."""

import numpy as np

from cnn_digits.reading.alignment import Line, line_of
from cnn_digits.reading.marks import find_marks, heights, place_of, widths
from cnn_digits.reading.paper import ink_on_field, means
from cnn_digits.reading.rules import find_frame, find_rules

# Fields are not looked at any higher.
_HEIGHT = 80

# Fainter ink is the edge of a stroke, or paper.
_FAINT = 0.25

# Lines as long as this share of the height, and of the width if they are level, and so many pixels
# thick or that share of the height, are rules; they are followed in steps of so many pixels.
_RULE, _LEVEL_RULE, _THICK, _THICKNESS, _STEP = 0.85, 0.6, 2, 0.04, 4

# Ink counts in full in the middle rows, and less the nearer it is to the upper or lower edge, from
# this share of the height on; at the edge itself it counts so much.
_MIDDLE, _AT_EDGE = 0.3, 0.15

# Lines of a box are so near to an edge of the picture, as a share of its height, and as thin as
# that share of their length; the box itself is as large as the last share of the picture.
_NEAR, _THIN, _FRAME = 0.12, 0.15, 0.6

# Upright lines are of a box where they end elsewhere than a digit by this share of its height.
_UNLIKE = 0.3

# A mark is flat where its height is this share of its width. What is as high as this share of
# the heaviest mark and as heavy as that share is a digit.
_FLAT, _HIGH, _HEAVY = 0.12, 0.4, 0.02

# A second line has digits as high as this share of those of the first one.
_SECOND = 0.6


def line_on_field(shades):
    """Find the one line on a cropped field.

    Parameters
    ----------
    shades : ndarray of float32 or uint8, shape (h, w)

    Returns
    -------
    line : Line or None
        In pixels of the picture: all of it if no line stands out; None if it is blank.
    is_alone : bool
        Whether no other line is on the picture.
    """
    factor = max(1, min(shades.shape) // _HEIGHT)
    small = means(shades, factor)
    ink = ink_on_field(small)
    ink[ink < _FAINT] = 0
    if not ink.any():
        return None, True
    height, width = ink.shape
    lengths = max(_RULE * height, _LEVEL_RULE * width), _RULE * height
    thickest = max(_THICK, round(_THICKNESS * height))
    ink[find_rules(ink > 0, lengths, thickest, _STEP)[0]] = 0
    row = np.minimum(np.arange(height) + 0.5, np.arange(height)[::-1] + 0.5) / height
    nearness = np.clip(row / _MIDDLE, _AT_EDGE, 1).astype(np.float32)
    labels, marks = find_marks(ink * nearness[:, None])
    is_large = (heights(marks) > _FRAME * height) & (widths(marks) > _FRAME * width)
    for number in np.flatnonzero(is_large):
        place = place_of(marks[number])
        frame = find_frame(labels[place] == number + 1)
        if frame is not None:
            ink[place][frame] = 0
            _, marks = find_marks(ink * nearness[:, None])
    is_digit, is_other = _main_line(marks, ink.shape)
    if not is_digit.any():
        return Line(0, 0, *shades.shape[::-1], 0.0), False
    line = line_of(marks[is_digit], marks[~is_digit & ~is_other], 0.0)
    line = Line(*(factor * x for x in line[:4]), line.slope)
    return line, not _has_second(marks, is_digit, is_other, ink.shape)


def _main_line(marks, shape):
    """Which marks stand in a line with the strongest one, and which are no writing."""
    is_edge, is_doubtful = _edges(marks, shape)
    is_flat = heights(marks) < _FLAT * widths(marks)
    weight = marks["mass"] * ~(is_flat | is_edge | is_doubtful)
    if not weight.any():
        return np.zeros(len(marks), dtype=bool), is_edge
    main = weight.argmax()
    # An upright line is a 1 beside others where it is where they are.
    unlike = np.maximum(
        abs(marks["top"] - marks["top"][main]), abs(marks["bottom"] - marks["bottom"][main])
    )
    is_edge |= is_doubtful & (unlike > _UNLIKE * heights(marks)[main])
    is_tall = heights(marks) >= _HIGH * heights(marks)[main]
    is_tall &= (marks["mass"] > _HEAVY * marks["mass"][main]) & ~is_edge & ~is_flat
    return _in_line(marks, main, is_tall), is_edge


def _edges(marks, shape):
    """Which marks are what is left of a box, and which may be."""
    height, width = heights(marks), widths(marks)
    ends = np.array(
        [marks["top"], marks["left"], shape[0] - marks["bottom"], shape[1] - marks["right"]]
    )
    near_top, near_left, near_bottom, near_right = ends <= _NEAR * shape[0]
    is_thin = np.minimum(height, width) <= np.maximum(_THICK, _THIN * np.maximum(height, width))
    is_level = (near_top | near_bottom) & is_thin & (width > height)
    is_upright = (near_left | near_right) & is_thin & (height > width) & (shape[1] > shape[0])
    return is_level, is_upright


def _in_line(marks, main, candidate):
    """Which candidates stand in a line with the main mark."""
    height = heights(marks)
    chosen = np.arange(len(marks)) == main
    while True:
        top, bottom = np.median(marks["top"][chosen]), np.median(marks["bottom"][chosen])
        overlap = np.minimum(marks["bottom"], bottom) - np.maximum(marks["top"], top)
        more = chosen | candidate & (overlap >= 0.5 * np.minimum(height, bottom - top))
        if (more == chosen).all():
            return chosen
        chosen = more


def _has_second(marks, is_digit, is_other, shape):
    """Whether a whole line of digits as large stands above or below the main one."""
    top, bottom = marks["top"][is_digit].min(), marks["bottom"][is_digit].max()
    size = np.median(heights(marks)[is_digit])
    rest = ~is_digit & ~is_other & (heights(marks) > _SECOND * size)
    rest &= (marks["top"] > 1) & (marks["bottom"] < shape[0] - 1)
    rest &= (marks["bottom"] <= top + 0.2 * size) | (marks["top"] >= bottom - 0.2 * size)
    rest &= widths(marks) < 3 * heights(marks)
    return bool(rest.any())
