"""Pictures for the demonstration: digits written with a pen on paper and photographed."""

import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.interpolate import make_interp_spline

# Points (x, y) on each stroke, from 0 to 1 and from top to bottom.
_STROKES = {
    0: [[(0.6, 0.02), (0.15, 0.35), (0.35, 1), (0.85, 0.6), (0.5, 0.0)]],
    1: [[(0.3, 0.22), (0.58, 0)], [(0.58, 0), (0.46, 1)]],
    2: [[(0.15, 0.25), (0.5, 0), (0.75, 0.3), (0.12, 0.98)], [(0.12, 0.98), (0.9, 0.95)]],
    3: [[(0.2, 0.08), (0.72, 0.12), (0.38, 0.45)], [(0.38, 0.45), (0.8, 0.72), (0.15, 0.95)]],
    4: [[(0.4, 0), (0.1, 0.6)], [(0.1, 0.6), (0.92, 0.56)], [(0.7, 0.25), (0.62, 1)]],
    5: [
        [(0.82, 0), (0.3, 0.05)],
        [(0.3, 0.05), (0.22, 0.45)],
        [(0.22, 0.45), (0.78, 0.62), (0.15, 0.97)],
    ],
    6: [[(0.68, 0), (0.22, 0.55), (0.45, 1), (0.78, 0.76), (0.27, 0.68)]],
    7: [[(0.1, 0.06), (0.85, 0.02)], [(0.85, 0.02), (0.4, 1)]],
    8: [[(0.72, 0.15), (0.3, 0.15), (0.72, 0.7), (0.45, 1), (0.25, 0.7), (0.72, 0.15)]],
    9: [[(0.75, 0.2), (0.38, 0.08), (0.32, 0.44), (0.75, 0.22)], [(0.75, 0.22), (0.62, 1)]],
}

# From a digit to the next, in heights.
_STEP = 0.72

# Red, green and blue of paper and of ink.
_PAPERS = ((236, 232, 222), (225, 229, 232), (238, 222, 178))
_INKS = ((38, 42, 105), (40, 38, 40), (120, 30, 38))
_LINES = (150, 175, 200)


def write_pictures(folder, rng):
    """Write a picture of each digit into a folder, 0.jpg to 9.jpg.

    Parameters
    ----------
    folder : Path
    rng : numpy.random.Generator

    Returns
    -------
    paths : list of Path
    """
    paths = [folder / f"{digit}.jpg" for digit in _STROKES]
    for digit, path in enumerate(paths):
        write_photo(path, [digit], rng)
    return paths


def write_photo(path, digits, rng):
    """Write a photo of digits side by side on a sheet of paper."""
    Image.fromarray(photo(digits, rng)).save(path, quality=88)


def photo(digits, rng):
    """A photo of digits side by side on a sheet of paper; (height, width, 3), uint8."""
    height, width = rng.integers(280, 460, size=2)
    shape = height, width + (len(digits) - 1) * height // 2
    paper, ink = _PAPERS[digits[0] % len(_PAPERS)], _INKS[digits[0] // 3 % len(_INKS)]
    sheet = np.broadcast_to(np.float32(paper), (*shape, 3)).copy()
    if digits[0] % 2:
        sheet[:: height // 7] = _LINES
    # Where a pen has been the paper shines through a little.
    cover = 0.92 * ndimage.gaussian_filter(_pen(digits, shape, rng).astype(np.float32), 1)
    sheet += cover[..., None] * (ink - sheet)
    grain = ndimage.gaussian_filter(rng.normal(0, 6, shape), 1) + rng.normal(0, 2.5, shape)
    lit = ndimage.gaussian_filter(sheet, (0.8, 0.8, 0)) * _light(shape, rng)[..., None]
    return (lit + grain[..., None]).clip(0, 255).astype(np.uint8)


def _pen(digits, shape, rng):
    """Where the pen has been: digits in a hand of its own, somewhere on the sheet."""
    height, width = shape
    size = rng.uniform(0.4, 0.65) * min(shape)
    step = _STEP * size
    length = size + (len(digits) - 1) * step
    left, top = rng.uniform(0.12, 0.88, size=2) * (width - length, height - size)
    slant = rng.uniform(-0.05, 0.25)
    untouched = np.ones(shape, dtype=bool)
    for place, digit in enumerate(digits):
        for points in _STROKES[digit]:
            x, y = (np.array(points) + rng.normal(0, 0.012, (len(points), 2))).T
            x = left + place * step + size * (0.75 * x + slant * (0.5 - y))
            places = np.stack([x, top + size * y], axis=1)
            along = make_interp_spline(range(len(places)), places, k=min(2, len(places) - 1))
            columns, rows = along(np.linspace(0, len(places) - 1, 1500)).astype(int).T
            untouched[rows.clip(0, height - 1), columns.clip(0, width - 1)] = False
    return ndimage.distance_transform_edt(untouched) < rng.uniform(0.022, 0.042) * size


def _light(shape, rng):
    """Light from one side, and its fall-off to the corners."""
    down, right = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    side = np.cos(angle) * right + np.sin(angle) * down
    return 0.88 + 0.12 * side - 0.07 * (right**2 + down**2)
