"""The frame of MNIST's digits: as long as its box, centred by mass, with strokes as thick.

Small functions on a stack of images of one size.
"""

import numpy as np

from cnn_digits.framing.ink import find_ink, grey, histograms, quantile, reduced
from cnn_digits.framing.margins import inner_windows
from cnn_digits.framing.parts import without_dirt
from cnn_digits.images import row_batches

# Larger images are reduced to about this many pixels a side before ink is looked for: a
# frame of 28 needs no more, and the cost of a photo is that of reading it once.
_LARGE = 256

# Ink of this share of its full strength counts when the digit is measured.
_MEASURED = 0.25

# Digits fill less of their box than this share: all of 20,000 of MNIST, of USPS and of people's
# own. A box counts as this much as wide as high at least, because a 1 fills its own.
_FILLED, _WIDE = 0.85, 0.6

# Lower quartile of the width of MNIST's strokes, in pixels, as `_stroke_width` measures it.
_THIN = 2.3


def framed(images, side, box):
    """Frames of a stack of images.

    Parameters
    ----------
    images : ndarray of shape (n, h, w, c) with c in {1, 3, 4}
        Of any real dtype.

    Returns
    -------
    frames : ndarray of uint8, shape (n, side, side)
    """
    # At least one pixel is left of each side.
    factor = min(max(images.shape[1:3]) // _LARGE, *images.shape[1:3])
    if factor > 1:
        return np.concatenate([_framed_photo(image[None], factor, side, box) for image in images])
    frames = np.empty((len(images), side, side), dtype=np.uint8)
    for rows in row_batches(images):
        shades = grey(images[rows].astype(np.float32), images.dtype)
        frames[rows] = _framed_grey(shades, side, box)
    return frames


def _framed_grey(shades, side, box):
    """Frames of grey images of one size, (n, h, w), each without its margins."""
    frames = np.empty((len(shades), side, side), dtype=np.uint8)
    windows, which = np.unique(inner_windows(shades), axis=0, return_inverse=True)
    for number, (top, left, bottom, right) in enumerate(windows):
        rows = which.ravel() == number
        inside = shades[rows, top:bottom, left:right]
        frames[rows] = _placed(without_dirt(find_ink(inside)), side, box)
    return frames


def _framed_photo(image, factor, side, box):
    """The frame of one large image, (1, h, w, c), that is reduced by `factor`; (1, side, side)."""
    shades = grey(reduced(image, factor), image.dtype)
    top, left, bottom, right = inner_windows(shades)[0]
    ink = without_dirt(find_ink(shades[:, top:bottom, left:right]))
    is_ink = ink[0] > _MEASURED
    if is_ink.any():
        rows, columns = (
            np.flatnonzero(is_ink.any(axis=axis)) + start for axis, start in ((1, top), (0, left))
        )
        extent = max(np.ptp(rows), np.ptp(columns)) + 1
        if extent < _LARGE / 3:
            # Small in a large picture: again, closer.
            margin = extent // 2 + 2
            closer = tuple(
                slice(max(0, found[0] - margin) * factor, (found[-1] + 1 + margin) * factor)
                for found in (rows, columns)
            )
            return framed(image[:, closer[0], closer[1]], side, box)
    return _placed(ink, side, box)


def is_framed(images, side, box):
    """Which images have the frame already, white on black; (n, h, w, c) to (n,)."""
    if images.shape[1:] != (side, side, 1):
        return np.zeros(len(images), dtype=bool)
    stack = images[..., 0].astype(np.float32)
    total = stack.sum(axis=(1, 2))
    fits = (stack.min(axis=(1, 2)) == 0) & (total > 0)
    # As much is black as lies outside of the box: black bars beside a picture are less.
    fits &= (stack == 0).sum(axis=(1, 2)) >= side**2 - box**2
    pixel = np.arange(side) + 0.5
    strong = _MEASURED * stack.max(axis=(1, 2), keepdims=True)
    extents = []
    for axis in (1, 2):
        for threshold in (0, strong):
            is_ink = (stack > threshold).any(axis=3 - axis)
            extents.append(side - is_ink[:, ::-1].argmax(axis=1) - is_ink.argmax(axis=1))
        centre = stack.sum(axis=3 - axis) @ pixel / np.maximum(total, 1e-9)
        # To the pixel: MNIST's digits were moved by whole ones.
        fits &= np.abs(centre - side / 2) <= 1
    faintest, strongest = np.maximum(extents[:2], extents[2:])
    # The edges of strokes are faint, and part of the box or not.
    return fits & (faintest >= box) & (strongest <= box)


def white_on_black(images):
    """Images that have the frame already, as frames: any dtype to uint8, both (n, side, side)."""
    if images.dtype == np.uint8:
        return images
    scale = images.max(axis=(1, 2), keepdims=True).astype(np.float64)
    return np.rint(images / scale * 255).astype(np.uint8)


def is_empty(frames):
    """Which frames have no ink on them: no pixel above zero; (n, side, side) to (n,)."""
    return ~(np.asarray(frames) > 0).any(axis=(1, 2))


def is_filled(frames):
    """Which frames have ink on most of its box, as digits don't; (n, side, side) to (n,)."""
    is_ink = np.asarray(frames) > 127
    height, width = _extent(is_ink, 1), _extent(is_ink, 2)
    least = _WIDE * np.maximum(height, width)
    return is_ink.sum(axis=(1, 2)) > _FILLED * np.maximum(height, least) * np.maximum(width, least)


def _extent(is_ink, axis):
    """How many rows or columns there are from the first to the last one with ink; (n,)."""
    profile = is_ink.any(axis=3 - axis)
    return profile.shape[1] - profile[:, ::-1].argmax(axis=1) - profile.argmax(axis=1)


def _placed(ink, side, box):
    """Scale each digit into a box of `box` pixels and put its centre of mass in the middle.

    Parameters
    ----------
    ink : ndarray of float32, shape (n, h, w)

    Returns
    -------
    frames : ndarray of uint8, shape (n, side, side)
    """
    is_ink = ink > _MEASURED
    scales, centres = [], []
    for axis in (1, 2):
        scales.append(_extent(is_ink, axis) / box)
        mass = ink.sum(axis=3 - axis)
        middle = np.arange(mass.shape[1]) + 0.5
        centres.append(mass @ middle / np.maximum(mass.sum(axis=1), 1e-9))
    scale = np.maximum(*scales)
    rows, columns = (
        _weights(centre, scale, length, side)
        for centre, length in zip(centres, ink.shape[1:], strict=True)
    )
    frames = _strong(rows @ ink @ columns.transpose(0, 2, 1))
    frames[~is_ink.any(axis=(1, 2))] = 0
    return np.rint(_thickened(frames) * 255).astype(np.uint8)


def _strong(frames):
    """Bring strokes to full strength: thin ones come out faint where an image is made smaller."""
    levels = (np.clip(frames, 0, 1) * 255).astype(np.uint8)
    full = quantile(histograms(levels) * (np.arange(256) > 50), 0.9)
    return np.clip(frames * (255 / np.maximum(full, 1))[..., None], 0, 1)


def _thickened(frames):
    """Make strokes thicker that are thinner than three in four of MNIST's."""
    for _ in range(3):
        thin = np.flatnonzero(_stroke_width(frames) < _THIN)
        if not thin.size:
            break
        frames[thin] = _strong(_softened(frames[thin]))
    return frames


def _softened(frames):
    """A Gaussian blur of a standard deviation of half a pixel."""
    beside, middle = 0.1065, 0.787
    padded = np.pad(frames, ((0, 0), (1, 1), (1, 1)))
    down = middle * padded[:, 1:-1] + beside * (padded[:, :-2] + padded[:, 2:])
    return middle * down[:, :, 1:-1] + beside * (down[:, :, :-2] + down[:, :, 2:])


def _stroke_width(frames):
    """Mean width of the strokes in pixels: twice their area through the length of their edges."""
    down, right = np.gradient(np.pad(frames, ((0, 0), (1, 1), (1, 1))), axis=(1, 2))
    return 2 * frames.sum(axis=(1, 2)) / np.maximum(np.hypot(down, right).sum(axis=(1, 2)), 1e-9)


def _weights(centre, scale, length, side):
    """How much of each of `length` pixels goes into each of `side`; shape (n, side, length).

    The mean of the area that a pixel of the frame covers where the image is made smaller,
    linear interpolation where it is magnified.
    """
    middle = (
        centre[:, None, None] + (np.arange(side)[:, None] + 0.5 - side / 2) * scale[:, None, None]
    )
    half = np.maximum(scale, 1)[:, None, None] / 2
    pixel = np.arange(length)
    overlap = np.minimum(middle + half, pixel + 1) - np.maximum(middle - half, pixel)
    return (np.clip(overlap, 0, None) / (2 * half)).astype(np.float32)
