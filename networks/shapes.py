"""Digits in shapes that none of the collections has and people elsewhere write, drawn by strokes.

Nines that are a ring on a stem, fives like the sign of a root, fours like an h, sevens that are all
stem and bar: those of the cheques of South America. Points are (row, column), in heights of a
digit.
"""

import numpy as np
from strokes import curve, line

# Rows and columns of the canvas, and of a digit on it.
_SIDE, _HEIGHT, _ROOM = 84, 40, 14


def five(canvas, pen, rng):
    """Down a little, up to the top, and a long bar to the right."""
    top = rng.uniform(0, 0.1), rng.uniform(0.3, 0.6)
    low = 1.0, rng.uniform(0.1, 0.3)
    start = rng.uniform(0.6, 0.95), rng.uniform(-0.1, 0.05)
    if rng.uniform() < 0.5:
        canvas = _line(canvas, [start, low], pen)
    else:
        bend = 1.05, low[1] - rng.uniform(0.1, 0.25)
        canvas = _curve(canvas, start, bend, low, pen)
    end = top[0] + rng.uniform(-0.1, 0.1), top[1] + rng.uniform(0.2, 0.9)
    return _line(canvas, [low, top, end], pen)


def nine(canvas, pen, rng):
    """A ring, and a stem that leaves it below, not at its right."""
    high, wide = rng.uniform(0.18, 0.3), rng.uniform(0.14, 0.3)
    begin = rng.uniform(-1.6, 0.2)
    angles = begin - np.linspace(0, rng.uniform(5.2, 6.3), 14)
    lean = rng.uniform(-0.2, 0.3)
    rows, columns = high + high * np.sin(angles), 0.4 + wide * np.cos(angles)
    columns = columns - lean * (rows - high)
    canvas = _line(canvas, list(zip(rows, columns, strict=True)), pen)
    leaves = rng.uniform(0.8, 1.9)  # radians below the right
    start = high + high * np.sin(leaves), 0.4 + wide * np.cos(leaves) - lean * high
    end = 1.0, start[1] - lean * (1 - start[0]) + rng.uniform(-0.15, 0.1)
    bend = (start[0] + 1) / 2, (start[1] + end[1]) / 2 + rng.uniform(-0.08, 0.08)
    return _curve(canvas, start, bend, end, pen)


def four(canvas, pen, rng):
    """A long stem, from its foot to the right, and a second stem that is short."""
    top = 0.0, rng.uniform(0.25, 0.6)
    low = rng.uniform(0.55, 0.85), rng.uniform(0, 0.15)
    right = low[0] - rng.uniform(-0.05, 0.2), rng.uniform(0.4, 0.7)
    canvas = _line(canvas, [top, low], pen)
    bend = (low[0] + right[0]) / 2 - rng.uniform(-0.02, 0.12), (low[1] + right[1]) / 2
    canvas = _curve(canvas, low, bend, right, pen)
    start = right[0] - rng.uniform(0.0, 0.3), right[1] + rng.uniform(-0.02, 0.08)
    return _line(canvas, [start, (rng.uniform(0.9, 1.1), right[1] - rng.uniform(-0.05, 0.2))], pen)


def seven(canvas, pen, rng):
    """A stem with a bar across; of the upper stroke there is little."""
    top = 0.0, rng.uniform(0.35, 0.55)
    foot = 1.0, top[1] - rng.uniform(-0.03, 0.4)
    canvas = _line(canvas, [top, foot], pen)
    row = rng.uniform(0.35, 0.6)
    across = top[1] + row * (foot[1] - top[1])
    left, right, rise = rng.uniform(0.08, 0.3), rng.uniform(0.2, 0.6), rng.uniform(-0.1, 0.2)
    ends = [(row + rise * left, across - left), (row - rise * right, across + right)]
    canvas = _line(canvas, ends, pen)
    if rng.uniform() < 0.75:
        end = rng.uniform(-0.02, 0.1), top[1] - rng.uniform(0.1, 0.35)
        canvas = _line(canvas, [top, end], pen)
    return canvas


SHAPES = {4: four, 5: five, 7: seven, 9: nine}


def drawn(label, pen, rng):
    """The ink of a digit; `pen`: width of its strokes, in pixels to 40 of its height."""
    canvas = np.zeros((_SIDE, _SIDE), np.float32)
    return SHAPES[label](canvas, pen, rng)


def _placed(point):
    return point[0] * _HEIGHT + _ROOM, point[1] * _HEIGHT + _ROOM


def _line(canvas, points, pen):
    return line(canvas, list(map(_placed, points)), pen)


def _curve(canvas, start, bend, end, pen):
    return curve(canvas, *map(_placed, (start, bend, end)), pen)
