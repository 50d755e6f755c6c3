"""Rules and frames on a mask of ink: what is drawn with a ruler before anything is written."""

import numpy as np
from scipy import ndimage

# A line is followed step by step; where so much of a step is inked, it goes on. Gaps of so many
# steps on either side are none; over so many it is straight.
_INKED, _GAP, _SMOOTH = 0.6, 1, 9

# A rule that begins and ends farther than this share of the picture from its edges may be the side
# of a box.
_SHORT = 0.04

# Pixels. What is left of a rule between the edge of a large picture and writing on it.
_AT_EDGE, _LARGE = 48, 400

# What lies between two sides of a box is followed in steps of so many pixels.
_SMALL_STEP = 8

# A side of a frame is inked along this share of its length, thinner than this share of the frame's
# size, and within that share of it.
_DRAWN, _SIDE, _REACH = 0.75, 0.12, 0.3

_AROUND = np.ones((3, 3), dtype=bool)


def find_rules(mask, lengths, thickest, step=16):
    """Find straight lines, level or upright or nearly so, that are long and thin.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
    lengths : tuple of two floats
        Shorter lines, level ones and upright ones, may be strokes, but for those from one side of
        a box to the other.
    thickest : int
        Thicker ones may be strokes, too.
    step : int, default=16
        Lines are followed in steps of so many pixels.

    Returns
    -------
    rules, sides : ndarray of bool, shape (h, w)
        Pixels of rules where no stroke crosses them, and which of them are not from one edge of
        the picture to the other: those of boxes.
    """
    level, short = _level_rules(mask, lengths[0], thickest, step)
    upright, tall = (x.T for x in _level_rules(mask.T, lengths[1], thickest, step))
    if short.any():
        between, _ = _level_rules(mask.T, lengths[1], thickest, _SMALL_STEP, short.T)
        upright = upright | between.T
        tall |= between.T
    if not (level.any() or upright.any()):
        return level, level
    # Where rules cross each other there is no stroke.
    crossed_level = level & ~_opened(mask & ~upright, thickest + 2)
    crossed_upright = upright & ~_opened((mask & ~level).T, thickest + 2).T
    rules = crossed_level | crossed_upright
    return rules, (short | tall) & rules


def _level_rules(mask, length, thickest, step, ends=None):
    """Pixels of lines from left to right, and which of them are short.

    Lines that end at what is in `ends` may have any length.
    """
    height, width = mask.shape
    n_steps = width // step
    if n_steps < 2 or height < 3:
        return np.zeros_like(mask), np.zeros_like(mask)
    # A line that climbs is in several rows of a step.
    thick = mask.copy()
    thick[1:] |= mask[:-1]
    thick[:-1] |= mask[1:]
    dense = _in_steps(thick, step).sum(axis=2, dtype=np.uint8) >= _INKED * step
    thin = dense & ~_opened(dense, thickest + 3)
    # Strokes on a line are gaps in it.
    joined = ndimage.binary_closing(
        np.pad(thin, ((1, 1), (_GAP, _GAP))), np.ones((3, 2 * _GAP + 1))
    )
    labels, _ = ndimage.label(joined[1:-1, _GAP:-_GAP], structure=_AROUND)
    if ends is not None:
        ends = _in_steps(ends, step).any(axis=2)
    rules, short = np.zeros_like(dense), np.zeros_like(dense)
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        columns = (place[1].stop - place[1].start) * step
        at_edge = place[1].start == 0 or place[1].stop == n_steps
        # On a field or a small picture a digit may be at the edge.
        at_edge &= width >= _LARGE and step > _SMALL_STEP
        is_long = columns >= length or (at_edge and columns >= _AT_EDGE)
        if is_long or (ends is not None and _joins(place, ends)):
            line = _straight(labels[place] == number, thickest)
            rules[place] |= line
            edge = _SHORT * n_steps
            if place[1].start > edge and place[1].stop < n_steps - edge:
                short[place] |= line
    return tuple(_in_pixels(of, step, width) & mask for of in (rules, short))


def _straight(line, thickest):
    """A line without the strokes that touch it; none of it is left if it is thick."""
    rows = np.arange(len(line))[:, None]
    middle = (line * rows).sum(axis=0) / line.sum(axis=0)
    middle = ndimage.median_filter(middle, _SMOOTH, mode="nearest")
    straight = line & (np.abs(rows - middle) <= thickest / 2 + 2)
    is_thin = np.median(line.sum(axis=0)) <= thickest + 2
    return straight & is_thin


def _in_steps(mask, step):
    n_steps = mask.shape[1] // step
    return mask[:, : n_steps * step].reshape(len(mask), n_steps, step)


def _in_pixels(steps, step, width):
    """Steps as pixels again, with what is between two of them and at the ends of lines."""
    steps = ndimage.binary_dilation(steps, structure=_AROUND)
    pixels = np.repeat(steps, step, axis=1)
    return np.pad(pixels, ((0, 0), (0, width - pixels.shape[1])), mode="edge")


def _joins(place, ends):
    """Whether there is something at both ends of a place."""
    rows = slice(max(0, place[0].start - 2), place[0].stop + 2)
    before = ends[rows, max(0, place[1].start - 1) : place[1].start + 1]
    return before.any() and ends[rows, place[1].stop - 1 : place[1].stop + 1].any()


def _opened(mask, size):
    """What is `size` pixels high or more."""
    size = min(size, len(mask))
    runs, steps = mask, []
    # From runs of 1 pixel to those of 2, of 4, ...
    while sum(steps) < size - 1:
        steps.append(min(sum(steps) + 1, size - 1 - sum(steps)))
        runs = runs[: -steps[-1]] & runs[steps[-1] :]
    for step in reversed(steps):
        opened = np.zeros((len(runs) + step, runs.shape[1]), dtype=bool)
        opened[:-step] = runs
        opened[step:] |= runs
        runs = opened
    return runs


def find_frame(mask):
    """Find the sides of a rectangle that a mark is, or is joined to.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
        A mark, in a box that is tight.

    Returns
    -------
    sides : ndarray of bool, shape (h, w), or None
        Pixels of the four sides, and of strokes where they touch them; None if it is no frame.
    """
    sides = np.zeros_like(mask)
    for turned, out in ((mask, sides), (mask[::-1], sides[::-1]), (mask.T, sides.T)):
        if not _draw_side(turned, out):
            return None
    return sides if _draw_side(mask.T[::-1], sides.T[::-1]) else None


def _draw_side(mask, sides):
    """Find the upper side of a frame, and draw it into `sides`; whether there is one."""
    reach = max(3, int(_REACH * len(mask)))
    # A side that slants is in several rows.
    thick = mask[: reach + 2].copy()
    thick[1:] |= mask[: reach + 1]
    thick[:-1] |= mask[1 : reach + 2]
    drawn = thick.mean(axis=1) >= _DRAWN
    if not drawn[:reach].any():
        return False
    first = drawn.argmax()
    n_rows = (~drawn[first:]).argmax() if not drawn[first:].all() else reach
    if n_rows > max(5, _SIDE * len(mask)):
        return False
    rows = slice(max(0, first - 1), first + n_rows + 1)
    sides[rows] |= mask[rows]
    return True
