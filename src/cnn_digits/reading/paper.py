"""Writing told from its paper: how far each pixel is from what is around it, and where that is ink.

Light may be uneven, and paper may be patterned more faintly than it is written on. One picture at a
time, and any number of digits on it; for one digit a picture there is `framing.ink`.
"""

import math

import numpy as np
from PIL import Image
from scipy import ndimage

from cnn_digits.framing.ink import histograms, otsu, quantile, reduced

# Strokes are narrower than this share of a field's shorter side, and of a page's longer one.
_STROKE_ON_FIELD, _STROKE_ON_PAGE = 0.6, 0.12

# Ink takes at least this share of the light, and is so many times as strong as noise.
_FAINTEST, _NOISE = 0.05, 4

# Weaker than this share of the ink around it is a pattern, a rule, the edge of a stroke.
_WEAK = 0.4

# Light is known at about so many places along the longer side, noise at fewer.
_PLACES, _TILES = 256, 32

# A stroke on a field is as strong as this many standard deviations of its noise.
_BLANK = 8


def ink_on_field(image):
    """How much ink there is on each pixel of a cropped field.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)

    Returns
    -------
    ink : ndarray of float32, shape (h, w)
        0 on paper, 1 where the stroke is; all zeros if there is nothing on the paper.
    """
    # Along its edges there may be a box, and what is beyond.
    rim = [side // 8 for side in image.shape]
    inner = image[rim[0] : image.shape[0] - rim[0], rim[1] : image.shape[1] - rim[1]]
    depth = _depth(image, _is_dark(inner), int(_STROKE_ON_FIELD * min(image.shape)) | 1)
    noise = np.median(np.abs(np.diff(image, axis=1))) if image.shape[1] > 1 else 0
    strongest = ndimage.uniform_filter(depth, min(3, *image.shape)).max()
    if strongest <= max(_BLANK * noise, 1e-4 * np.abs(image).max()):
        return np.zeros_like(image)
    levels = (depth * (255 / depth.max())).astype(np.uint8)
    counts = histograms(levels[None])
    paper = np.arange(256) <= otsu(counts)[0]
    middle, spread, full = (
        float(quantile(counts * of, q)[0, 0])
        for of, q in ((paper, 0.5), (paper, 0.16), (~paper, 0.8))
    )
    floor = middle + max(4 * (middle - spread), 0.08 * (full - middle))
    floor = max(min(floor, paper.sum() - 1), full / 4)
    return np.clip((levels - floor) / max(full - floor, 1), 0, 1).astype(np.float32)


def ink_on_page(image):
    """How much of the light ink takes on each pixel of a page; 0 on paper.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)

    Returns
    -------
    ink : ndarray of float32, shape (h, w)
        0 on paper and where ink is much weaker than around it; otherwise 1 or more, 1 being what
        just stands out of the noise.
    """
    span = np.ptp(image)
    if span <= 1e-4 * np.abs(image).max():
        return np.zeros_like(image)
    coarse = means(image, max(1, max(image.shape) // _PLACES))
    is_dark = _is_dark(coarse)
    around = coarse + _depth(coarse, is_dark, int(_STROKE_ON_PAGE * max(coarse.shape)) | 1) * (
        1 if is_dark else -1
    )
    light = resized(around, image.shape)
    depth = light - image if is_dark else image - light
    # Dark ink takes a share of the light, less of it in the shade; light ink adds to it.
    depth /= np.maximum(light, 0.05 * span) if is_dark else span
    middle, noise = _noise(depth)
    depth -= resized(middle, image.shape)
    depth /= resized(np.maximum(_NOISE * noise, _FAINTEST), image.shape)
    depth[depth < 1] = 0
    depth[depth < _WEAK * _strength(depth)] = 0
    return depth


def means(image, factor):
    """Means of blocks of `factor` × `factor` pixels, float32, a band of rows at a time."""
    if factor == 1:
        return np.asarray(image, dtype=np.float32)
    height, width = (side // factor for side in image.shape)
    small = np.empty((height, width), dtype=np.float32)
    rows = max(1, 2**20 // image.shape[1] // factor)
    for first in range(0, height, rows):
        band = image[first * factor : min(first + rows, height) * factor]
        small[first : first + rows] = reduced(band[None, ..., None], factor)[0, ..., 0]
    return small


def resized(image, shape):
    """An image at another size, by linear interpolation."""
    image = Image.fromarray(np.ascontiguousarray(image, dtype=np.float32))
    return np.asarray(image.resize(shape[::-1], Image.Resampling.BILINEAR))


def _is_dark(image):
    """Whether ink is darker than paper: it is less of the picture, and differs more."""
    around = ndimage.uniform_filter(image, [side // 2 | 1 for side in image.shape], mode="nearest")
    return ((image - around) ** 3).mean() <= 0


def _depth(image, is_dark, size):
    """How far below its surroundings each pixel is, in what is narrower than `size`; none < 0."""
    half = size // 2
    # Beyond the edge the image goes on as it ends there, in both steps.
    padded = np.pad(image if is_dark else -image, half, mode="edge")
    closed = ndimage.grey_closing(padded, (size, size), mode="nearest")
    inner = tuple(slice(half, half + side) for side in image.shape)
    return closed[inner] - padded[inner]


def _noise(depth):
    """Middle of what paper is, and how far it spreads from that, tile by tile."""
    side = max(16, max(depth.shape) // _TILES)
    shape = [max(1, n // side) for n in depth.shape]
    sides = [min(side, n) for n in depth.shape]
    whole = depth[: shape[0] * sides[0], : shape[1] * sides[1]]
    tiles = whole.reshape(shape[0], sides[0], shape[1], sides[1]).transpose(0, 2, 1, 3)
    # Of some hundred pixels each.
    tiles = tiles.reshape(*shape, -1)[..., :: math.ceil(sides[0] * sides[1] / 128)]
    low, middle, high = np.quantile(tiles, (0.16, 0.5, 0.75), axis=-1).astype(np.float32)
    middle, spread = (ndimage.median_filter(x, 5, mode="nearest") for x in (middle, middle - low))
    # On black, where noise is cut off, it is seen above the middle alone, as is ink; but that is
    # not in all of the tiles.
    above = np.quantile(high - middle, 0.1)
    return middle, np.where(spread > above / 4, spread, above)


def _strength(ink):
    """How strong ink is around each pixel: its mean, each weighted by itself."""
    side = max(1, max(ink.shape) // (2 * _TILES))
    amount, square = (
        ndimage.uniform_filter(means(x, side), 9, mode="constant") for x in (ink, ink * ink)
    )
    return resized(square / np.maximum(amount, 1e-9), ink.shape)
