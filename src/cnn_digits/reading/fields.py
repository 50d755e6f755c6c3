"""The one line of writing in a cropped field: an amount on a cheque, a cell of a table."""
import numpy as np
from scipy import ndimage

from cnn_digits.framing.ink import histograms, quantile, reduced
from cnn_digits.framing.margins import inner_windows
from cnn_digits.reading.marks import find_marks

_HEIGHT = 80


def is_dark(image):
    """Whether ink is darker than paper: by the skewness of what differs from its surroundings."""
    size = [side // 2 | 1 for side in image.shape]
    d = image - ndimage.uniform_filter(image, size, mode="nearest")
    return (d**3).mean() < 0


def contrast(image, size):
    half = size // 2
    if not is_dark(image):
        image = -image
    wide = ndimage.grey_closing(np.pad(image, half, mode="edge"), (size, size), mode="nearest")
    return wide[half : half + image.shape[0], half : half + image.shape[1]] - image


def field_ink(image):
    d = contrast(image, int(0.6 * min(image.shape)) | 1)
    top = d.max()
    if top <= 0:
        return d
    levels = (d * (255 / top)).astype(np.uint8)
    counts = histograms(levels[None])
    t = _otsu(counts[0])
    paper, ink = counts.copy(), counts.copy()
    paper[:, t + 1 :] = 0
    ink[:, : t + 1] = 0
    mid = quantile(paper, 0.5)[0, 0]
    noise = mid - quantile(paper, 0.16)[0, 0]
    full = float(quantile(ink, 0.8)[0, 0])
    floor = mid + max(4 * noise, 0.08 * (full - mid))
    floor = float(max(min(floor, t), 0.25 * full))
    if full - floor < 4 or (full - mid) < 6 * noise and False:
        return 0 * d
    return np.clip((levels - floor) / (full - floor), 0, 1).astype(np.float32)


def _otsu(counts):
    below = counts.cumsum().astype(float)
    moment = (counts * np.arange(256)).cumsum()
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (moment[-1] * below - moment * below[-1]) ** 2 / (below * (below[-1] - below))
    return int(np.nanargmax(between))


def find_line_box(shades):
    """(top, left, bottom, right) or None"""
    factor = max(1, min(shades.shape) // _HEIGHT)
    small = reduced(shades[None, ..., None], factor)[..., 0]
    top, left, bottom, right = inner_windows(small)[0]
    ink = field_ink(small[0, top:bottom, left:right])
    if not ink.any():
        return None
    labels, marks = find_marks(np.where(ink > 0.25, ink, 0))
    box = _main_line(marks, ink.shape)
    if box is None:
        return 0, 0, *shades.shape
    box = np.array(box) + (top, left, top, left)
    return tuple(int(x) for x in np.minimum(box * factor, np.tile(shades.shape, 2)))


def _main_line(marks, shape):
    """Union of the boxes of what stands in a line with the strongest mark."""
    height = marks["bottom"] - marks["top"]
    width = marks["right"] - marks["left"]
    middle = (marks["top"] + marks["bottom"]) / 2 / shape[0]
    nearness = np.clip(np.minimum(middle, 1 - middle) / 0.3, 0.15, 1)
    is_flat = height < 0.2 * width
    at_side = (marks["left"] == 0) | (marks["right"] == shape[1])
    at_top = (marks["top"] == 0) | (marks["bottom"] == shape[0])
    is_thin = width < 0.15 * height
    is_edge = (is_thin & at_side & (height > 0.8 * shape[0])) | (is_flat & at_top)
    weight = marks["mass"] * nearness * np.where(is_flat | is_edge, 0.05, 1)
    main = np.argmax(weight)
    is_digit = _in_line(marks, main, ~is_edge & ~is_flat)
    top, bottom = marks["top"][is_digit].min(), marks["bottom"][is_digit].max()
    left, right = marks["left"][is_digit].min(), marks["right"][is_digit].max()
    # small ones
    h = bottom - top
    centre = (marks["top"] + marks["bottom"]) / 2
    small = ~is_digit & ~is_edge & (centre > top) & (centre < bottom + 0.1 * h) & (marks["mass"] > 0.01 * marks["mass"][main])
    while True:
        near = small & (marks["left"] < right + 0.8 * h) & (marks["right"] > left - 0.8 * h)
        l2, r2 = min(left, marks["left"][near].min(initial=left)), max(right, marks["right"][near].max(initial=right))
        if (l2, r2) == (left, right):
            break
        left, right = l2, r2
    return top, left, bottom, right


def _in_line(marks, main, candidate):
    height = marks["bottom"] - marks["top"]
    chosen = np.zeros(len(marks), bool)
    chosen[main] = True
    tall = candidate & (height >= 0.4 * height[main]) & (marks["mass"] > 0.02 * marks["mass"][main])
    while True:
        top, bottom = np.median(marks["top"][chosen]), np.median(marks["bottom"][chosen])
        overlap = np.minimum(marks["bottom"], bottom) - np.maximum(marks["top"], top)
        new = chosen | tall & (overlap >= 0.5 * np.minimum(height, bottom - top))
        if (new == chosen).all():
            return chosen
        chosen = new
