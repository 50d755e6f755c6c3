"""A strip as another hand, pen or camera might have made it. NumPy and Pillow alone."""

import numpy as np
from PIL import Image

# What is drawn for each strip: slant, share by which it is wider and higher, rows up or down.
_SHEAR, _WIDER, _HIGHER, _SHIFT = 0.25, 0.15, 0.1, 1.5

# Of the ink, its exponent; share of the height of a patch that is wiped off one strip in four.
_CONTRAST, _ERASED, _WIPED = 0.4, 0.25, 0.25

# The network halves the width twice.
_MULTIPLE = 4


def distorted(pixels, draws):
    """A strip slanted, stretched, shifted, with other contrast, and at times a patch wiped off.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w)
        Ink high.
    draws : numpy.random.Generator

    Returns
    -------
    pixels : ndarray of uint8, shape (h, another width)
    """
    height, width = pixels.shape
    shear, wider, higher, shift = draws.uniform(-1, 1, 4) * (_SHEAR, _WIDER, _HIGHER, _SHIFT)
    n_columns = max(_MULTIPLE, round(width * (1 + wider) / _MULTIPLE) * _MULTIPLE)
    across, down = width / n_columns, 1 / (1 + higher)
    # From a place on the new strip to the one on the old, about the middle of both.
    middle = height / 2
    matrix = (across, shear, -shear * middle, 0, down, middle * (1 - down) + shift)
    image = Image.fromarray(pixels).transform(
        (n_columns, height), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
    ink = (np.asarray(image) / np.float32(255)) ** np.float32(
        np.exp(draws.uniform(-1, 1) * _CONTRAST)
    )
    if draws.random() < _ERASED:
        side = int(_WIPED * height)
        row = draws.integers(height - side + 1)
        column = draws.integers(max(1, n_columns - side + 1))
        ink[row : row + side, column : column + side] = 0
    return np.rint(ink * 255).astype(np.uint8)
