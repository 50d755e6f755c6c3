"""Strips: a line of writing as a band of ink of one height, whatever its paper and its size.

What is ruled or printed on the paper is left in: the network that reads strips has seen the like.
NumPy, SciPy and Pillow alone.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image
from scipy import ndimage

# Pixels. Writing is as high as `TEXT_HEIGHT` in the middle of a strip.
STRIP_HEIGHT, TEXT_HEIGHT = 24, 18

# A line is read in several views: size, as a share of the usual one, and slant, columns to the left
# for each row down. The usual one is the first. What a network says of writing that is too large or
# too small for it, or leans too much, is outvoted. Cheques: four points more than by one view.
VIEWS = (1.0, 0.0), (0.85, 0.15), (0.85, -0.15), (1.18, 0.15), (1.18, -0.15)

# Paper beside the writing, in pixels of the strip.
_BESIDE = 6

# The network halves the width twice.
_MULTIPLE = 4

# Strokes are narrower than this, in pixels of the strip, and in a square of that most is paper.
_STROKE, _AROUND = 9, 19

# Edges of a picture are often dark, whatever the ink is.
_EDGE = 3

# Share of the pixels of a strip that are ink at least, where something is written.
_INKED = 0.03

# What takes less than this share of the light, is no ink.
_FAINTEST = 0.03

# Longer strips than any line of digits that is read are cut off.
_LONGEST = 4096


@dataclass(frozen=True)
class Strip:
    """A line of writing, ready for the network.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (24, width)
        255 where the stroke is, whichever of ink and paper is darker.
    scale : float
        Pixels of the picture to one of the strip.
    left : float
        Column of the picture where the strip begins.
    """

    pixels: np.ndarray
    scale: float
    left: float

    def to_picture(self, column):
        """Where a column of the strip is in the picture, in pixels from its left edge."""
        return self.left + column * self.scale


def strips_of(shades, region):
    """Bring a line of writing to the views in which the network reads it.

    Parameters
    ----------
    shades : ndarray of float32 or uint8, shape (h, w)
        Luminance of the whole picture.
    region : LineRegion
        Where the writing is: `left`, `top`, `width`, `height` in pixels, and `slope`, pixels down
        for one to the right.

    Returns
    -------
    strips : tuple of Strip
        One for each of `VIEWS`; none if nothing stands out of the paper.
    """
    strips = {size: strip_of(shades, region, size) for size in {size for size, _ in VIEWS}}
    if None in strips.values():
        return ()
    return tuple(_leaning(strips[size], slant) for size, slant in VIEWS)


def strip_of(shades, region, size=1.0):
    """A line of writing as one strip.

    Parameters
    ----------
    shades, region
        As for `strips_of`.
    size : float, default=1
        Of the writing, as a share of the usual one.

    Returns
    -------
    strip : Strip or None
        None if nothing stands out of the paper.
    """
    scale = region.height / (size * TEXT_HEIGHT)
    left = region.left - _BESIDE * scale
    width = math.ceil(min(region.width / scale + 2 * _BESIDE, _LONGEST) / _MULTIPLE) * _MULTIPLE
    middle = region.top + region.height / 2
    # Rows above and below for what the slope moves into the strip.
    spare = math.ceil(abs(region.slope) * width / 2)
    rows = STRIP_HEIGHT + 2 * spare
    patch, is_paper = _patch(shades, left, middle - rows / 2 * scale, (rows, width), scale)
    if spare:
        patch, is_paper = _levelled(patch, is_paper, region.slope, spare)
    ink = _ink(patch, is_paper)
    if ink is None:
        return None
    return Strip(np.rint(ink * 255).astype(np.uint8), scale, left)


def _leaning(strip, slant):
    """A strip whose writing leans more to one side, about the middle row."""
    if not slant:
        return strip
    image = Image.fromarray(strip.pixels)
    matrix = (1, slant, -slant * STRIP_HEIGHT / 2, 0, 1, 0)
    leaning = image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    return replace(strip, pixels=np.asarray(leaning))


def _patch(shades, left, top, shape, scale):
    """A part of a picture, resampled; rows and columns beyond its edges are marked.

    Returns
    -------
    patch : ndarray of float32, shape (rows, columns)
        Beyond the edges the mean of what is within.
    is_inside : ndarray of bool, shape (rows, columns)
    """
    rows, columns = shape
    inside = []
    for start, n, side in ((top, rows, shades.shape[0]), (left, columns, shades.shape[1])):
        ends = start + np.arange(n + 1) * scale
        found = np.flatnonzero((ends[:-1] >= -scale / 2) & (ends[1:] <= side + scale / 2))
        inside.append(slice(found[0], found[-1] + 1) if found.size else slice(0, 0))
    is_inside = np.zeros(shape, dtype=bool)
    is_inside[tuple(inside)] = True
    patch = np.zeros(shape, dtype=np.float32)
    if is_inside.any():
        (first, last), (begin, end) = ((part.start, part.stop) for part in inside)
        box = (left + begin * scale, top + first * scale, left + end * scale, top + last * scale)
        patch[tuple(inside)] = _resampled(shades, box, (end - begin, last - first))
        patch[~is_inside] = patch[is_inside].mean()
    return patch, is_inside


def _resampled(shades, box, size):
    """Part of a picture at another size, (columns, rows): means where it becomes smaller."""
    height, width = shades.shape
    # Pillow works on a copy of what it is given.
    x0, y0 = max(0, math.floor(box[0]) - 2), max(0, math.floor(box[1]) - 2)
    x1, y1 = min(width, math.ceil(box[2]) + 2), min(height, math.ceil(box[3]) + 2)
    part = Image.fromarray(np.ascontiguousarray(shades[y0:y1, x0:x1], dtype=np.float32))
    low = np.array([x0, y0, x0, y0])
    inner = np.clip(np.array(box) - low, 0, [x1 - x0, y1 - y0] * 2)
    return np.asarray(part.resize(size, Image.Resampling.BILINEAR, box=tuple(inner)))


def _levelled(patch, is_inside, slope, spare):
    """A patch with its columns moved up or down so that the writing is level."""
    rows = np.arange(STRIP_HEIGHT)[:, None] + spare
    columns = np.arange(patch.shape[1])[None]
    rows = rows + slope * (columns - patch.shape[1] / 2)
    whole = np.floor(rows).astype(int)
    part = (rows - whole).astype(np.float32)
    whole = np.clip(whole, 0, len(patch) - 2)
    columns = np.broadcast_to(columns, whole.shape)
    levelled = patch[whole, columns] * (1 - part) + patch[whole + 1, columns] * part
    return levelled, is_inside[whole, columns] & is_inside[whole + 1, columns]


def _ink(patch, is_inside):
    """How much ink there is on each pixel, 0 to 1; None if nothing stands out of the paper."""
    if not is_inside.any():
        return None
    low, high = patch.min(), patch.max()
    if high - low <= 1e-6 * max(abs(low), abs(high)):
        return None
    light = (patch - low) / (high - low)
    # Cubes, because ink differs more from what is around it than paper does, however little of it
    # there is.
    around = ndimage.uniform_filter(light, _AROUND, mode="nearest")
    is_far = ndimage.binary_erosion(is_inside, iterations=_EDGE)
    is_dark = ((light - around)[is_far] ** 3).sum() < 0
    if is_dark:
        ink = ndimage.grey_closing(light, _STROKE, mode="nearest") - light
    else:
        ink = light - ndimage.grey_opening(light, _STROKE, mode="nearest")
    ink[~is_inside] = 0
    values = np.sort(ink[is_inside])
    n_inked = max(1, int(_INKED * values.size))
    full = values[-n_inked:].mean()
    if full * (high - low) < _FAINTEST * max(abs(low), abs(high)):
        return None
    return np.clip(ink / full, 0, 1)
