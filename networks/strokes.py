"""Strokes that few of MNIST's writers make and many others do, drawn onto its digits.

A canvas is a float32 array of ink from 0 to 1, `SCALE` times as fine as a frame and with room
around it. Points are (row, column).
"""

from itertools import pairwise

import numpy as np
from scipy.ndimage import affine_transform, zoom

# Finer than frames, so that edges that are drawn are as soft as theirs when it is framed again.
SCALE, ROOM = 2, 20


def canvas_of(frame):
    """The ink of a frame of uint8 on a canvas."""
    ink = zoom(frame.astype(np.float32) / 255, SCALE, order=1, grid_mode=True, mode="grid-constant")
    return np.pad(ink, ROOM)


def picture_of(canvas):
    """A canvas as a picture of uint8, light on dark, that `FrameDigits` takes."""
    return np.rint(np.clip(canvas, 0, 1) * 255).astype(np.uint8)


def stroke_width(canvas):
    """Mean width of the strokes: twice their area through the length of their edges."""
    down, right = np.gradient(canvas)
    return 2 * canvas.sum() / max(np.hypot(down, right).sum(), 1e-6)


def line(canvas, points, width):
    """Draw straight strokes from point to point, with soft edges and round ends."""
    rows, columns = np.indices(canvas.shape, dtype=np.float32)
    nearest = np.full(canvas.shape, np.inf, np.float32)
    for (r0, c0), (r1, c1) in pairwise(points):
        down, right = r1 - r0, c1 - c0
        along = ((rows - r0) * down + (columns - c0) * right) / max(down**2 + right**2, 1e-6)
        along = np.clip(along, 0, 1)
        distance = np.hypot(rows - r0 - along * down, columns - c0 - along * right)
        nearest = np.minimum(nearest, distance)
    return np.maximum(canvas, np.clip(width / 2 + 0.5 - nearest, 0, 1))


def curve(canvas, start, bend, end, width):
    """Draw a stroke that leaves `start` towards `bend` and comes from there to `end`."""
    t = np.linspace(0, 1, 7)[:, None]
    start, bend, end = map(np.asarray, (start, bend, end))
    return line(canvas, (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end, width)


def flag(canvas, rng):
    """A one's stroke from its top down to the left, short or nearly as long as the stem."""
    stem = _stem(canvas)
    if stem is None:
        return canvas
    top, bottom = stem
    height = np.hypot(*(bottom - top))
    length = height * rng.uniform(0.15, 0.95)
    slant = np.arctan2(top[1] - bottom[1], bottom[0] - top[0])
    # A long one that is as flat as the bar of a seven would be one.
    flattest = np.radians(85 if length < 0.3 * height else 68)
    angle = min(slant + np.radians(rng.uniform(18, 60)), flattest)
    angle = max(angle, slant + np.radians(12))
    along = np.array([np.cos(angle), -np.sin(angle)])
    bend = top + along * length / 2 + rng.uniform(-0.12, 0.12) * length * along[::-1] * [1, -1]
    width = stroke_width(canvas) * rng.uniform(0.75, 1.1)
    return curve(canvas, top, bend, top + along * length, width)


def foot(canvas, rng):
    """The line that a one stands on, and print has below fours and sevens."""
    lower = _lower_end(canvas)
    if lower is None:
        return canvas
    top, bottom, _, _ = _box(canvas)
    length = (bottom - top) * rng.uniform(0.15, 0.45, size=2)
    rise = np.tan(np.radians(rng.uniform(-15, 15)))
    aside = np.outer([-length[0], length[1]], [-rise, 1])
    return line(canvas, lower + aside, stroke_width(canvas))


def bar(canvas, rng):
    """The bar across a seven's stem."""
    top, bottom, _, _ = _box(canvas)
    height = bottom - top
    row = top + height * rng.uniform(0.4, 0.75)
    inked = np.flatnonzero(canvas[int(row)] > 0.5)
    if not inked.size:
        return canvas
    # Where the row has several strokes, the stem is the one to the right.
    column = inked[inked > inked[-1] - 2 * stroke_width(canvas)].mean()
    left, right = height * rng.uniform(0.12, 0.4, size=2)
    rise = np.tan(np.radians(rng.uniform(-10, 25)))
    ends = [(row + rise * left, column - left), (row - rise * right, column + right)]
    return line(canvas, ends, stroke_width(canvas) * rng.uniform(0.8, 1.1))


def tick(canvas, rng):
    """The short stroke down from the left end of a seven's top."""
    top, bottom, _, _ = _box(canvas)
    height = bottom - top
    rows, columns = np.nonzero(canvas[: int(top + 0.4 * height)] > 0.5)
    if not rows.size:
        return canvas
    width = stroke_width(canvas)
    start = np.array([rows[columns < columns.min() + width].mean(), columns.min() + width / 2])
    angle, length = np.radians(rng.uniform(-15, 35)), height * rng.uniform(0.1, 0.35)
    return line(canvas, [start, start + length * np.array([np.cos(angle), -np.sin(angle)])], width)


def hook(canvas, rng):
    """The stroke from a nine's lower end to the left, and up again."""
    top, bottom, _, _ = _box(canvas)
    height, width = bottom - top, stroke_width(canvas)
    start = _lower_end(canvas)
    if start is None:
        return canvas
    reach = height * rng.uniform(0.2, 0.5)
    end = start + np.array([-height * rng.uniform(-0.05, 0.2), -reach])
    bend = start + np.array([height * 0.12, -reach / 2])
    return curve(canvas, start, bend, end, width)


def gap(canvas, rng):
    """Open a loop at its upper right: nines then look like an S, eights like a cut ribbon."""
    top, bottom, _, _ = _box(canvas)
    row = top + (bottom - top) * rng.uniform(0.16, 0.34)
    inked = np.flatnonzero(canvas[int(row)] > 0.5)
    if not inked.size:
        return canvas
    width = stroke_width(canvas)
    rows, columns = np.indices(canvas.shape, dtype=np.float32)
    distance = np.hypot(rows - row, columns - (inked[-1] - width / 2))
    return canvas * np.clip(distance - width * rng.uniform(0.8, 1.4) + 0.5, 0, 1)


def curl(canvas, rng):
    """The loose end of a zero: out over its top, or into its middle."""
    top, bottom, left, right = _box(canvas)
    height, width = bottom - top, right - left
    pen = stroke_width(canvas)
    columns = np.flatnonzero(canvas[int(min(top + pen / 2, bottom - 1))] > 0.5)
    if not columns.size:
        return canvas
    start = np.array([top + pen / 2, columns.mean()])
    bend = start + np.array([height * rng.uniform(-0.2, 0.25), width * rng.uniform(-0.3, 0.4)])
    end = start + np.array([height * rng.uniform(-0.2, 0.4), width * rng.uniform(-0.4, 0.8)])
    return curve(canvas, start, bend, end, pen * rng.uniform(0.7, 1))


def slash(canvas, rng):
    """The stroke across a zero, from lower left to upper right or level."""
    top, bottom, left, right = _box(canvas)
    if bottom == top:
        return canvas
    middle = np.array([top + bottom, left + right]) / 2
    half = np.array([-(bottom - top) * rng.uniform(0, 0.6), (right - left) * rng.uniform(0.4, 0.7)])
    return line(canvas, [middle - half, middle + half], stroke_width(canvas))


def mirrored(canvas, rng):
    """A nine with its stem below the left of the loop, as a rho: leaning as it did before."""
    lean = np.tan(np.radians(rng.uniform(10, 35)))
    middle = (canvas.shape[0] - 1) / 2
    leaning = np.array([[1, 0], [lean, 1]])
    return affine_transform(canvas[:, ::-1], leaning, [0, -lean * middle], order=1)


# What is drawn on a digit, and how often: each by itself, none of them never.
STROKES = {
    0: [(curl, 0.3), (slash, 0.1)],
    1: [(flag, 0.9), (foot, 0.3)],
    4: [(foot, 0.1)],
    7: [(bar, 0.7), (tick, 0.4), (foot, 0.05)],
    8: [(gap, 1.0)],
    9: [(mirrored, 0.2), (gap, 0.6), (hook, 0.6)],
}

# After these no other comes.
_LAST = {mirrored}


def drawn(frame, label, rng):
    """A digit with some of the strokes that others make of it, as a canvas."""
    canvas = canvas_of(frame)
    for stroke, share in STROKES.get(label, ()):
        if rng.uniform() < share:
            canvas = stroke(canvas, rng)
            if stroke in _LAST:
                break
    return canvas


def _box(canvas):
    """First row, last row, first column and last column of the ink."""
    rows, columns = np.nonzero(canvas > 0.5)
    if not rows.size:
        return 0, 0, 0, 0
    return rows.min(), rows.max() + 1, columns.min(), columns.max() + 1


def _lower_end(canvas):
    """Where the ink ends below, or None if that is wider than a stroke."""
    _, bottom, _, _ = _box(canvas)
    width = stroke_width(canvas)
    columns = np.nonzero(canvas[int(bottom - width) : int(bottom)] > 0.5)[1]
    if not columns.size or np.ptp(columns) > 3 * width:
        return None
    return np.array([bottom - width / 2, columns.mean()])


def _stem(canvas):
    """Upper and lower end of a one, or None if it is not a straight stroke."""
    points = np.argwhere(canvas > 0.5).astype(float)
    if len(points) < 3:
        return None
    middle = points.mean(axis=0)
    axes = np.linalg.svd(points - middle, full_matrices=False)[2]
    along = axes[0] * (1 if axes[0, 0] > 0 else -1)
    place = (points - middle) @ along
    off = (points - middle) @ axes[1]
    if off.std() > 0.1 * np.ptp(place):
        return None
    width = stroke_width(canvas)
    return middle + (place.min() + width / 2) * along, middle + (place.max() - width / 2) * along
