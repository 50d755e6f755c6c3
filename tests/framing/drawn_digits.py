"""Drawn digits for the tests of framing: ink, a sheet of paper with it, its frame."""

import numpy as np
from scipy import ndimage

from cnn_digits import FrameDigits


def two(height=60, width=45, thickness=5):
    """Ink of a 2, from 0 to 1: an arc, a slope and a base."""
    y, x = np.mgrid[:height, :width].astype(float)
    radius = width / 2 - thickness
    arc = np.abs(np.hypot(y - radius - thickness, x - width / 2) - radius) < thickness / 2
    arc &= (y < radius + thickness) | ((x > width / 2) & (y < 1.3 * radius + thickness))
    foot = height - thickness
    start = 1.3 * radius + thickness
    along = (y - start) / (foot - start)
    slope = np.abs(x - (width - thickness - along * (width - 2 * thickness))) < thickness * 0.7
    slope &= (along >= 0) & (along <= 1)
    base = (np.abs(y - foot) < thickness / 2) & (x > thickness / 2) & (x < width - thickness / 2)
    return ndimage.gaussian_filter((arc | slope | base).astype(float), 0.7)


def sheet(ink, shape=(160, 140), at=(50, 40), paper=220, pen=40):
    """A picture of ink on paper, uint8."""
    picture = np.zeros(shape)
    picture[at[0] : at[0] + ink.shape[0], at[1] : at[1] + ink.shape[1]] = ink
    return np.rint(paper + (pen - paper) * picture).astype(np.uint8)


def frame(picture, **params):
    return FrameDigits(**params).fit_transform([picture])[0]


def likeness(one, other):
    """Correlation of the pixels of two frames."""
    return np.corrcoef(one.ravel(), other.ravel())[0, 1]
