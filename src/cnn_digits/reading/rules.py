"""Rules and frames on a mask of ink: what is drawn with a ruler before anything is written."""

import numpy as np
from scipy import ndimage

# Lines are followed in steps of so many pixels; where so much of a step is inked, there is one.
_STEP, _INKED = 16, 0.75

# Rules are thinner than this share of the longer side, and than so many pixels at least.
_THIN, _THINNEST = 0.006, 3

# A side of a frame is inked along this share of its length, within this share of the frame's size.
_DRAWN, _SIDE = 0.9, 0.08


def find_rules(mask, length):
    """Find straight lines, level or upright or nearly so, that are long and thin.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
    length : float
        Shorter lines may be strokes.

    Returns
    -------
    rules : ndarray of bool, shape (h, w)
        Pixels of rules where no stroke crosses them.
    """
    level, upright = _level_rules(mask, length), _level_rules(mask.T, length).T
    if not (level.any() or upright.any()):
        return level
    thickness = _thickest(mask.shape)
    # Where rules cross each other there is no stroke.
    level &= ~_opened(mask & ~upright, thickness + 2)
    upright &= ~_opened((mask & ~level).T, thickness + 2).T
    return level | upright


def _thickest(shape):
    return max(_THINNEST, round(_THIN * max(shape)))


def _level_rules(mask, length):
    """Pixels of lines from left to right."""
    height, width = mask.shape
    n_steps = width // _STEP
    if n_steps < 2 or height < 3:
        return np.zeros_like(mask)
    # A line that climbs is in several rows of a step.
    thick = mask.copy()
    thick[1:] |= mask[:-1]
    thick[:-1] |= mask[1:]
    steps = thick[:, : n_steps * _STEP].reshape(height, n_steps, _STEP)
    dense = steps.sum(axis=2, dtype=np.uint8) >= _INKED * _STEP
    labels, _ = ndimage.label(dense, structure=np.ones((3, 3)))
    is_rule = np.zeros(labels.max() + 1, dtype=bool)
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        columns = place[1].stop - place[1].start
        if columns * _STEP < length:
            continue
        rows = (labels[place] == number).sum(axis=0)
        is_rule[number] = np.median(rows) <= _thickest(mask.shape) + 2
    chosen = is_rule[labels]
    # Between two steps of a line, and at its ends.
    chosen = ndimage.binary_dilation(chosen, structure=np.ones((3, 3)))
    rules = np.zeros_like(mask)
    rules[:, : n_steps * _STEP] = np.repeat(chosen, _STEP, axis=1)
    rules[:, n_steps * _STEP :] = chosen[:, -1:]
    return rules & mask


def _opened(mask, size):
    """What is `size` pixels high or more."""
    size = min(size, len(mask))
    last = len(mask) - size + 1
    runs = mask[:last].copy()
    for offset in range(1, size):
        runs &= mask[offset : offset + last]
    opened = np.zeros_like(mask)
    for offset in range(size):
        opened[offset : offset + last] |= runs
    return opened


def find_frame(mask):
    """Find the sides of a rectangle that a mark is.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
        A mark, in a box that is tight.

    Returns
    -------
    sides : ndarray of bool, shape (h, w), or None
        Pixels of the four sides where no stroke touches them; None if the mark is no frame.
    """
    depths = [max(2, round(_SIDE * side)) for side in mask.shape]
    sides = np.zeros_like(mask)
    for turned, out, depth in ((mask, sides, depths[0]), (mask.T, sides.T, depths[1])):
        for band, where in ((turned[:depth], out[:depth]), (turned[-depth:], out[-depth:])):
            if band.any(axis=0).mean() < _DRAWN:
                return None
            where |= band
    return sides
