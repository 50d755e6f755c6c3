"""Pictures of numbers, composed of scikit-learn's handwritten digits."""

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

# Shades of paper and ink.
PAPER, INK = 225, 40


def written(text, *, height=44, gap=8, margin=30, seed=0):
    """A picture of numbers in dark ink on light paper.

    Parameters
    ----------
    text : str
        Digits; a space is a gap as wide as three digits, a newline begins a line.
    height : int
        Of the digits, in pixels.
    gap : int
        Columns between them.
    margin : int
        Paper around.
    seed : int
        Of which digits are taken.

    Returns
    -------
    picture : ndarray of uint8, shape (h, w)
    """
    lines = [
        _line(line, height, gap, np.random.default_rng([seed, i]))
        for i, line in enumerate(text.split("\n"))
    ]
    width = max(line.shape[1] for line in lines)
    lines = [np.pad(line, ((0, height), (0, width - line.shape[1]))) for line in lines]
    ink = np.pad(np.concatenate(lines)[:-height], margin)
    return np.rint(PAPER - ink * (PAPER - INK)).astype(np.uint8)


def _line(text, height, gap, draws):
    images, labels = load_digits(return_X_y=True)
    parts = []
    for character in text:
        if character == " ":
            parts.append(np.zeros((height, 3 * height)))
            continue
        image = images[draws.choice(np.flatnonzero(labels == int(character)))].reshape(8, 8) / 16
        columns = np.flatnonzero(image.max(axis=0) > 0.3)
        image = np.float32(image[:, columns[0] : columns[-1] + 1])
        size = (round(image.shape[1] * height / 8), height)
        large = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
        parts += [np.clip(2 * large - 0.9, 0, 1), np.zeros((height, gap))]
    return np.concatenate(parts, axis=1)
