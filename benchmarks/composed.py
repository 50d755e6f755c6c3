"""Pictures as people take them, composed of MNIST's digits: paper, light, pens and dirt.

Real photos of known digits are few; these show which condition a change helps or hurts.
"""

import io

import numpy as np
from PIL import Image
from scipy import ndimage


def ink(digit, size, hairline=False):
    """A digit of MNIST with smooth edges, its longer side of `size` pixels; from 0 to 1."""
    rows, columns = (np.flatnonzero(digit.max(axis=axis) > 60) for axis in (1, 0))
    digit = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255
    factor = size / max(digit.shape)
    large = ndimage.gaussian_filter(ndimage.zoom(digit, factor, order=3), 0.35 * factor) > 0.45
    if hairline:
        distance = ndimage.distance_transform_edt(large)
        ridge = (distance >= ndimage.maximum_filter(distance, 3) - 0.3) & large
        large = ndimage.binary_dilation(ridge)
    return ndimage.gaussian_filter(large.astype(float), 0.7)


def placed(stroke, height, width, down=0.5, right=0.5):
    """The stroke on a sheet, its middle at these shares of height and width."""
    sheet = np.zeros((height, width))
    top = int(np.clip(height * down - stroke.shape[0] / 2, 0, height - stroke.shape[0]))
    left = int(np.clip(width * right - stroke.shape[1] / 2, 0, width - stroke.shape[1]))
    sheet[top : top + stroke.shape[0], left : left + stroke.shape[1]] = stroke
    return sheet


def photo(
    sheet, rng, *, pen=50, gradient=0, shadow=0, noise=3, lines=0, squared=False, dirt=0, quality=85
):
    """A photo of a sheet, as JPEG keeps it; uint8.

    `gradient` and `shadow` are shares of the light that are lost, `lines` and `dirt` numbers.
    """
    height, width = sheet.shape
    y, x = np.mgrid[:height, :width]
    light = np.ones(sheet.shape)
    if gradient:
        angle = rng.uniform(0, 2 * np.pi)
        along = np.cos(angle) * x / width + np.sin(angle) * y / height
        light -= gradient * (along - along.min()) / np.ptp(along)
    if shadow:
        slope, start = rng.uniform(-1, 1), rng.uniform(0.3, 0.7)
        is_dark = x - width * start + slope * (y - height / 2) > 0
        light *= 1 - shadow * ndimage.gaussian_filter(is_dark.astype(float), 2)
    paper = np.full(sheet.shape, 220.0)
    for i in range(lines):
        at = height / (lines + 0.5) * (i + 0.7)
        is_line = np.abs(y - at - rng.uniform(-0.02, 0.02) * x) < max(1, height / 250)
        if squared:
            is_line |= np.abs(x - at) < max(1, height / 250)
        paper[is_line] = 160
    for _ in range(dirt):
        down, right = rng.integers(height), rng.integers(width)
        radius = rng.uniform(0.003, 0.012) * max(height, width)
        paper[(y - down) ** 2 + (x - right) ** 2 < radius**2] -= 130
    pixels = ndimage.gaussian_filter((paper * (1 - sheet) + pen * sheet) * light, 0.8)
    pixels = np.clip(pixels + rng.normal(0, noise, sheet.shape), 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def _closely(digit, rng):
    stroke = ink(digit, 200)
    return photo(placed(stroke, 204, max(60, int(1.05 * stroke.shape[1]))), rng)


def _all(digit, rng):
    sheet = placed(ink(digit, 280), 600, 700, *rng.uniform(0.35, 0.65, 2))
    return photo(sheet, rng, gradient=0.5, lines=3, dirt=5, pen=100, noise=6)


def _small(digit, rng):
    sheet = placed(ink(digit, 110), 700, 1600, rng.uniform(0.2, 0.8), rng.uniform(0.1, 0.9))
    return photo(sheet, rng, gradient=0.4)


def _on_a_table(digit, rng):
    height, width = 500, 600
    sheet = placed(ink(digit, 200), height, width, *rng.uniform(0.4, 0.6, 2))
    y, x = np.mgrid[:height, :width] - np.array([height, width])[:, None, None] / 2
    angle = np.deg2rad(rng.uniform(-12, 12))
    across, down = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    is_paper = (np.abs(across) < 230) & (np.abs(down) < 190)
    table = 60 + rng.normal(0, 8, sheet.shape)
    light = 0.85 - 0.3 * x / width
    pixels = np.where(is_paper, 215 * (1 - sheet) + 45 * sheet, table) * light
    pixels = ndimage.gaussian_filter(pixels, 0.8) + rng.normal(0, 3, sheet.shape)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _with_black_border(digit, rng):
    border = rng.integers(6, 25)
    scan = photo(placed(ink(digit, 200), 400 - 2 * border, 300 - 2 * border), rng)
    return np.pad(scan, border, constant_values=5)


def _with_lines(digit, rng, n_edges=4, inset=False):
    """Lines along edges of a picture of any size, or a cell with a bit of what is around it."""
    side = rng.choice([28, 64, 100, 200, 400, 1000])
    sheet = photo(placed(ink(digit, int(0.62 * side)), side, side), rng).copy()
    start = rng.integers(1, 2 + side // 25) if inset else 0
    stop = start + rng.integers(1, 2 + side // 50)
    first = rng.integers(4)
    for turns in range(first, first + n_edges):
        np.rot90(sheet, turns)[start:stop, start : side - start] = rng.integers(0, 121)
    file = io.BytesIO()
    Image.fromarray(sheet).save(file, "JPEG", quality=90)
    return np.asarray(Image.open(file))


def _made_square(digit, rng):
    """Dark or white bars at both sides, or above and below."""
    shape = np.array([200, rng.integers(80, 190)])[:: rng.choice([1, -1])]
    sheet = photo(placed(ink(digit, int(0.8 * shape.min())), *shape), rng)
    bars = [(missing // 2, missing - missing // 2) for missing in 200 - shape]
    return np.pad(sheet, bars, constant_values=rng.choice([0, 60, 255]))


# Name -> picture of a digit of MNIST and a random generator.
CONDITIONS = {
    "plain": lambda d, rng: photo(placed(ink(d, 160), 240, 240), rng),
    "light on dark": lambda d, rng: 255 - photo(placed(ink(d, 160), 240, 240), rng),
    "cut out closely": _closely,
    "at the border": lambda d, rng: photo(placed(ink(d, 160), 240, 200, down=0), rng),
    "light from one side": lambda d, rng: photo(placed(ink(d, 300), 500, 500), rng, gradient=0.7),
    "light from one side, pale ink": lambda d, rng: photo(
        placed(ink(d, 150), 500, 700), rng, gradient=0.6, pen=150
    ),
    "shadow": lambda d, rng: photo(placed(ink(d, 300), 500, 500), rng, shadow=0.55),
    "shadow, light on dark": lambda d, rng: (
        255 - photo(placed(ink(d, 300), 500, 500), rng, shadow=0.55)
    ),
    "shadow, pale ink": lambda d, rng: photo(
        placed(ink(d, 300), 500, 500), rng, shadow=0.4, pen=140
    ),
    "ruled": lambda d, rng: photo(placed(ink(d, 250), 500, 500), rng, lines=5),
    "squared": lambda d, rng: photo(placed(ink(d, 250), 500, 500), rng, lines=6, squared=True),
    "faint pencil": lambda d, rng: photo(placed(ink(d, 300), 500, 500), rng, pen=185, noise=5),
    "hairline": lambda d, rng: photo(placed(ink(d, 600, hairline=True), 1000, 1000), rng, pen=90),
    "dirt": lambda d, rng: photo(placed(ink(d, 250), 500, 500), rng, dirt=12),
    "small in a wide picture": _small,
    "small, light on dark": lambda d, rng: 255 - _small(d, rng),
    "noise": lambda d, rng: photo(placed(ink(d, 160), 240, 240), rng, noise=35, quality=60),
    "all at once": _all,
    "paper on a table": _on_a_table,
    "scan with a black border": _with_black_border,
    "line round it": _with_lines,
    "line round it, light on dark": lambda d, rng: 255 - _with_lines(d, rng),
    "lines at two edges": lambda d, rng: _with_lines(d, rng, n_edges=2),
    "cell cut out with a margin": lambda d, rng: _with_lines(d, rng, inset=True),
    "made square by bars": _made_square,
    "made square by bars, light on dark": lambda d, rng: 255 - _made_square(d, rng),
}
