"""From pixels to ink: what stands out of the paper, whichever of them is darker.

Small functions on a stack of images of one size. Paper may be lit unevenly, ruled, and lie on a
table. What the marks mean, and which of them are the digit, is not asked here.
"""

import math

import numpy as np
from scipy import ndimage

# On images this large, by the shorter and the longer side, there is paper around the digit, with
# light and lines on it; smaller ones hold little but the digit.
_HAS_PAPER = 29, 48

# What is wider than this share of the longer side is no stroke but the dark part of a picture.
_SHADOW = 0.5

# Strokes are taken to be no wider than this share of the longer side where light is uneven, and
# to take more than this share of the light.
_STROKE, _FAINTEST = 0.25, 0.08

# Paper and ink are two classes where this share of the variance is between them: noise reaches
# 0.70 and light that falls from one side 0.75, but it has no strokes; digits that are cut closely
# out of a cheque have 0.81 in the middle.
_CLEAR = 0.72

# What touches a pixel: the eight around it, in the same image of the stack.
_NEIGHBOURS = np.zeros((3, 3, 3), dtype=bool)
_NEIGHBOURS[1] = True


def find_ink(stack):
    """How much ink there is on each pixel, whichever of ink and paper is darker.

    Parameters
    ----------
    stack : ndarray of float32, shape (n, h, w)

    Returns
    -------
    ink : ndarray of float32, shape (n, h, w)
        0 on paper, 1 where the stroke is; all zeros if there is nothing on the paper.
    """
    has_paper = all(np.sort(stack.shape[1:]) >= _HAS_PAPER)
    if has_paper:
        stack = _without_light(_without_table(stack))
    levels, paper, ink, is_ink = _told_apart(_levels_of(stack))
    middle = quantile(paper, 0.5)
    noise = middle - quantile(paper, 0.16)
    full = quantile(ink, 0.8)
    floor = middle + np.maximum(4 * noise, 0.08 * (full - middle))
    # Where there is little paper, its noise is the soft edges of strokes, or a pattern that is
    # fainter than they are: they would be broken.
    faintest = (ink > 0).argmax(axis=1)[:, None]
    at_risk = np.flatnonzero(floor > faintest)
    is_clear = _separation(paper[at_risk], ink[at_risk]) > _CLEAR
    width = stroke_width(is_ink[at_risk].astype(np.float32))
    is_clear &= width < _STROKE * max(stack.shape[1:])
    floor[at_risk[is_clear]] = faintest[at_risk[is_clear]]
    # Nothing stands out of the noise.
    is_blank = full - floor < 4
    scale = np.where(is_blank, 0, 1 / np.maximum(full - floor, 1))
    ink = np.clip((levels - floor[..., None]) * scale[..., None], 0, 1).astype(np.float32)
    if has_paper:
        _without_lines(ink)
    return ink


def grey(stack, dtype):
    """Luminance, on white where images are transparent.

    Parameters
    ----------
    stack : ndarray of float32, shape (n, h, w, c) with c in {1, 3, 4}
    dtype : dtype
        Of the pixels before they were float32: it tells what is white.

    Returns
    -------
    grey : ndarray of float32, shape (n, h, w)
    """
    if stack.shape[-1] == 1:
        return stack[..., 0]
    light = stack[..., :3] @ np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601
    if stack.shape[-1] == 3:
        return light
    white = _white(stack, dtype)
    opacity = stack[..., 3] / white
    on_white = light * opacity + white * (1 - opacity)
    # White ink on nothing at all shows in what is opaque.
    is_blank = np.ptp(on_white, axis=(1, 2)) < 1e-3 * white
    return np.where(is_blank[:, None, None], white * (1 - opacity), on_white)


def _white(stack, dtype):
    """The value of white, and of what is opaque."""
    if dtype.kind == "f" or dtype.kind == "b":
        return 1 if stack.max() <= 1 else 255
    return np.iinfo(dtype).max if dtype.kind == "u" else 255


def _without_table(stack):
    """Paint over what lies around a sheet of paper: a table, the black border of a scan.

    Parameters
    ----------
    stack : ndarray of float32, shape (n, h, w)

    Returns
    -------
    stack : ndarray of float32, shape (n, h, w)
        Where something large lies inside the picture, its surroundings have its own shade.
    """
    factor = max(1, max(stack.shape[1:]) // 64)
    small = reduced(stack[..., None], factor)[..., 0]
    masks = _told_apart(_levels_of(small))[3]
    out = stack
    # None is thick enough for a sheet, mostly.
    is_thick = _is_thick(masks, _STROKE * max(masks.shape[1:]))
    for i in np.flatnonzero(is_thick & (_share_of_border(masks) < 0.05)):
        filled = ndimage.binary_fill_holes(masks[i])
        holes = filled & ~masks[i]
        depth = ndimage.distance_transform_edt(masks[i])
        thickest, hole = 2 * depth.max(), 2 * ndimage.distance_transform_edt(holes).max()
        # Holes in a sheet are strokes, longer than wide; those in a bold 0 or 8 are not.
        is_written_on = holes.sum() > 4 * hole**2 and filled.mean() >= 0.3
        if thickest <= (_STROKE if is_written_on else _SHADOW) * max(filled.shape):
            continue  # strokes
        labels, _ = ndimage.label(filled)
        is_sheet = labels == labels.flat[depth.argmax()]
        # Its edge is neither table nor paper.
        is_sheet = ndimage.binary_erosion(is_sheet, iterations=2)
        rows, columns = (
            np.minimum(np.arange(side) // factor, small_side - 1)
            for side, small_side in zip(stack.shape[1:], is_sheet.shape, strict=True)
        )
        if out is stack:
            out = stack.copy()
        out[i][~is_sheet[np.ix_(rows, columns)]] = np.median(small[i][is_sheet & masks[i]])
    return out


def _without_light(stack):
    """Take the light on the paper away where it is uneven: paper comes out near zero.

    Parameters
    ----------
    stack : ndarray of float32, shape (n, h, w)

    Returns
    -------
    stack : ndarray of float32, shape (n, h, w)
        Where light is uneven, ink is below zero. All zeros if that is no more than noise.
    """
    small = reduced(stack[..., None], max(1, max(stack.shape[1:]) // 32))[..., 0]
    _, paper, ink, is_ink = _told_apart(_levels_of(small))
    middle = quantile(paper, 0.5)
    # Of the side away from the ink, because on the other one there are the edges of strokes.
    spread = middle - quantile(paper, 0.05)
    is_even = (spread <= 0.1 * (quantile(ink, 0.8) - middle))[:, 0]
    # A shadow is thicker than strokes are.
    is_even &= ~_is_thick(is_ink, _SHADOW * max(small.shape[1:]))
    out = stack.copy()
    for i in np.flatnonzero(~is_even):
        low, high = min(0, stack[i].min()), stack[i].max()
        image, coarse = ((pixels[i] - low) / (high - low) for pixels in (stack, small))
        around = ndimage.median_filter(
            coarse, size=[max(3, side // 2) for side in coarse.shape], mode="nearest"
        )
        # Cubes, because ink differs more than anything else, however little of it there is.
        is_dark = ((coarse - around) ** 3).mean() < 0
        light = _closed(image if is_dark else -image, int(_STROKE * max(image.shape)))
        # Dark ink takes a share of the light, less of it in the shade; light ink adds to it.
        unit = np.maximum(light, 0.05) if is_dark else 1
        out[i] = ((image if is_dark else -image) - light) / unit
        noise = np.median(np.abs(np.diff(image))) / np.median(unit)
        if -ndimage.uniform_filter(out[i], 3).min() < max(_FAINTEST, 6 * noise):
            out[i] = 0
    return out


def _is_thick(masks, width):
    """Which masks a disc fits into that is wider than `width`; (n, h, w) to (n,).

    The picture's edge is no end of a mask.
    """
    # A square within the disc first: that is tried on all of them at once.
    square = 2 * int(width / 2 / math.sqrt(2)) + 1
    inside = ndimage.minimum_filter(
        masks.view(np.uint8), size=(1, square, square), mode="constant", cval=1
    )
    is_thick = inside.any(axis=(1, 2))
    for i in np.flatnonzero(is_thick):
        is_thick[i] = 2 * ndimage.distance_transform_edt(masks[i]).max() > width
    return is_thick


def _closed(image, size):
    """Grey closing by a square of `size` pixels: what is dark and narrower is filled.

    Strokes are filled from their sides; the edge of a shadow stays where it is.
    """
    # Beyond the edge the image goes on as it ends there, in both steps.
    half = size // 2
    wide = ndimage.grey_closing(np.pad(image, half, mode="edge"), (size, size), mode="nearest")
    return wide[half : half + image.shape[0], half : half + image.shape[1]]


def _told_apart(levels):
    """Two classes of pixels, paper and ink, the darker or the lighter one.

    Parameters
    ----------
    levels : ndarray of uint8, shape (n, h, w)

    Returns
    -------
    levels : ndarray of uint8, shape (n, h, w)
        The same, reversed where ink is dark: ink is high.
    paper, ink : ndarray of int, shape (n, 256)
        Number of pixels of each level.
    is_ink : ndarray of bool, shape (n, h, w)
    """
    counts = histograms(levels)
    threshold = otsu(counts)
    is_high = levels > threshold[..., None]
    # Paper is around the digit, and most of the picture.
    is_light = _share_of_border(is_high)[:, None] + is_high.mean(axis=(1, 2))[:, None] > 1
    levels = np.where(is_light[..., None], 255 - levels, levels)
    counts = np.where(is_light, counts[:, ::-1], counts)
    threshold = np.where(is_light, 254 - threshold, threshold)
    is_paper = np.arange(256) <= threshold
    is_ink = is_high != is_light[..., None]
    return levels, counts * is_paper, counts * ~is_paper, is_ink


def _separation(paper, ink):
    """Share of the variance of all pixels that is between two classes (Otsu 1979); (n,).

    Parameters
    ----------
    paper, ink : ndarray of int, shape (n, 256)
        Number of pixels of each level.
    """
    level = np.arange(256)

    def squares(counts):
        n = counts.sum(axis=1)
        return counts @ level**2 - (counts @ level) ** 2 / np.maximum(n, 1)

    return 1 - (squares(paper) + squares(ink)) / np.maximum(squares(paper + ink), 1e-9)


def _share_of_border(masks):
    """Share of the outermost pixels that are in a mask; (n, h, w) to (n,)."""
    sides = [masks[:, 0], masks[:, -1], masks[:, :, 0], masks[:, :, -1]]
    return np.concatenate(sides, axis=1).mean(axis=1)


def otsu(counts):
    """Last level of the darker of two classes, by Otsu (1979); (n, 256) to (n, 1)."""
    below = counts.cumsum(axis=1, dtype=np.float64)
    total = below[:, -1:]
    moment = (counts * np.arange(256)).cumsum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (moment[:, -1:] * below - moment * total) ** 2 / (below * (total - below))
    between = np.nan_to_num(between)
    # In the middle between the classes, where no level is taken and all are as good.
    best = between >= between.max(axis=1, keepdims=True) * (1 - 1e-9)
    return (best * np.arange(256)).sum(axis=1, keepdims=True) // best.sum(axis=1, keepdims=True)


def _levels_of(stack):
    """Pixels as 256 levels between the darkest and the lightest; those are equal: all 0."""
    low, high = stack.min(axis=(1, 2), keepdims=True), stack.max(axis=(1, 2), keepdims=True)
    # A span of nothing but rounding errors is none.
    is_blank = high - low <= 1e-6 * np.maximum(np.abs(low), np.abs(high))
    scale = 255 / np.where(is_blank, np.inf, high - low)
    return np.clip((stack - low) * scale, 0, 255).astype(np.uint8)


def histograms(levels):
    """Number of pixels of each level; (n, h, w) of uint8 to (n, 256)."""
    n = len(levels)
    bins = levels.reshape(n, -1) + 256 * np.arange(n)[:, None]
    return np.bincount(bins.ravel(), minlength=256 * n).reshape(n, 256)


def quantile(counts, q):
    """Level below or at which a share of `q` of the pixels is; (n, 256) to (n, 1)."""
    below = counts.cumsum(axis=1)
    return (below < q * below[:, -1:]).sum(axis=1, keepdims=True)


def stroke_width(ink):
    """Mean width of the strokes in pixels: twice their area through the length of their edges.

    Parameters
    ----------
    ink : ndarray of float32, shape (n, h, w)

    Returns
    -------
    width : ndarray of float32, shape (n,)
    """
    down, right = np.gradient(np.pad(ink, ((0, 0), (1, 1), (1, 1))), axis=(1, 2))
    return 2 * ink.sum(axis=(1, 2)) / np.maximum(np.hypot(down, right).sum(axis=(1, 2)), 1e-9)


def reduced(stack, factor):
    """Means of blocks of `factor` × `factor` pixels; shape (n, h, w, c), to float32.

    What is over at the right and at the bottom, less than a block, is left out.
    """
    n, height, width, channels = stack.shape
    height, width = height // factor, width // factor
    # Rows first: whole rows are added to each other, many times faster than neighbours.
    dtype = np.uint32 if stack.dtype.kind in "bu" else np.float32
    rows = stack[:, : height * factor].reshape(n, height, factor, -1, channels)
    rows = rows.sum(axis=2, dtype=dtype)[:, :, : width * factor]
    blocks = rows.reshape(n, height, width, factor, channels).sum(axis=3, dtype=np.float32)
    return blocks / factor**2


def _without_lines(ink):
    """Wipe off the lines of ruled and squared paper: those from one edge to the other.

    Where a stroke crosses a line it stays.

    Parameters
    ----------
    ink : ndarray of float32, shape (n, h, w)
        Changed in place.
    """
    for sheet in (ink, ink.transpose(0, 2, 1)):
        least = 0.95 * sheet.shape[2]
        # Of the others there is no need to look closer.
        crossed = np.flatnonzero((sheet > 0).any(axis=1).sum(axis=1) >= least)
        is_ink = (sheet[crossed] > 0).astype(np.uint8)
        # Long runs, also of a line that climbs by a pixel or two on the way.
        length = int(0.3 * sheet.shape[2])
        thick = ndimage.grey_dilation(is_ink, size=(1, 3, 1))
        runs = ndimage.grey_opening(thick, size=(1, 1, length | 1))
        labels, places = connected(runs)
        for number, (image, rows, columns) in enumerate(places, start=1):
            if columns.stop - columns.start < least:
                continue
            i = image.start
            line = (labels[i, rows] == number) & (is_ink[i, rows] == 1)
            if not line.any():
                continue  # dots around the run, which none of them is on
            thickness = int(np.median(line.sum(axis=0)[line.any(axis=0)]))
            if thickness > max(2, 0.015 * max(sheet.shape[1:])):
                continue  # the stem of a digit that fills the picture
            strokes = ndimage.grey_opening(is_ink[i], size=(thickness + 2 | 1, 1))[rows]
            sheet[crossed[i], rows][line & (strokes == 0)] = 0


def connected(masks):
    """Marks of pixels that touch each other, across corners too, in the same image.

    Parameters
    ----------
    masks : ndarray of bool or int, shape (n, h, w)

    Returns
    -------
    labels : ndarray of int, shape (n, h, w)
        From 1, image by image; 0 outside the masks.
    places : list of tuples of three slices
        Image, rows and columns of each mark.
    """
    labels, n_labels = ndimage.label(masks, structure=_NEIGHBOURS)
    return labels, ndimage.find_objects(labels, n_labels) if n_labels else []
