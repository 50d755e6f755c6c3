"""Digits and other signs as glyphs: ink cut out closely, from which lines are composed."""

from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import writing
from PIL import Image, ImageDraw, ImageFont
from strokes import drawn, stroke_width

from cnn_digits.framing.ink import find_ink
from cnn_digits.framing.parts import find_digit

# Rows of a glyph of a digit, whatever its collection.
HEIGHT = 40

# Letters that no digit looks like; printed ones stand for writing that is no number.
LETTERS = "ACDEFGHKMNPRTUVWXYacdefhkmnprtuvwxyäöüéñß"


@dataclass(frozen=True)
class Glyphs:
    """Digits of a collection, in the order of the width of their strokes.

    Parameters
    ----------
    images : list of ndarray of uint8
        Light on dark.
    labels : ndarray of int, shape (n,)
    writers : ndarray of str, shape (n,)
    """

    images: list
    labels: np.ndarray
    writers: np.ndarray

    def alike(self, n, rng):
        """Places of `n` digits of one writer, or of pens of about the same width."""
        if self.writers[0]:
            same = np.flatnonzero(self.writers == rng.choice(self.writers))
            return rng.choice(same, n)
        middle = rng.integers(len(self.labels))
        reach = max(len(self.labels) // 20, 50)
        low, high = max(0, middle - reach), min(len(self.labels), middle + reach)
        return rng.integers(low, high, n)


def cut_out(ink):
    """The ink alone, as an image of `HEIGHT` rows of uint8; None if there is none."""
    rows, columns = np.nonzero(ink > 0.25)
    if rows.size < 4:
        return None
    part = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    size = max(2, round(part.shape[1] * HEIGHT / part.shape[0])), HEIGHT
    if size[0] > 2 * HEIGHT:  # a stroke that lies down
        return None
    image = Image.fromarray((np.clip(part, 0, 1) * 255).astype(np.uint8))
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


def _glyphs(inks, labels, writers=None):
    found = [(cut_out(ink), i) for i, ink in enumerate(inks)]
    found = [(image, i) for image, i in found if image is not None]
    width = [stroke_width(image[::2, ::2] / 255.0) for image, _ in found]
    order = np.argsort(width)
    places = np.array([i for _, i in found])[order]
    writers = np.full(len(labels), "") if writers is None else np.asarray(writers).astype(str)
    images = [found[i][0] for i in order]
    return Glyphs(images, np.asarray(labels).astype(int)[places], writers[places])


def _spread(n, n_wanted):
    """Rows all over a collection, whose writers and labels may be in order."""
    return np.arange(n) if n_wanted is None else np.linspace(0, n - 1, n_wanted).astype(int)


def mnist(digits, seed=None):
    """Digits of MNIST; with a seed, with strokes that its writers leave out."""
    if seed is None:
        inks = (frame / np.float32(255) for frame in digits.frames)
    else:
        rng = np.random.default_rng(seed)
        pairs = zip(digits.frames, digits.labels, strict=True)
        inks = (drawn(frame, label, rng) for frame, label in pairs)
    return _glyphs(inks, digits.labels)


def swiss(n=None):
    """What 11 writers wrote for https://github.com/kensanata/numbers."""
    pictures, file = writing.pictures_of("swiss.npz")
    rows = _spread(len(pictures), n)
    inks = (find_digit(find_ink(pictures[i][None].astype(np.float32)))[0][0] for i in rows)
    return _glyphs(inks, file["labels"][rows], file["writer"][rows])


def optdigits(n=None):
    """What 30 writers wrote for UCI's Optical Recognition of Handwritten Digits."""
    pictures, file = writing.pictures_of("optdigits_tra.npz")
    inks, rows = [], _spread(len(pictures), n)
    for i in rows:
        image = Image.fromarray((pictures[i] > 0).astype(np.uint8) * 255)
        # Bits, made soft as a scan of finer pixels is.
        soft = np.asarray(image.resize((96, 96), Image.Resampling.BICUBIC), dtype=np.float32) / 255
        inks.append(np.clip((soft - 0.5) * 3 + 0.5, 0, 1))
    return _glyphs(inks, file["labels"][rows])


def printed():
    """Digits of Matplotlib's typefaces; writer: the typeface."""
    inks, labels, writers = [], [], []
    for name in writing.TYPEFACES:
        for digit in writing.DIGITS:
            inks.append(_drawn(name, digit))
            labels.append(int(digit))
            writers.append(name)
    return _glyphs(inks, labels, writers)


def signs(characters):
    """Character → its glyphs in all typefaces that have it, as high as they are beside digits.

    Returns
    -------
    glyphs : dict of list of (ndarray of uint8, float)
        Image, and where its lower edge is above the line, in heights of a digit.
    """
    found = {}
    for character in characters:
        found[character] = []
        for name in writing.TYPEFACES:
            if name.startswith("cm"):
                continue  # other signs than ASCII are elsewhere in these
            ink, zero = _drawn(name, character), _drawn(name, "0")
            rows, columns = np.nonzero(ink > 0.25)
            zeros = np.nonzero(zero > 0.25)[0]
            height = zeros.max() + 1 - zeros.min()
            if not rows.size:
                continue
            part = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            factor = HEIGHT / height
            size = [max(2, round(side * factor)) for side in part.shape[::-1]]
            image = Image.fromarray((part * 255).astype(np.uint8)).resize(size)
            found[character].append((np.asarray(image), (zeros.max() - rows.max()) / height))
    return found


def _drawn(typeface, character):
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{typeface}.ttf"
    paper = Image.new("L", (120, 120))
    face = ImageFont.truetype(path, 64)
    ImageDraw.Draw(paper).text((60, 80), character, 255, face, anchor="ms")
    return np.asarray(paper, dtype=np.float32) / 255
