"""Digits as other hands and other scanners would have made them: slant, width, pens, pixels."""

import numpy as np
from PIL import Image
from scipy.ndimage import affine_transform, gaussian_filter
from strokes import canvas_of, drawn, picture_of, stroke_width
from writing import framed

# Shares of the digits that come as few pixels: as bits, and as shades of grey.
BITS, COARSE = 0.3, 0.1


def slanted(canvas, rng):
    """Leant to a side, narrowed or widened, and turned a little."""
    slant = np.tan(np.radians(rng.uniform(-22, 28)))
    wide = np.exp(rng.uniform(-0.55, 0.35))
    turn = np.radians(rng.uniform(-10, 10))
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    # From rows and columns of the result to those of the canvas.
    inverse = turned @ np.array([[1, 0], [slant / wide, 1 / wide]])
    middle = (np.array(canvas.shape) - 1) / 2
    return affine_transform(canvas, inverse, middle - inverse @ middle, order=1)


def penned(canvas, rng):
    """As written with a broader or a finer pen."""
    width = stroke_width(canvas)
    soft = gaussian_filter(canvas, 0.3 * width)
    return np.clip((soft - rng.uniform(0.2, 0.6)) * width / 2 + 0.5, 0, 1)


def coarse(canvas, rng, *, bits):
    """Cut out closely and reduced to a square of a few pixels, stretched or not."""
    rows, columns = np.nonzero(canvas > 0.5)
    if not rows.size:
        return picture_of(canvas)
    cut = picture_of(canvas[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])
    if rng.uniform() < 0.4:
        height, width = cut.shape
        more = max(height, width) - np.array([height, width])
        cut = np.pad(cut, [(side // 2, side - side // 2) for side in more])
    side = int(rng.integers(14, 33)) if bits else int(rng.integers(10, 21))
    small = np.asarray(Image.fromarray(cut).resize((side, side), Image.Resampling.BOX))
    return (small > rng.uniform(90, 150)).astype(np.uint8) if bits else small


def rewritten(frames, labels, seed, *, strokes=True):
    """One more version of each digit.

    Parameters
    ----------
    frames : ndarray of uint8, shape (n, 28, 28)
    labels : ndarray of int, shape (n,)
    seed : int
    strokes : bool
        Whether strokes are drawn that MNIST's writers leave out.

    Returns
    -------
    frames : ndarray of uint8, shape (n, 28, 28)
        Some may be empty: a digit of a few bits can fill all of them.
    """
    rng = np.random.default_rng(seed)
    pictures = []
    for frame, label in zip(frames, labels, strict=True):
        canvas = drawn(frame, label, rng) if strokes else canvas_of(frame)
        canvas = penned(slanted(canvas, rng), rng)
        kind = rng.uniform()
        if kind < BITS + COARSE:
            pictures.append(coarse(canvas, rng, bits=kind < BITS))
        else:
            pictures.append(picture_of(canvas))
    return framed(pictures)
