"""
Reading one's own digits
========================

A network reads wrong what is framed otherwise than the digits that it was trained on: elsewhere
on the sheet, of another size, dark on light, in the shade. Here digits are drawn with a felt pen
on sheets of ruled paper and read twice: as tutorials do it, resized and inverted, and through
:class:`~cnn_digits.FrameDigits`.
"""

# %%
# Digits of one's own
# -------------------
#
# Each is a curve through a few points, drawn with a round pen. It has a place and a size of its
# own on its sheet, and every sheet its own light.

import matplotlib.pyplot as plt
import numpy as np
from scipy import ndimage
from scipy.interpolate import make_interp_spline
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline

from cnn_digits import CNNDigitClassifier, FramedDigitsDisplay, FrameDigits

# Points (x, y) on each stroke, from 0 to 1 and from top to bottom.
STROKES = {
    0: [[(0.6, 0), (0.15, 0.4), (0.4, 1), (0.85, 0.6), (0.55, 0)]],
    1: [[(0.55, 0), (0.45, 1)]],
    2: [[(0.15, 0.25), (0.5, 0), (0.75, 0.3), (0.1, 1)], [(0.1, 1), (0.9, 0.95)]],
    3: [[(0.2, 0.05), (0.7, 0.1), (0.35, 0.45)], [(0.35, 0.45), (0.8, 0.7), (0.15, 0.95)]],
    4: [[(0.35, 0), (0.1, 0.6)], [(0.1, 0.6), (0.9, 0.55)], [(0.7, 0.2), (0.6, 1)]],
    5: [[(0.8, 0), (0.3, 0.05)], [(0.3, 0.05), (0.2, 0.45)],
        [(0.2, 0.45), (0.75, 0.6), (0.15, 0.95)]],
    6: [[(0.65, 0), (0.2, 0.6), (0.45, 1), (0.75, 0.75), (0.25, 0.7)]],
    7: [[(0.1, 0.05), (0.85, 0)], [(0.85, 0), (0.4, 1)]],
    8: [[(0.7, 0.15), (0.3, 0.15), (0.7, 0.7), (0.45, 1), (0.3, 0.7), (0.7, 0.15)]],
    9: [[(0.75, 0.2), (0.35, 0.1), (0.35, 0.45), (0.75, 0.2), (0.65, 1)]],
}  # fmt: skip


def sheet(digit, rng):
    """A photo of a digit on ruled paper; (height, width), uint8."""
    height, width = rng.integers(300, 500, size=2)
    size = rng.uniform(0.4, 0.7) * min(height, width)
    corner = rng.uniform(0.05, 0.95, size=2) * (width - size, height - size)
    untouched = np.ones((height, width), dtype=bool)
    for points in STROKES[digit]:
        points = np.array(points) * (0.8 * size, size) + corner
        points += rng.normal(0, 0.01 * size, points.shape)
        along = make_interp_spline(
            range(len(points)), points, k=min(2, len(points) - 1)
        )
        x, y = along(np.linspace(0, len(points) - 1, 1000)).astype(int).clip(0).T
        untouched[y.clip(0, height - 1), x.clip(0, width - 1)] = False
    pen = ndimage.distance_transform_edt(untouched) < rng.uniform(0.025, 0.05) * size
    paper = np.full((height, width), 225.0)
    paper[:: height // 6] = 170
    paper[pen] = 60
    down, right = np.mgrid[: 1 : height * 1j, : 1 : width * 1j]
    light = 1 - 0.5 * (down * rng.uniform() + right * rng.uniform())
    photo = ndimage.gaussian_filter(paper * light, 1) + rng.normal(0, 3, paper.shape)
    return photo.clip(0, 255).astype(np.uint8)


rng = np.random.default_rng(0)
digits = np.repeat(range(10), 3)
photos = [sheet(digit, rng) for digit in digits]

# %%
# A network that has never seen them
# ----------------------------------
#
# It is trained on scikit-learn's digits, white on black, 8 × 8 pixels. In front of it stands
# FrameDigits, which makes them, and whatever comes later, look like MNIST's. Trained on MNIST
# itself (:func:`~cnn_digits.fetch_mnist`) it reads better still.

X, y = load_digits(return_X_y=True)
reader = make_pipeline(
    FrameDigits(), CNNDigitClassifier(epochs=12, random_state=0)
).fit(X, y)
read = reader.predict(photos)
print(f"framed: {(read == digits).sum()} of {len(digits)} read right")

# %%
# What the network saw of each, and what it read; a question mark where it is not sure.

FramedDigitsDisplay.from_estimator(reader, photos, reject=0.9, n_images=len(photos))
plt.show()

# %%
# The naive way
# -------------
#
# The same photos resized to 28 × 28 pixels and inverted.

resized = [
    255 - ndimage.zoom(photo.astype(float), 28 / np.array(photo.shape), order=1)
    for photo in photos
]
naive = reader[1:].predict(np.clip(resized, 0, 255).astype(np.uint8))
print(f"resized: {(naive == digits).sum()} of {len(digits)} read right")

fig, axes = plt.subplots(3, 10, figsize=(11, 4.2), layout="constrained")
for ax, image, label, digit in zip(axes.T.flat, resized, naive, digits, strict=True):
    ax.imshow(image, cmap="gray")
    ax.set_title(f"{label}" if label == digit else f"{label}, not {digit}", fontsize=9)
    ax.set_axis_off()
plt.show()
# sphinx_gallery_start_ignore
assert (read == digits).mean() > 0.9 > 2 * (naive == digits).mean()
# sphinx_gallery_end_ignore

# %%
# Look at place, size and background: nothing in training was like that. So the network takes nearly
# all of them for one or two digits.
#
# It does not follow that real photographs are read as well as these: a program has drawn them, all
# in one hand. :ref:`Your own images <own_images>` says what to expect, and what makes better
# pictures.
