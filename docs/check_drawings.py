"""Drawings for the check of the page on which one draws, and what Python reads of them.

    python check_drawings.py DRAWINGS

Writes strokes, found along the middle of digits that people have written, with the frames that
FrameDigits makes of them and what the networks of the package read. `check_draw.mjs` draws them
again on the page. The digits are MNIST's and those of Swiss writers, in the folder that
CNN_DIGITS_DATA names; without it the file has no drawings.
"""

import json
import os
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from cnn_digits import FrameDigits, NumberReader, fetch_mnist, load_pretrained

N_DIGITS, N_NUMBERS = 200, 40

# Pixels of the paper and of the pen, as in draw/pad.js; edges are as soft as those of so many times
# as many pixels.
WIDTH, HEIGHT, PEN, FINE = 384, 256, 10, 4

# Frames are thinned on so many times as many pixels.
_SCALE = 6


def drawings(folder):
    """What is drawn: of each digit or number the strokes, lists of points (x, y)."""
    rng = np.random.default_rng(0)
    digits = map(_strokes, _frames(folder, np.random.default_rng(1)))
    for _ in range(N_DIGITS):
        size = rng.uniform(80, 220)
        half = size / 2 + PEN
        middle = rng.uniform(half, [WIDTH - half, HEIGHT - half])
        yield [middle + size * stroke for stroke in next(digits)]
    for _ in range(N_NUMBERS):
        n = rng.integers(2, 6)
        size = min(rng.uniform(0.7, 0.9) * (WIDTH - 2 * PEN) / n, HEIGHT / 2)
        middle = rng.uniform(0.35, 0.65) * HEIGHT
        lefts = WIDTH / 2 + (np.arange(n) - (n - 1) / 2) * size * rng.uniform(0.85, 1.1)
        yield [
            [left, middle + rng.uniform(-0.05, 0.05) * size] + size * stroke
            for left in lefts
            for stroke in next(digits)
        ]


def picture_of(strokes):
    """A drawing as a picture, dark on light, uint8."""
    sheet = Image.new("L", (WIDTH * FINE, HEIGHT * FINE), 255)
    draw = ImageDraw.Draw(sheet)
    radius = PEN * FINE / 2
    for stroke in strokes:
        points = [tuple(point) for point in np.asarray(stroke) * FINE]
        for start, end in pairwise(points):
            draw.line([start, end], fill=0, width=PEN * FINE)
        for x, y in points:
            draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=0)
    return np.asarray(sheet.reduce(FINE))


def _frames(folder, rng):
    """Frames of digits that people have written, without end."""
    images = fetch_mnist(folder / "mnist", download_if_missing=False).images
    swiss = np.load(folder / "handwriting" / "swiss.npz")
    shapes, pixels = swiss["shapes"], swiss["pixels"]
    starts = np.append(0, np.cumsum(shapes.prod(axis=1)))
    while True:
        # Those after 50,000 are measured on elsewhere.
        yield images[rng.integers(50_000)]
        i = rng.integers(len(shapes))
        picture = pixels[starts[i] : starts[i + 1]].reshape(shapes[i])
        yield FrameDigits().examine([picture]).frames[0]


def _strokes(frame):
    """Strokes along the middle of those of a frame: points (x, y) in heights of the digit."""
    thick = ndimage.zoom(frame.astype(float), _SCALE, order=1) > 110
    strokes = _traced(_thinned(thick))
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    return [(stroke - (low + high) / 2) / max(high - low) for stroke in strokes]


def _thinned(mask):
    """Lines of one pixel along the middle of a mask (Zhang and Suen 1984)."""
    mask = np.pad(mask, 1)
    before = None
    while before is None or (mask != before).any():
        before = mask.copy()
        for first in (True, False):
            # The eight around each pixel, from above clockwise.
            around = [
                np.roll(mask, shift, (0, 1))
                for shift in [(1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1)]
            ]
            up, right, down, left = around[::2]
            n = np.sum(around, axis=0)
            rises = sum(~a & b for a, b in pairwise([*around, around[0]]))
            ends = [up & right & down, right & down & left]
            if not first:
                ends = [up & right & left, up & down & left]
            mask = mask & ~((n >= 2) & (n <= 6) & (rises == 1) & ~ends[0] & ~ends[1])
    return mask


def _traced(lines):
    """Lines of one pixel as strokes: ndarray of points (x, y) each."""
    left = set(map(tuple, np.argwhere(lines)))

    def near(pixel):
        r, c = pixel
        return [p for p in ((r + i, c + j) for i in (0, -1, 1) for j in (0, -1, 1)) if p in left]

    strokes = []
    while left:
        # From the end of a line, where there is one.
        pixel = min(sorted(left), key=lambda p: len(near(p)))
        stroke, ahead = [pixel], np.zeros(2)
        left.discard(pixel)
        while choices := near(stroke[-1]):
            # On as straight as it goes.
            stroke.append(max(choices, key=lambda p: ahead @ (np.array(p) - stroke[-1])))
            left.discard(stroke[-1])
            ahead = np.subtract(stroke[-1], stroke[max(0, len(stroke) - 6)])
        if len(stroke) >= _SCALE or not strokes:
            points = ndimage.uniform_filter1d(np.array(stroke, dtype=float), 5, 0, mode="nearest")
            strokes.append(np.vstack([points[::3], points[-1:]])[:, ::-1])
    return strokes


def main(path):
    folder = os.environ.get("CNN_DIGITS_DATA")
    drawn = [[s.round(1).tolist() for s in d] for d in drawings(Path(folder))] if folder else []
    pictures = [picture_of(strokes) for strokes in drawn]
    digits, numbers = pictures[:N_DIGITS], pictures[N_DIGITS:]
    frames = FrameDigits().examine(digits).frames if digits else []
    read = [*load_pretrained().predict(frames).astype(str)] if digits else []
    read += NumberReader(lines=1).predict(numbers).tolist() if numbers else []
    found = [{"strokes": strokes, "text": text} for strokes, text in zip(drawn, read, strict=True)]
    for drawing, frame in zip(found, frames, strict=False):
        drawing["frame"] = frame.ravel().tolist()
    Path(path).write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
