"""FrameDigits: people's own digits, brought into the frame that MNIST's digits have.

From top to bottom: the steps from pixels to a frame, small functions on a stack of images
of one size, then the transformer. NumPy and SciPy only.
"""

import warnings
from numbers import Integral
from os import PathLike

import numpy as np
from scipy import ndimage
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context, clone
from sklearn.utils._param_validation import Interval

from cnn_digits.images import (
    check_images,
    infer_image_shape,
    pieces,
    to_image_shape,
)

# Larger images are reduced to about this many pixels a side before ink is looked for: a
# frame of 28 needs no more, and the cost of a photo is that of reading it once.
_LARGE = 256

# On images this large there is paper around the digit, with light and lines on it; smaller
# ones hold little but the digit.
_HAS_PAPER = 64

# What is wider than this share of the longer side is no stroke but the dark part of a picture.
_SHADOW = 0.5

# Strokes are taken to be no wider than this share of the longer side where light is uneven, and
# to take more than this share of the light.
_STROKE, _FAINTEST = 0.25, 0.08

# Ink of this share of its full strength counts when the digit is measured.
_MEASURED = 0.25

# Parts of a digit have ink of this share of its full strength somewhere.
_PART = 0.4

# Lower quartile of the width of MNIST's strokes, in pixels, as `stroke_width` measures it.
_THIN = 2.3

# Neighbours are those in the same image of a stack, across corners too.
_NEIGHBOURS = np.zeros((3, 3, 3), dtype=bool)
_NEIGHBOURS[1] = True


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


def grey(stack, white):
    """Luminance, on white where images are transparent.

    Parameters
    ----------
    stack : ndarray of float32, shape (n, h, w, c) with c in {1, 3, 4}
    white : float
        The value of white and of what is opaque.

    Returns
    -------
    grey : ndarray of float32, shape (n, h, w)
    """
    if stack.shape[-1] == 1:
        return stack[..., 0]
    light = stack[..., :3] @ np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601
    if stack.shape[-1] == 3:
        return light
    opacity = stack[..., 3] / white
    on_white = light * opacity + white * (1 - opacity)
    # White ink on nothing at all shows in what is opaque.
    is_blank = np.ptp(on_white, axis=(1, 2)) < 1e-3 * white
    return np.where(is_blank[:, None, None], white * (1 - opacity), on_white)


def histograms(levels):
    """Number of pixels of each level; (n, h, w) of uint8 to (n, 256)."""
    n = len(levels)
    bins = levels.reshape(n, -1) + 256 * np.arange(n)[:, None]
    return np.bincount(bins.ravel(), minlength=256 * n).reshape(n, 256)


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


def quantile(counts, q):
    """Level below or at which a share of `q` of the pixels is; (n, 256) to (n, 1)."""
    below = counts.cumsum(axis=1)
    return (below < q * below[:, -1:]).sum(axis=1, keepdims=True)


def levels_of(stack):
    """Pixels as 256 levels between the darkest and the lightest; those are equal: all 0."""
    low, high = stack.min(axis=(1, 2), keepdims=True), stack.max(axis=(1, 2), keepdims=True)
    # A span of nothing but rounding errors is none.
    is_blank = high - low <= 1e-6 * np.maximum(np.abs(low), np.abs(high))
    scale = 255 / np.where(is_blank, np.inf, high - low)
    return np.clip((stack - low) * scale, 0, 255).astype(np.uint8)


def share_of_border(masks):
    """Share of the outermost pixels that are in a mask; (n, h, w) to (n,)."""
    sides = [masks[:, 0], masks[:, -1], masks[:, :, 0], masks[:, :, -1]]
    return np.concatenate(sides, axis=1).mean(axis=1)


def told_apart(levels):
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
    is_light = share_of_border(is_high)[:, None] + is_high.mean(axis=(1, 2))[:, None] > 1
    levels = np.where(is_light[..., None], 255 - levels, levels)
    counts = np.where(is_light, counts[:, ::-1], counts)
    threshold = np.where(is_light, 254 - threshold, threshold)
    is_paper = np.arange(256) <= threshold
    is_ink = is_high != is_light[..., None]
    return levels, counts * is_paper, counts * ~is_paper, is_ink


def without_light(stack):
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
    _, paper, ink, is_ink = told_apart(levels_of(small))
    middle = quantile(paper, 0.5)
    # Of the side away from the ink, because on the other one there are the edges of strokes.
    spread = middle - quantile(paper, 0.05)
    is_even = (spread <= 0.1 * (quantile(ink, 0.8) - middle))[:, 0]
    # A shadow is thicker than strokes are. The picture's edge is no end of it.
    thickest = np.array([2 * ndimage.distance_transform_edt(mask).max() for mask in is_ink])
    is_even &= thickest <= _SHADOW * max(small.shape[1:])
    out = stack.copy()
    for i in np.flatnonzero(~is_even):
        low, high = min(0, stack[i].min()), stack[i].max()
        image, coarse = ((pixels[i] - low) / (high - low) for pixels in (stack, small))
        around = ndimage.median_filter(
            coarse, size=[max(3, side // 2) for side in coarse.shape], mode="nearest"
        )
        # Cubes, because ink differs more than anything else, however little of it there is.
        is_dark = ((coarse - around) ** 3).mean() < 0
        light = closed(image if is_dark else -image, int(_STROKE * max(image.shape)))
        # Dark ink takes a share of the light, less of it in the shade; light ink adds to it.
        unit = np.maximum(light, 0.05) if is_dark else 1
        out[i] = ((image if is_dark else -image) - light) / unit
        noise = np.median(np.abs(np.diff(image))) / np.median(unit)
        if -ndimage.uniform_filter(out[i], 3).min() < max(_FAINTEST, 6 * noise):
            out[i] = 0
    return out


def without_table(stack):
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
    masks = told_apart(levels_of(small))[3]
    out = stack
    for i in np.flatnonzero(share_of_border(masks) < 0.05):
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


def closed(image, size):
    """Grey closing by a square of `size` pixels: what is dark and narrower is filled.

    Strokes are filled from their sides; the edge of a shadow stays where it is.
    """
    # Beyond the edge the image goes on as it ends there, in both steps.
    half = size // 2
    wide = ndimage.grey_closing(np.pad(image, half, mode="edge"), (size, size), mode="nearest")
    return wide[half : half + image.shape[0], half : half + image.shape[1]]


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
    if min(stack.shape[1:]) >= _HAS_PAPER:
        stack = without_light(without_table(stack))
    levels, paper, ink, _ = told_apart(levels_of(stack))
    middle = quantile(paper, 0.5)
    noise = middle - quantile(paper, 0.16)
    full = quantile(ink, 0.8)
    floor = middle + np.maximum(4 * noise, 0.08 * (full - middle))
    # Nothing stands out of the noise.
    is_blank = full - floor < 4
    scale = np.where(is_blank, 0, 1 / np.maximum(full - floor, 1))
    return np.clip((levels - floor[..., None]) * scale[..., None], 0, 1).astype(np.float32)


def without_lines(ink):
    """Wipe off the lines of ruled and squared paper: those from one edge to the other.

    Where a stroke crosses a line it stays.

    Parameters
    ----------
    ink : ndarray of float32, shape (n, h, w)
        Changed in place.
    """
    for sheet in (ink, ink.transpose(0, 2, 1)):
        is_ink = (sheet > 0).astype(np.uint8)
        # Long runs, also of a line that climbs by a pixel or two on the way.
        length = int(0.3 * sheet.shape[2])
        thick = ndimage.grey_dilation(is_ink, size=(1, 3, 1))
        runs = ndimage.grey_opening(thick, size=(1, 1, length | 1))
        labels = ndimage.label(runs, structure=_NEIGHBOURS)[0]
        for number, (i, rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
            if columns.stop - columns.start < 0.95 * sheet.shape[2]:
                continue
            line = (labels[i, rows] == number) & (is_ink[i, rows] == 1)
            if not line.any():
                continue  # dots around the run, which none of them is on
            thickness = int(np.median(line.sum(axis=1)[line.any(axis=1)]))
            if thickness > max(2, 0.015 * max(sheet.shape[1:])):
                continue  # the stem of a digit that fills the picture
            strokes = ndimage.grey_opening(is_ink[i], size=(1, thickness + 2 | 1, 1))[:, rows]
            sheet[i, rows][line & (strokes == 0)] = 0


def without_dirt(ink):
    """Wipe off what is no part of the digit: specks, edges of the sheet, other strokes.

    Parameters
    ----------
    ink : ndarray of float32, shape (n, h, w)
        Changed in place.
    """
    labels, n_parts = ndimage.label(ink > 0, structure=_NEIGHBOURS)
    if n_parts == 0:
        return
    places = ndimage.find_objects(labels)
    image = np.array([place[0].start for place in places])
    mass = np.bincount(labels.ravel(), ink.ravel())[1:]
    is_faint = np.bincount(labels.ravel(), ink.ravel() >= _PART)[1:] == 0
    corners = np.array([[rows.start, cols.start, rows.stop, cols.stop] for _, rows, cols in places])
    keep = np.ones(n_parts + 1, dtype=bool)
    first = np.searchsorted(image, np.arange(len(ink) + 1))
    for i in np.flatnonzero(np.diff(first) > 1):
        parts = slice(first[i], first[i + 1])
        keep[1:][parts] = _belongs(mass[parts], is_faint[parts], corners[parts], ink.shape[1:])
    ink *= keep[labels]


def _belongs(mass, is_faint, corners, shape):
    """Which parts of an image are the digit.

    The heaviest one is, and what is near to it and not too light: the bar of a 5, pieces of a
    faint stroke.
    """
    edges = (corners[:, :2] == 0).sum(axis=1) + (corners[:, 2:] == shape).sum(axis=1)
    # What touches the edge is often something else that the picture cuts off.
    main = np.argmax(mass * np.array([1, 0.6, 0.3, 0.3, 0.3])[edges])
    belongs = np.zeros(len(mass), dtype=bool)
    belongs[main] = True
    size = (corners[main, 2:] - corners[main, :2]).max()
    candidate = (mass >= 0.01 * mass[main]) & ~is_faint
    candidate &= (edges == 0) | (mass >= 0.1 * mass[main])
    reach = np.where(mass > 0.2 * mass[main], 0.4, 0.15) * size
    new = [main]
    while len(new):
        apart = np.maximum(
            corners[:, None, :2] - corners[None, new, 2:],
            corners[None, new, :2] - corners[:, None, 2:],
        )
        gap = apart.max(axis=2).min(axis=1)
        joins = candidate & ~belongs & (gap <= reach)
        belongs |= joins
        new = np.flatnonzero(joins)
    return belongs


def placed(ink, side, box):
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
        profile = is_ink.any(axis=3 - axis)
        first = profile.argmax(axis=1)
        after = profile.shape[1] - profile[:, ::-1].argmax(axis=1)
        scales.append((after - first) / box)
        mass = ink.sum(axis=3 - axis)
        middle = np.arange(mass.shape[1]) + 0.5
        centres.append(mass @ middle / np.maximum(mass.sum(axis=1), 1e-9))
    scale = np.maximum(*scales)
    rows, columns = (
        _weights(centre, scale, length, side)
        for centre, length in zip(centres, ink.shape[1:], strict=True)
    )
    frames = strong(rows @ ink @ columns.transpose(0, 2, 1))
    frames[~is_ink.any(axis=(1, 2))] = 0
    return np.rint(thickened(frames) * 255).astype(np.uint8)


def strong(frames):
    """Bring strokes to full strength: thin ones come out faint where an image is made smaller."""
    levels = (np.clip(frames, 0, 1) * 255).astype(np.uint8)
    full = quantile(histograms(levels) * (np.arange(256) > 50), 0.9)
    return np.clip(frames * (255 / np.maximum(full, 1))[..., None], 0, 1)


def thickened(frames):
    """Make strokes thicker that are thinner than three in four of MNIST's."""
    for _ in range(3):
        thin = np.flatnonzero(stroke_width(frames) < _THIN)
        if not thin.size:
            break
        frames[thin] = strong(softened(frames[thin]))
    return frames


def softened(frames):
    """A Gaussian blur of a standard deviation of half a pixel."""
    beside, middle = 0.1065, 0.787
    padded = np.pad(frames, ((0, 0), (1, 1), (1, 1)))
    down = middle * padded[:, 1:-1] + beside * (padded[:, :-2] + padded[:, 2:])
    return middle * down[:, :, 1:-1] + beside * (down[:, :, :-2] + down[:, :, 2:])


def stroke_width(frames):
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
    for rows in pieces(images):
        frames[rows] = placed(_ink_of(images[rows].astype(np.float32), images.dtype), side, box)
    return frames


def _framed_photo(image, factor, side, box):
    ink = _ink_of(reduced(image, factor), image.dtype)
    is_ink = ink[0] > _MEASURED
    if is_ink.any():
        rows, columns = (np.flatnonzero(is_ink.any(axis=axis)) for axis in (1, 0))
        extent = max(np.ptp(rows), np.ptp(columns)) + 1
        if extent < _LARGE / 3:
            # Small in a large picture: again, closer.
            margin = extent // 2 + 2
            closer = tuple(
                slice(max(0, found[0] - margin) * factor, (found[-1] + 1 + margin) * factor)
                for found in (rows, columns)
            )
            return framed(image[:, closer[0], closer[1]], side, box)
    return placed(ink, side, box)


def _ink_of(stack, dtype):
    """Ink of the digits alone; `dtype` is that of the pixels before they were float32."""
    if dtype.kind == "f" or dtype.kind == "b":
        white = 1 if stack.max() <= 1 else 255
    else:
        white = np.iinfo(dtype).max if dtype.kind == "u" else 255
    ink = find_ink(grey(stack, white))
    if min(ink.shape[1:]) >= _HAS_PAPER:
        without_lines(ink)
    without_dirt(ink)
    return ink


def is_framed(images, side, box):
    """Which images have the frame already, white on black; (n, h, w, c) to (n,)."""
    if images.shape[1:] != (side, side, 1):
        return np.zeros(len(images), dtype=bool)
    stack = images[..., 0].astype(np.float32)
    total = stack.sum(axis=(1, 2))
    is_framed = (stack.min(axis=(1, 2)) == 0) & (total > 0)
    pixel = np.arange(side) + 0.5
    strong = _MEASURED * stack.max(axis=(1, 2), keepdims=True)
    extents = []
    for axis in (1, 2):
        for threshold in (0, strong):
            is_ink = (stack > threshold).any(axis=3 - axis)
            extents.append(side - is_ink[:, ::-1].argmax(axis=1) - is_ink.argmax(axis=1))
        centre = stack.sum(axis=3 - axis) @ pixel / np.maximum(total, 1e-9)
        # To the pixel: MNIST's digits were moved by whole ones.
        is_framed &= np.abs(centre - side / 2) <= 1
    faintest, strongest = np.maximum(extents[:2], extents[2:])
    # The edges of strokes are faint, and part of the box or not.
    return is_framed & (faintest >= box) & (strongest <= box)


class FrameDigits(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Bring images of one digit each into the frame of MNIST's: what the network was shown.

    A network trained on MNIST has only seen white digits on black, scaled into a box of
    20 × 20 pixels and centred by their mass in 28 × 28 [1]_; other people's digits, merely
    resized, it reads wrong one time in five. This finds paper and ink, whichever is darker
    and however the light falls, leaves out lines and specks, makes hairlines thicker, and puts
    every digit into that frame. One that is framed already comes out unchanged.

    Stands first in a pipeline. Needs no `fit`, so that it can stand before a classifier that
    was loaded from a file.

    Read more in the user guide: :ref:`own_images`.

    Parameters
    ----------
    side : int, default=28
        Height and width of the frames, in pixels.

    box : int, default=20
        The longer side of the digit in it, in pixels; at most `side`.

    Attributes
    ----------
    image_shape_ : tuple of three ints or None
        Height, width and channels of the images in `fit`; None if they came as a list.

    n_features_in_ : int
        Values per image, if `fit` saw an array.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X was a DataFrame with string columns.

    See Also
    --------
    read_images : Read pictures into a list that this takes.
    Reshape : Goes before this where flat rows are no square grey images.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to
       document recognition", Proceedings of the IEEE 86(11), 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from cnn_digits import FrameDigits
    >>> paper = np.full((60, 90), 230, dtype=np.uint8)
    >>> paper[10:50, 70:75] = 40  # a one, far off the middle
    >>> frames = FrameDigits().fit_transform([paper])
    >>> frames.shape, frames.dtype
    ((1, 28, 28), dtype('uint8'))
    >>> frames[0, 14, 9:19]
    array([  0,   0,   7,  84, 255, 255,  84,   7,   0,   0], dtype=uint8)
    """

    _parameter_constraints = {
        "side": [Interval(Integral, 1, None, closed="left")],
        "box": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, side=28, box=20):
        self.side = side
        self.box = box

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the images; nothing is learnt from them but the width of flat rows.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w), (n, h, w, 3) or (n, h, w, 4), or \
                list of ndarray of shape (h, w), (h, w, 3) or (h, w, 4)
            Images of any real dtype and any scale; a fourth channel is opacity. Those of a list
            may have different sizes.

        y : Ignored
            For API consistency.

        Returns
        -------
        self : FrameDigits

        Raises
        ------
        ValueError, TypeError
            If X is empty, not numeric or not finite, has images without pixels, or a list
            holds grey and colour images; if `box` is larger than `side`.

        Warns
        -----
        UserWarning
            If flat rows are no square images: they are zero-padded.
        """
        if self.box > self.side:
            raise ValueError(f"box={self.box} is larger than side={self.side}.")
        self._stacks(X, reset=True)
        return self

    def transform(self, X):
        """Frame each image.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w), (n, h, w, 3) or (n, h, w, 4), or \
                list of ndarray of shape (h, w), (h, w, 3) or (h, w, 4)
            Flat rows must have the width of those in `fit`, if there was one; other images may
            have any size.

        Returns
        -------
        X_new : ndarray of uint8, shape (n, side, side)
            White on black, whatever the images were.

        Warns
        -----
        UserWarning
            If there is no ink on some images: their frames are empty.
        """
        if not hasattr(self, "image_shape_"):
            # Before a network that was loaded from a file there is nothing to fit on.
            return clone(self).fit(X).transform(X)
        stacks = self._stacks(X, reset=False)
        n = sum(len(rows) for rows, _ in stacks)
        out = np.empty((n, self.side, self.side), dtype=np.uint8)
        for rows, images in stacks:
            as_it_is = is_framed(images, self.side, self.box)
            if as_it_is.any():
                out[rows[as_it_is]] = _white_on_black(images[as_it_is, :, :, 0])
            if not as_it_is.all():
                out[rows[~as_it_is]] = framed(images[~as_it_is], self.side, self.box)
        is_empty = ~out.any(axis=(1, 2))
        if is_empty.any():
            first = ", ".join(map(str, np.flatnonzero(is_empty)[:5]))
            warnings.warn(
                f"No ink was found on {is_empty.sum()} of {n} images, the first ones "
                f"X[{first}]: their frames are empty.",
                UserWarning,
                stacklevel=2,
            )
        return out

    def _stacks(self, X, *, reset):
        """Validate images; row numbers and images of shape (n, h, w, c), for each size."""
        if isinstance(X, tuple) and len(X) == 2 and isinstance(X[1], list) and _is_text(X[1]):
            raise TypeError("X is (images, names), as read_images returns; expected the images.")
        if _is_list_of_images(X):
            images = _check_list(X)
            if reset:
                self.image_shape_ = None
                for name in ("n_features_in_", "feature_names_in_"):
                    vars(self).pop(name, None)  # of an earlier fit
            sizes = {}
            for i, image in enumerate(images):
                sizes.setdefault((image.shape, image.dtype), []).append(i)
            return [
                (
                    np.array(rows),
                    # A single photo is not copied.
                    np.stack([images[i] for i in rows]) if len(rows) > 1 else images[rows[0]][None],
                )
                for rows in sizes.values()
            ]
        if isinstance(X, (str, PathLike)):
            raise TypeError(f"X is {X!r}; expected images, such as cnn_digits.read_images returns.")
        if isinstance(X, (list, tuple)) and not X:
            raise ValueError("X is empty; expected at least one image.")
        if not reset and self.image_shape_ is None and np.ndim(X) == 2:
            raise ValueError(
                "X has flat rows, but FrameDigits was fitted on a list of images, which says "
                "nothing of their width; expected (n, height, width) or a list."
            )
        images = check_images(self, X, reset=reset)
        if images.ndim == 2:
            if reset:
                self.image_shape_ = infer_image_shape(images)
            images = to_image_shape(images, self.image_shape_)
        else:
            channels = images.shape[3] if images.ndim == 4 else 1
            if images.ndim == 3 and images.shape[2] in (3, 4) and images.shape[1] > 4:
                raise ValueError(
                    f"X has shape {images.shape}, which looks like one colour image; expected "
                    "several: (n, height, width, channels), or [X]."
                )
            _check_channels(channels, f"X has shape {images.shape}")
            images = images.reshape(*images.shape[:3], channels)
            if reset:
                self.image_shape_ = images.shape[1:]
        return [(np.arange(len(images)), images)]

    def set_output(self, *, transform=None):
        """Do nothing: images have three axes and stay arrays, in every pipeline.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None
            Ignored.

        Returns
        -------
        self : FrameDigits
        """
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = []  # always uint8
        return tags


def _white_on_black(images):
    if images.dtype == np.uint8:
        return images
    scale = images.max(axis=(1, 2), keepdims=True).astype(np.float64)
    return np.rint(images / scale * 255).astype(np.uint8)


def _is_text(names):
    return bool(names) and all(isinstance(name, str) for name in names)


def _is_list_of_images(X):
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 1
    return isinstance(X, (list, tuple)) and any(
        getattr(image, "ndim", 0) > 1 or isinstance(image, (str, PathLike)) for image in X
    )


def _check_list(X):
    """Arrays of shape (h, w, c), or an error that names the first image that is none."""
    images = []
    for i, image in enumerate(X):
        image = np.asarray(image)
        if image.dtype.kind not in "buif":
            raise TypeError(
                f"X[{i}] has dtype {image.dtype}; expected an image of numbers. "
                "cnn_digits.read_images reads pictures from files."
            )
        if image.ndim not in (2, 3) or 0 in image.shape:
            raise ValueError(
                f"X[{i}] has shape {image.shape}; expected an image: (height, width) or (height, "
                "width, channels), with pixels."
            )
        image = image[..., None] if image.ndim == 2 else image
        _check_channels(image.shape[2], f"X[{i}] has shape {image.shape}")
        if images and image.shape[2] != images[0].shape[2]:
            raise ValueError(
                f"X[{i}] has {image.shape[2]} channels, X[0] has {images[0].shape[2]}; expected "
                "the same of all images."
            )
        with np.errstate(over="ignore"):
            is_finite = np.isfinite(image.astype(np.float32)) if image.dtype.kind == "f" else True
        if not np.all(is_finite):
            row, column = np.argwhere(~is_finite)[0][:2]
            raise ValueError(
                f"X[{i}] contains NaN or infinity, first in row {row}, column {column}; pixels "
                "must be finite numbers."
            )
        images.append(image)
    return images


def _check_channels(channels, seen):
    if channels not in (1, 3, 4):
        raise ValueError(
            f"{seen}: {channels} channels; expected 1 (grey), 3 (red, green, blue) or 4 (opacity)."
        )
