"""Rules and frames on a mask of ink: what is drawn with a ruler before anything is written."""

import numpy as np
from scipy import ndimage

# A line is followed step by step; where so much of a step is inked, it goes on.
# Gaps of so many steps on either side are none.
_INKED, _GAP = 0.75, 1

# A side of a frame is inked along this share of its length, within this share of the frame's size.
_DRAWN, _SIDE = 0.9, 0.08


def find_rules(mask, length, thickest, step=16):
    """Find straight lines, level or upright or nearly so, that are long and thin.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
    length : float
        Shorter lines may be strokes.
    thickest : int
        Thicker ones may be strokes, too.
    step : int, default=16
        Lines are followed in steps of so many pixels.

    Returns
    -------
    rules : ndarray of bool, shape (h, w)
        Pixels of rules where no stroke crosses them.
    """
    level, upright = (_level_rules(m, length, thickest, step) for m in (mask, mask.T))
    upright = upright.T
    if not (level.any() or upright.any()):
        return level
    # Where rules cross each other there is no stroke.
    level &= ~_opened(mask & ~upright, thickest + 2)
    upright &= ~_opened((mask & ~level).T, thickest + 2).T
    return level | upright


def _level_rules(mask, length, thickest, step):
    """Pixels of lines from left to right."""
    height, width = mask.shape
    n_steps = width // step
    if n_steps < 2 or height < 3:
        return np.zeros_like(mask)
    # A line that climbs is in several rows of a step.
    thick = mask.copy()
    thick[1:] |= mask[:-1]
    thick[:-1] |= mask[1:]
    steps = thick[:, : n_steps * step].reshape(height, n_steps, step)
    dense = steps.sum(axis=2, dtype=np.uint8) >= _INKED * step
    thin = dense & ~_opened(dense, thickest + 3)
    # Strokes on a line are gaps in it.
    joined = ndimage.binary_closing(np.pad(thin, ((1, 1), (_GAP, _GAP))), np.ones((3, 2 * _GAP + 1)))
    labels, _ = ndimage.label(joined[1:-1, _GAP:-_GAP], structure=np.ones((3, 3)))
    is_rule = np.zeros(labels.max() + 1, dtype=bool)
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        columns = place[1].stop - place[1].start
        if columns * step >= length:
            rows = (labels[place] == number).sum(axis=0)
            is_rule[number] = np.median(rows) <= thickest + 2
    # Between two steps of a line, and at its ends.
    chosen = ndimage.binary_dilation(is_rule[labels], structure=np.ones((3, 3)))
    rules = np.zeros_like(mask)
    rules[:, : n_steps * step] = np.repeat(chosen, step, axis=1)
    rules[:, n_steps * step :] = chosen[:, -1:]
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
