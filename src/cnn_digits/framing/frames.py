"""The frame of MNIST's digits: as long as its box, centred by mass, with strokes as thick.

Small functions on a stack of images of one size.
"""

from dataclasses import dataclass

import numpy as np

from cnn_digits.framing.ink import find_ink, grey, histograms, quantile, reduced, stroke_width
from cnn_digits.framing.margins import inner_windows
from cnn_digits.framing.parts import find_digit, find_parts
from cnn_digits.images import row_batches

# Of MNIST's frames: height and width, and the longer side of the digit in it, in pixels.
SIDE, BOX = 28, 20

# Larger images are reduced to about this many pixels a side before ink is looked for: a
# frame of 28 needs no more, and the cost of a photo is that of reading it once.
_LARGE = 256

# Ink of this share of its full strength counts when the digit is measured.
_MEASURED = 0.25

# Digits fill less of their box than this share: all of 20,000 of MNIST, of USPS and of people's
# own. A box counts as this much as wide as high at least, because a 1 fills its own.
_FILLED, _WIDE = 0.85, 0.6

# Whether there are several digits is seen in what is above this, of 255. Two that touch are so
# many times as wide as high, each row across more than two strokes counted so many times; two that
# don't are each as high as this share of both, as heavy as that of the heavier one, and share no
# more than that of their width. Of other people's single digits, 0.0 to 0.8 % are taken for more,
# of the numbers in registers and on cheques 95 and 99 %.
_INK, _SEVERAL, _CROWDED = 100, 1.2, 1.5
_HIGH, _HEAVY, _SHARED = 0.6, 0.3, 0.2

# Lower quartile of the width of MNIST's strokes, in pixels, as `stroke_width` measures it.
_THIN = 2.3


@dataclass(frozen=True)
class Examined:
    """Frames, and what is wrong with the images in them.

    Parameters
    ----------
    frames : ndarray of uint8, shape (n, side, side)
    is_empty, is_filled, is_several : ndarray of bool, shape (n,)
        See `FrameDigits.examine`.
    """

    frames: np.ndarray
    is_empty: np.ndarray
    is_filled: np.ndarray
    is_several: np.ndarray


def examined(stacks, side, box):
    """Frames of images of any sizes.

    Parameters
    ----------
    stacks : list of (ndarray of int, ndarray of shape (n, h, w, c))
        Places and images of one size.

    Returns
    -------
    examined : Examined
    """
    n = sum(len(rows) for rows, _ in stacks)
    frames = np.empty((n, side, side), dtype=np.uint8)
    is_several = np.zeros(n, dtype=bool)
    for rows, images in stacks:
        as_it_is = is_framed(images, side, box)
        if as_it_is.any():
            frames[rows[as_it_is]] = white_on_black(images[as_it_is, :, :, 0])
        if not as_it_is.all():
            rows, images = rows[~as_it_is], images[~as_it_is]
            frames[rows], has_others = framed(images, side, box)
            is_several[rows] = has_others | holds_several(frames[rows])
    return Examined(frames, is_empty(frames), is_filled(frames), is_several)


def framed(images, side, box):
    """Frames of a stack of images.

    Parameters
    ----------
    images : ndarray of shape (n, h, w, c) with c in {1, 3, 4}
        Of any real dtype.

    Returns
    -------
    frames : ndarray of uint8, shape (n, side, side)
    has_others : ndarray of bool, shape (n,)
        Whether other digits seem to be on the image, which are not in the frame.
    """
    # At least one pixel is left of each side.
    factor = min(max(images.shape[1:3]) // _LARGE, *images.shape[1:3])
    frames = np.empty((len(images), side, side), dtype=np.uint8)
    has_others = np.empty(len(images), dtype=bool)
    if factor > 1:
        for i, image in enumerate(images):
            frames[i], has_others[i] = _framed_photo(image[None], factor, side, box)
        return frames, has_others
    for rows in row_batches(images):
        shades = grey(images[rows].astype(np.float32), images.dtype)
        frames[rows], has_others[rows] = _framed_grey(shades, side, box)
    return frames, has_others


def _framed_grey(shades, side, box):
    """Both for grey images of one size, (n, h, w), each without its margins."""
    frames = np.empty((len(shades), side, side), dtype=np.uint8)
    has_others = np.empty(len(shades), dtype=bool)
    windows, which = np.unique(inner_windows(shades), axis=0, return_inverse=True)
    for number, (top, left, bottom, right) in enumerate(windows):
        rows = which.ravel() == number
        ink, has_others[rows] = find_digit(find_ink(shades[rows, top:bottom, left:right]))
        frames[rows] = _placed(ink, side, box)
    return frames, has_others


def _framed_photo(image, factor, side, box):
    """Both for one large image, (1, h, w, c), that is reduced by `factor`; (side, side), bool."""
    shades = grey(reduced(image, factor), image.dtype)
    top, left, bottom, right = inner_windows(shades)[0]
    ink, has_others = find_digit(find_ink(shades[:, top:bottom, left:right]))
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
            frames, has_more = framed(image[:, closer[0], closer[1]], side, box)
            return frames[0], has_others[0] | has_more[0]
    return _placed(ink, side, box)[0], has_others[0]


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


def holds_several(frames):
    """Which frames have more than one digit on them; (n, side, side) to (n,)."""
    ink = np.where(np.asarray(frames) > _INK, frames, 0)
    is_ink = ink > 0
    # Digits that touch each other are wide where they are high, and have rows that cross more than
    # two strokes.
    height = _extent(is_ink, 1)
    width = _length(_length(is_ink.transpose(0, 2, 1)) >= np.maximum(height, 1)[:, None] / 2)
    n_strokes = np.count_nonzero(np.diff(is_ink, axis=2, prepend=False, append=False), axis=2) // 2
    n_crowded = np.count_nonzero(n_strokes > 2, axis=1)
    is_several = (height > 0) & (width + _CROWDED * n_crowded >= _SEVERAL * height)
    _, parts = find_parts(ink)
    first = np.searchsorted(parts["image"], np.arange(len(ink) + 1))
    for i in np.flatnonzero(np.diff(first) > 1):
        is_several[i] |= _stand_beside(parts[first[i] : first[i + 1]], height[i])
    return is_several


def _stand_beside(parts, height):
    """Whether two of the parts of a frame stand beside each other and nearly fill its height."""
    (top, left, bottom, right), mass = parts["box"].T, parts["mass"]
    main = mass.argmax()
    is_large = (bottom - top >= _HIGH * height) & (mass >= _HEAVY * mass[main])
    shared = np.minimum(right, right[main]) - np.maximum(left, left[main])
    is_beside = shared <= _SHARED * np.minimum(right - left, right[main] - left[main])
    return is_large[main] and (is_large & is_beside).any()


def _extent(is_ink, axis):
    """How many rows or columns there are from the first to the last one with ink; (n,)."""
    return _length(is_ink.any(axis=3 - axis))


def _length(masks):
    """From the first to the last True of each row, 0 where there is none; (..., k) to (...)."""
    ends = masks.argmax(axis=-1) + masks[..., ::-1].argmax(axis=-1)
    return np.where(masks.any(axis=-1), masks.shape[-1] - ends, 0)


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
        thin = np.flatnonzero(stroke_width(frames) < _THIN)
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
