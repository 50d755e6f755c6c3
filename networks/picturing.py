"""Lines as pictures: what of them is on it, on which paper, by which light, and how coarse.

Lengths without a unit are shares of the height of a digit.
"""

import io
from itertools import pairwise

import numpy as np
import papers
from PIL import Image
from scipy import ndimage

from cnn_digits.reading.lines import LineRegion


def photographed(line, kind, rng):
    """A line as a picture of uint8 and the region that a finder of lines would give.

    Returns
    -------
    picture : ndarray of uint8, shape (h, w)
    region : LineRegion
    factor : float
        Pixels of the picture to one of the line's.
    offset : float
        Column of the line where the picture begins.
    """
    h = line.height
    box = _bounds(line)
    picture_box, region_box = _cut(line, box, kind, rng)
    x0, y0, x1, y1 = picture_box
    ink = line.ink[y0:y1, x0:x1]
    inside = (box[0] - x0, box[1] - y0, box[2] - box[0], box[3] - box[1])
    edges = [e - x0 for e in _between(line)]
    picture = _inked(ink, inside, edges, h, kind, rng)
    factor = 1.0
    if not kind.clean and rng.uniform() < 0.4:
        factor = rng.uniform(max(0.4, 11 / h), 0.9)
        size = [max(8, round(side * factor)) for side in picture.shape[::-1]]
        picture = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))
        factor = size[0] / (x1 - x0)
    if not kind.clean and rng.uniform() < 0.3:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=int(rng.integers(20, 90)))
        picture = np.asarray(Image.open(file))
    left, top, right, bottom = region_box
    region = LineRegion(
        (left - x0) * factor,
        (top - y0) * factor,
        (right - left) * factor,
        (bottom - top) * factor,
        slope=_slope(line, rng, kind),
    )
    return picture, region, factor, x0


def _slope(line, rng, kind):
    """Slope that a finder would tell: near the true one, or none."""
    if kind.clean or len(line.centres) < 3 or rng.uniform() < 0.5:
        return 0.0
    feet = [extent[3] for extent in line.extents]
    return float(np.clip(np.polyfit(line.centres, feet, 1)[0], -0.15, 0.15))


def _bounds(line):
    """Left, top, right, bottom of the digits, or of the ink where there is none."""
    digits = [e for e, s in zip(line.extents, line.symbols, strict=True) if s.isdigit()]
    if digits:
        e = np.array(digits)
        return e[:, 0].min(), e[:, 1].min(), e[:, 2].max(), e[:, 3].max()
    rows, columns = np.nonzero(line.ink > 0.3)
    h = int(line.height)
    if not rows.size:
        return h, h, 4 * h, 2 * h
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def _between(line):
    """Columns between the digits and beside them, as boxes for each would have."""
    digits = [e for e, s in zip(line.extents, line.symbols, strict=True) if s.isdigit()]
    if not digits:
        return [line.height, 2 * line.height]
    inner = [(a[2] + b[0]) / 2 for a, b in pairwise(digits)]
    return [digits[0][0] - 0.2 * line.height, *inner, digits[-1][2] + 0.2 * line.height]


def _cut(line, box, kind, rng):
    """What of the line's canvas is on the picture, and what of that the region."""
    h = line.height
    left, top, right, bottom = box
    ends = [e[2] for e in line.extents] + [right]
    if kind.clean:
        room = np.full(4, h)
        jitter = rng.normal(0, 0.03, 4) * h
    else:
        room = rng.uniform(0, 0.8, 4) * h
        if rng.uniform() < 0.1:
            room -= 0.08 * h
        jitter = rng.normal(0, 0.05, 4) * h
        if rng.uniform() < 0.3:
            jitter[:] = rng.uniform(-0.05, 0.5, 4) * h
        if rng.uniform() < 0.5:
            jitter[2] += max(ends) - right  # what closes the number is in the region
    # Something is left of what is hardly more than a dot.
    least = -0.2 * np.array([right - left, bottom - top] * 2)
    room, jitter = np.maximum(room, least), np.maximum(jitter, least)
    picture = (
        int(max(0, left - room[0])),
        int(max(0, top - room[1])),
        int(min(line.ink.shape[1], max([right, *ends]) + room[2])),
        int(min(line.ink.shape[0], bottom + room[3])),
    )
    region = (left - jitter[0], top - jitter[1], right + jitter[2], bottom + jitter[3])
    low, high = np.array([picture[:2] * 2, picture[2:] * 2])
    return picture, tuple(np.clip(region, low, high))


def _inked(ink, box, edges, h, kind, rng):
    """Paper, pattern, ink and noise together, uint8."""
    shape = ink.shape
    ink = _penned(ink, h, kind, rng)
    strength = rng.uniform(0.25, 0.95)
    light = papers.shaded(shape, rng) * rng.uniform(0.35, 1)
    if not kind.clean:
        printed = np.zeros(shape, np.float32)
        chance = rng.uniform()
        if chance < 0.4:
            printed = papers.guilloche(shape, rng) * strength * rng.uniform(0.1, 0.6)
        if rng.uniform() < 0.35:
            drawn = papers.rules(shape, box, rng)
            printed = np.maximum(printed, drawn * strength * rng.uniform(0.2, 1.1))
        elif rng.uniform() < 0.1:
            drawn = papers.boxes(shape, edges, box, rng)
            printed = np.maximum(printed, drawn * strength * rng.uniform(0.2, 1))
        light = light * (1 - np.clip(printed, 0, 0.95))
    picture = light * (1 - strength * ink)
    blur = rng.uniform(0, 0.6 if kind.clean else 1.3) * h / 24
    if blur > 0.2:
        picture = ndimage.gaussian_filter(picture, blur)
    noise = strength * light.mean() * np.exp(rng.uniform(-5, -3 if kind.clean else -2.0))
    picture = picture + noise * papers.grain(shape, rng)
    if rng.uniform() < 0.2:
        picture = 1 - picture
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _penned(ink, h, kind, rng):
    """Ink of another pen: broader, finer, uneven."""
    if not kind.clean and rng.uniform() < 0.4:
        soft = ndimage.gaussian_filter(ink, h * rng.uniform(0.02, 0.05))
        ink = np.clip((soft - rng.uniform(0.15, 0.55)) * rng.uniform(1.5, 4) + 0.5, 0, 1)
    if not kind.clean and rng.uniform() < 0.4:
        uneven = ndimage.gaussian_filter(
            rng.standard_normal(ink.shape, dtype=np.float32), h * rng.uniform(0.03, 0.3)
        )
        uneven /= max(uneven.std(), 1e-6)
        ink = ink * np.clip(1 - rng.uniform(0, 0.35) * np.abs(uneven), 0, 1)
    return ink
