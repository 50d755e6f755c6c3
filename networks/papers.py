"""Papers that lines are written on: light, grain, rules, boxes, the patterns of cheques."""

import numpy as np
from scipy import ndimage


def shaded(shape, rng):
    """Light on paper, 1 on average: even, or falling from one side to the other."""
    rows, columns = shape
    if rng.uniform() < 0.5:
        return np.ones(shape, np.float32)
    down, right = rng.normal(0, 0.12, 2)
    y, x = np.linspace(-1, 1, rows)[:, None], np.linspace(-1, 1, columns)[None]
    light = 1 + down * y + right * x
    if rng.uniform() < 0.3:  # the edge of a shadow
        angle = rng.uniform(0, np.pi)
        place = np.cos(angle) * x * columns / rows + np.sin(angle) * y - rng.normal(0, 1)
        light = light - rng.uniform(0.05, 0.3) / (1 + np.exp(-place * rng.uniform(2, 30)))
    return np.clip(light, 0.2, 2).astype(np.float32)


def guilloche(shape, rng):
    """The fine waves that cheques are printed with, 0 to 1, one to four families of lines."""
    rows, columns = shape
    y, x = np.mgrid[:rows, :columns].astype(np.float32) / rows
    ink = np.zeros(shape, np.float32)
    for _ in range(rng.integers(1, 5)):
        angle = rng.choice([0, rng.uniform(-0.35, 0.35), rng.uniform(-1.2, 1.2)])
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        if rng.uniform() < 0.25:  # arcs
            across = np.hypot(along - rng.uniform(-2, 4), across - rng.uniform(-2, 3))
        waves = rng.uniform(0, 0.15) * np.sin(along * rng.uniform(1, 12) + rng.uniform(0, 7))
        n_lines = rng.uniform(5, 16)
        lines = np.cos(2 * np.pi * n_lines * (across + waves) + rng.uniform(0, 7))
        sharp = rng.uniform(0, 0.8)
        ink = np.maximum(ink, rng.uniform(0.4, 1) * np.clip((lines - sharp) / (1 - sharp), 0, 1))
    return ink


def rules(shape, box, rng):
    """Rules and frames near the writing, 0 to 1; `box`: left, top, width, height of the writing."""
    rows, columns = shape
    left, top, width, height = box
    ink = np.zeros(shape, np.float32)
    thick = max(1, round(height * rng.uniform(0.02, 0.08)))

    def level(y, strength, begin=0, end=None):
        y = round(y)
        climb = rng.normal(0, 0.004) * columns
        shift = np.rint(np.linspace(-climb, climb, columns)).astype(int)
        for column in range(begin, columns if end is None else min(end, columns)):
            first = y + shift[column]
            if first + thick > 0:
                part = ink[max(first, 0) : first + thick, column]
                np.maximum(part, strength, out=part)

    def upright(x, strength):
        first = round(x)
        if first + thick > 0:
            ink[:, max(first, 0) : first + thick] = strength

    kind = rng.uniform()
    if kind < 0.3:  # the line that one writes on
        level(top + height * rng.uniform(0.85, 1.15), rng.uniform(0.2, 1))
    elif kind < 0.5:  # ruled paper
        pitch, start = height * rng.uniform(0.5, 1.6), rng.uniform(0, height)
        strength = rng.uniform(0.1, 0.7)
        for y in np.arange(start, rows, pitch):
            level(y, strength)
        if rng.uniform() < 0.4:
            for x in np.arange(rng.uniform(0, pitch), columns, pitch):
                upright(x, strength)
    elif kind < 0.85:  # the edges of a cell
        strength = rng.uniform(0.2, 1)
        gap = height * rng.uniform(0.05, 0.6, 4)
        if rng.uniform() < 0.7:
            level(top - gap[0], strength)
        if rng.uniform() < 0.7:
            level(top + height + gap[1], strength)
        if rng.uniform() < 0.6:
            upright(left - gap[2], strength)
        if rng.uniform() < 0.6:
            upright(left + width + gap[3], strength)
    else:  # through the writing
        level(top + height * rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.6))
    return ink


def boxes(shape, edges, box, rng):
    """A box for each digit: `edges` are the columns between them."""
    ink = np.zeros(shape, np.float32)
    _, top, _, height = box
    thick = max(1, round(height * rng.uniform(0.02, 0.06)))
    above, below = (
        round(top - height * rng.uniform(0.1, 0.4)),
        round(top + height * rng.uniform(1.1, 1.4)),
    )
    strength = rng.uniform(0.2, 1)
    above, below = max(0, above), min(shape[0] - thick, below)
    for x in edges:
        x = min(max(0, round(x)), shape[1] - thick)
        ink[above : below + thick, x : x + thick] = strength
    begin, end = max(0, round(edges[0])), min(shape[1], round(edges[-1]))
    ink[above : above + thick, begin:end] = strength
    ink[below : below + thick, begin:end] = strength
    return ink


def grain(shape, rng):
    """Noise of paper and camera, of a standard deviation of 1, coarse or fine."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    coarse = rng.choice([0, 0, 0.6, 1.2])
    if coarse:
        noise = ndimage.gaussian_filter(noise, coarse)
        noise /= max(noise.std(), 1e-6)
    return noise
