"""Margins: what runs along a picture's edges and is uniform, which is neither paper nor ink.

Lines of a table's cell, a frame that an editor drew, bars that make a picture square. Seen from an
edge, all is uniform up to a step, darker or lighter, that runs along the whole picture.
"""

from typing import NamedTuple

import numpy as np

# Pictures with fewer pixels a side are a digit and nothing around it.
_SMALLEST = 20

# A step is larger than this share of the picture's contrast, an uneven row has differences of
# more than that, and both are larger than so many times the noise.
_STEP, _UNEVEN, _NOISE = 0.08, 0.15, 4

# No farther from the edge than this share of the side are lines; what is wider is a bar.
_LINE = 1 / 8

# A step runs along this share of the picture: at a line, which strokes may touch; at a bar; and
# where no other side has any, because a 7 has one as well, which its stem touches.
_AT_LINE, _AT_BAR, _ALONE = 0.8, 0.9, 0.97

# Lines meet where so much of the end of a step is paper.
_MEETING = 0.75

# What is thicker than this share of the side may be a stroke.
_THIN = 0.06

# The narrower side of what lies between two bars. Narrower than this share of the longer one
# it is a 1, from edge to edge.
_NARROW = 0.3


class _Margin(NamedTuple):
    """A margin: how many rows it has, and the last one with a step below; none if it has none."""

    depth: int = 0
    last: int = 0


def inner_windows(stack):
    """What of each picture lies inside of its margins.

    Parameters
    ----------
    stack : ndarray of float32, shape (n, h, w)

    Returns
    -------
    windows : ndarray of int, shape (n, 4)
        First row and column inside, and those after the last ones.
    """
    whole = np.array([0, 0, *stack.shape[1:]])
    windows = np.tile(whole, (len(stack), 1))
    if min(stack.shape[1:]) < _SMALLEST:
        return windows
    contrast = np.ptp(stack, axis=(1, 2))
    step, uneven = (np.maximum(share * contrast, _noise(stack)) for share in (_STEP, _UNEVEN))
    sides = _steps(stack, step[:, None, None], uneven[:, None, None])
    steps = [np.abs(share) * is_end for share, is_end in sides]
    has_steps = np.any([(step_share >= _AT_LINE).any(axis=1) for step_share in steps], axis=0)
    for i in np.flatnonzero(has_steps):
        window = _window(stack[i], [(share[i], is_end[i]) for share, is_end in sides], step[i])
        if window is not None:
            # There may be others inside, which were hidden by these.
            top, left, bottom, right = window
            inside = inner_windows(stack[i : i + 1, top:bottom, left:right])[0]
            windows[i] = inside + np.array([top, left, top, left])
    return windows


def _noise(stack):
    """What differences of neighbouring pixels hardly ever exceed by noise alone; (n,)."""
    pixels = stack.reshape(len(stack), -1)
    # Of some hundred pairs, because a median takes longer than all else.
    apart = (pixels.shape[1] // 256) | 1
    return _NOISE * np.median(np.abs(pixels[:, 1::apart] - pixels[:, :-1:apart]), axis=1)


def _reach(shape):
    """How many pixels apart two rows are compared: edges are soft, and lines not quite even."""
    return 2 if min(shape) < 64 else 3


def _steps(stack, step, uneven):
    """Where margins may end, seen from the top, the left, the bottom and the right.

    Returns
    -------
    sides : list of four pairs (share, is_end), each ndarray of shape (n, rows)
        Along how much of each row there is a step below it, to the darker or, negative, to the
        lighter; and whether all is uniform from the edge to this row.
    """
    reach = _reach(stack.shape[1:])
    down = stack[:, reach:] - stack[:, :-reach]
    across = (stack[:, :, reach:] - stack[:, :, :-reach]).transpose(0, 2, 1)
    is_uneven = [(np.abs(difference) > uneven).transpose(0, 2, 1) for difference in (across, down)]
    sides = []
    for difference, is_bad in zip((down, across), is_uneven, strict=True):
        darker, lighter = difference < -step, difference > step
        sides.append(_side(darker, lighter, is_bad))
        # Seen from the other side, what grew darker grows lighter.
        sides.append(_side(lighter[:, ::-1], darker[:, ::-1], is_bad[:, ::-1]))
    return sides[::2] + sides[1::2]


def _side(darker, lighter, is_uneven):
    """One of the pairs of `_steps`."""
    _, n_rows, width = darker.shape
    reach = width - is_uneven.shape[2]
    # Near to the edge its corners are left out, because lines of other sides are there.
    row, column = np.arange(n_rows)[:, None], np.arange(width)
    lines = int(_LINE * (n_rows + reach))
    corner = np.where(row <= lines, min(lines + reach, width // 4), 0)
    inside = ((column >= corner) & (column < width - corner)).astype(np.float32)
    length = inside.sum(axis=1)
    share, other = (
        np.einsum("nrw,rw->nr", mask.astype(np.float32), inside) / length
        for mask in (darker, lighter)
    )
    both = inside[:, reach:] * inside[:, :-reach]
    bad = np.einsum("nrw,rw->nr", is_uneven[:, :n_rows].astype(np.float32), both)
    is_end = (bad > 0.01 * length).cumsum(axis=1) < reach
    return np.where(share > other, share, -other), is_end


def _window(image, sides, step):
    """The window inside of the margins of one picture, or None if there are none."""
    height, width = image.shape
    for only_lines in (False, True):
        margins = [
            _margin(share, is_end, length, only_lines)
            for (share, is_end), length in zip(sides, (height, width) * 2, strict=True)
        ]
        top, left, bottom, right = (margin.depth for margin in margins)
        window = top, left, height - bottom, width - right
        if min(window[2] - top, window[3] - left) < _SMALLEST // 2 or not _meet(image, margins):
            continue
        inside = image[top : window[2], left : window[3]]
        if only_lines:
            thin = max(4, _THIN * max(height, width))
            is_cell = sum(0 < margin.depth <= thin for margin in margins) >= 3
            if is_cell or _extent(inside, step) > 0:
                return window
        elif (
            min(inside.shape) >= _NARROW * max(inside.shape)
            and _extent(inside, step) >= min(inside.shape) / 6
        ):
            return window
    return None


def _margin(share, is_end, length, only_lines):
    """The margin at one side, seen from there."""
    row = np.arange(len(share))
    is_line = row <= _LINE * length
    ends = is_end & (np.abs(share) >= np.where(is_line, _AT_LINE, _AT_BAR))
    lines, bars = np.flatnonzero(ends & is_line), np.flatnonzero(ends & ~is_line)
    if bars.size and not only_lines:
        # With a line beside it, but not with the next stroke.
        last = bars[bars <= bars[0] + max(4, _THIN * length)][-1]
    elif lines.size:
        last = lines[-1]
    else:
        return _Margin()
    depth = last + 1
    # Where the line is thicker than elsewhere.
    while depth <= last + 2 and depth < len(share) and share[depth] * np.sign(share[last]) > 0.2:
        depth += 1
    return _Margin(depth, last)


def _meet(image, margins):
    """Whether there is paper inside of all lines up to the corners: in a 0 there isn't."""
    n_margins = sum(margin.depth > 0 for margin in margins)
    if not n_margins:
        return False
    turned = (image, image.T, image[::-1], image.T[::-1])
    for number, (rows, margin) in enumerate(zip(turned, margins, strict=True)):
        if not margin.depth:
            continue
        before, after = margins[(number + 1) % 2].depth, margins[(number + 1) % 2 + 2].depth
        span = slice(before, rows.shape[1] - after)
        inside = rows[margin.depth + 1, span] - np.median(rows[margin.last, span])
        # Nearer to the paper than to the line.
        is_paper = inside * np.median(inside) > np.median(inside) ** 2 / 2
        if n_margins == 1 and is_paper.mean() < _ALONE:
            return False
        # In the very corners there is a bit of the other lines, where they slant.
        corner, end = len(inside) // 40, max(2, len(inside) // 10)
        is_paper = is_paper[corner : len(is_paper) - corner]
        if min(is_paper[:end].mean(), is_paper[-end:].mean()) < _MEETING:
            return False
    return True


def _extent(image, step):
    """How many rows or columns inside of the window are uneven, but for its rim."""
    reach = _reach(image.shape)
    rim = max(reach, int(0.15 * min(image.shape)))
    core = image[rim:-rim, rim:-rim]
    if min(core.shape) <= reach:
        return 0
    down, across = core[reach:] - core[:-reach], core[:, reach:] - core[:, :-reach]
    return max(
        np.count_nonzero((np.abs(difference) > 2 * step).any(axis=axis))
        for difference in (down, across)
        for axis in (0, 1)
    )
