"""The lines of writing on a page: a photo, a scan, a screen, with any number of lines."""
import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from cnn_digits.framing.ink import reduced
from cnn_digits.reading.marks import find_marks

_PIXELS = 3e6


def find_line_boxes(shades):
    factor = max(1, int(np.ceil(np.sqrt(shades.size / _PIXELS))))
    small = _small(shades, factor)
    ink = page_ink(small)
    labels, marks = find_marks(ink, 8)
    out = group(marks, small.shape)
    return [(l * factor, t * factor, w * factor, h * factor, s) for l, t, w, h, s in out]


def _small(shades, factor):
    h, w = shades.shape
    if factor == 1:
        return shades
    out = np.empty((h // factor, w // factor), np.float32)
    band = max(1, int(2e6 // (w * factor)))
    for r in range(0, len(out), band):
        rows = shades[r * factor : (r + band) * factor]
        out[r : r + band] = reduced(rows[None, ..., None], factor)[0, ..., 0][: len(out) - r]
    return out


def page_ink(image):
    h, w = image.shape
    k = max(1, max(h, w) // 256)
    coarse = _small(image, k)
    size = int(0.12 * max(coarse.shape)) | 1
    if not _is_dark(coarse):
        low, high = image.min(), image.max()
        image = (low + high) - image
        coarse = (low + high) - coarse
    wide = _closed(coarse, size)
    span = max(wide.max() - min(0, image.min()), 1e-9)
    light = _resized(wide, (w, h))
    s = (light - image) / np.maximum(light, 0.05 * span)
    # noise and bias per tile
    t = max(8, max(h, w) // 64)
    tiles = s[: h // t * t, : w // t * t].reshape(h // t, t, w // t, t).transpose(0, 2, 1, 3).reshape(h // t, w // t, -1)
    tiles = tiles[..., :: max(1, t * t // 128)]
    lo, mid = np.quantile(tiles, [0.16, 0.5], axis=-1).astype(np.float32)
    mid = ndimage.median_filter(mid, 5, mode="nearest")
    noise = ndimage.median_filter(mid - lo, 5, mode="nearest")
    s -= _resized(mid, (w, h))
    floor = np.maximum(5 * noise, 0.05)
    floor_f = _resized(floor, (w, h))
    pos = np.where(s > floor_f, s, 0)
    a, b = (_small(x, t) for x in (pos, pos * pos))
    win = 9
    a, b = (ndimage.uniform_filter(x, win, mode="constant") for x in (a, b))
    level = np.where(a > 0, b / np.maximum(a, 1e-9), 0).astype(np.float32)
    level = _resized(level, (w, h))
    cut = np.maximum(floor_f, 0.4 * level)
    return np.where(s > cut, s, 0)


def _resized(image, size):
    return np.asarray(Image.fromarray(np.ascontiguousarray(image, dtype=np.float32)).resize(size, Image.Resampling.BILINEAR))


def _is_dark(image):
    size = [side // 2 | 1 for side in image.shape]
    d = image - ndimage.uniform_filter(image, size, mode="nearest")
    return (d**3).mean() < 0


def _closed(image, size):
    half = size // 2
    wide = ndimage.grey_closing(np.pad(image, half, mode="edge"), (size, size), mode="nearest")
    return wide[half : half + image.shape[0], half : half + image.shape[1]]


def group(marks, shape):
    height = (marks["bottom"] - marks["top"]).astype(float)
    width = (marks["right"] - marks["left"]).astype(float)
    if not len(marks):
        return []
    long = np.maximum(height, width)
    is_writing = (height >= 6) & (long < 0.6 * max(shape)) & (width < 6 * height) & ((marks["area"] < 0.6 * height * width) | (width < 0.4 * height))
    # thin: stroke
    index = np.flatnonzero(is_writing)
    if not len(index):
        return []
    index = index[np.argsort(-height[index])][:3000]
    # writing's size: mass-weighted
    hs = height[index]
    typical = np.sort(hs)[::-1]
    c = np.cumsum(typical)
    H = typical[np.searchsorted(c, c[-1] / 2)]
    index = index[hs >= 0.3 * H]
    m = marks[index]
    h = height[index]
    cy = (m["top"] + m["bottom"]) / 2
    slope = _slope(m, h)
    cx = (m["left"] + m["right"]) / 2
    shift = slope * cx
    top, bottom = m["top"] - shift, m["bottom"] - shift
    overlap = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    low, high = np.minimum(h[:, None], h), np.maximum(h[:, None], h)
    gap = np.maximum(m["left"][:, None], m["left"]) - np.minimum(m["right"][:, None], m["right"])
    link = (overlap >= 0.5 * low) & (low >= 0.45 * high) & (gap <= 6 * high)
    n, which = connected_components(coo_matrix(link), directed=False)
    lines = []
    for i in range(n):
        of = which == i
        l, r = m["left"][of].min(), m["right"][of].max()
        middle = (l + r) / 2 * slope
        t, b = top[of].min() + middle, bottom[of].max() + middle
        lines.append((int(l), int(t), int(r - l), int(b - t), float(slope)))
    return sorted(lines, key=lambda q: q[1])


def _slope(m, h):
    cx, cy = (m["left"] + m["right"]) / 2, (m["top"] + m["bottom"]) / 2
    dx = cx - cx[:, None]
    dy = (m["bottom"] - m["bottom"][:, None] + m["top"] - m["top"][:, None]) / 2
    high = np.maximum(h, h[:, None])
    near = (dx > 0) & (dx < 3 * high) & (np.abs(dy) < 0.5 * high) & (np.minimum(h, h[:, None]) > 0.7 * high)
    if near.sum() < 2:
        return 0.0
    return float(np.clip(np.sum(dy[near]) / np.sum(dx[near]), -0.15, 0.15))
