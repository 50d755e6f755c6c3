"""Rotation, zoom, shift, shear, flips and elastic fields, as numbers.

The same arithmetic serves `Augment`, which works on NumPy arrays, and the layer that
draws inside the training graph, which works on tensors: `xp` is `numpy` or `keras.ops`.
"""

import math

import numpy as np

# Independent draws that one image needs, each uniform in [-1, 1).
N_DRAWS = 8

# Elastic fields are white noise smoothed by a Gaussian of this share of the side: 4
# pixels on 28, as in Simard, Steinkraus and Platt (2003).
_ELASTIC_SMOOTHING = 1 / 7


def inverse_transforms(draws, augment, image_shape, xp=np):
    """Affine maps from pixels of the distorted image to pixels of the original one.

    Each image is flipped, zoomed, sheared, rotated about its centre and shifted, in
    this order; the inverse of that is returned, as resampling needs it.

    Parameters
    ----------
    draws : array or tensor of shape (n, 8), values in [-1, 1)
        Random numbers, a row for each image.
    augment : Augment
        Its parameters say how far a draw of 1 goes.
    image_shape : tuple of int
        (height, width, ...).
    xp : module
        `numpy` or `keras.ops`, whichever `draws` belongs to.

    Returns
    -------
    transforms : array or tensor of shape (n, 8)
        Rows (a0, a1, a2, b0, b1, b2, 0, 0): the pixel at column x, row y of the result
        is read at column a0·x + a1·y + a2, row b0·x + b1·y + b2 of the original. The
        convention of `keras.ops.image.affine_transform`.
    """
    height, width = image_shape[:2]
    angle = math.radians(augment.rotation) * draws[:, 0]
    slant = xp.tan(math.radians(augment.shear) * draws[:, 1])
    zoom_x = 1 + augment.zoom * draws[:, 2]
    zoom_y = 1 + augment.zoom * draws[:, 3]
    shift_x = augment.shift * width * draws[:, 4]
    shift_y = augment.shift * height * draws[:, 5]
    one = xp.ones_like(angle)
    flip_x = xp.where(draws[:, 6] < 0, -one, one) if augment.horizontal_flip else one
    flip_y = xp.where(draws[:, 7] < 0, -one, one) if augment.vertical_flip else one

    # Forward: R(angle) · [[1, slant], [0, 1]] · diag(scale). Its inverse in closed form.
    cos, sin = xp.cos(angle), xp.sin(angle)
    a0 = (cos + slant * sin) * flip_x / zoom_x
    a1 = (sin - slant * cos) * flip_x / zoom_x
    b0 = -sin * flip_y / zoom_y
    b1 = cos * flip_y / zoom_y
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    to_x, to_y = centre_x + shift_x, centre_y + shift_y
    a2 = centre_x - a0 * to_x - a1 * to_y
    b2 = centre_y - b0 * to_x - b1 * to_y
    zero = xp.zeros_like(angle)
    return xp.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)


def sampling_points(transforms, image_shape):
    """Where each pixel of the distorted images is read in the originals.

    Parameters
    ----------
    transforms : array or tensor of shape (n, 8)
        See `inverse_transforms`.

    Returns
    -------
    rows, columns : arrays or tensors of shape (n, h, w), in pixels
    """
    y, x = np.mgrid[: image_shape[0], : image_shape[1]].astype(np.float32)
    a0, a1, a2, b0, b1, b2 = (transforms[:, i, None, None] for i in range(6))
    return b0 * x + b1 * y + b2, a0 * x + a1 * y + a2


def elastic_field(noise, augment, image_shape, xp=np):
    """Smooth random displacements, after Simard, Steinkraus and Platt (2003).

    Parameters
    ----------
    noise : array or tensor of shape (n, h, w)
        Standard normal.

    Returns
    -------
    displacement : array or tensor of shape (n, h, w), in pixels
        Its standard deviation is `augment.elastic` times the shorter side, everywhere.
    """
    height, width = image_shape[:2]
    amplitude = augment.elastic * min(height, width)
    smooth_y = amplitude * _smoothing_matrix(height)
    smooth_x = _smoothing_matrix(width).T
    return xp.matmul(xp.matmul(smooth_y, noise), smooth_x)


def _smoothing_matrix(size):
    """Gaussian smoothing as a (size, size) matrix that keeps the variance of white noise."""
    distance = np.subtract.outer(np.arange(size), np.arange(size))
    kernel = np.exp(-0.5 * (distance / (size * _ELASTIC_SMOOTHING)) ** 2)
    kernel /= np.linalg.norm(kernel, axis=1, keepdims=True)
    return kernel.astype(np.float32)
