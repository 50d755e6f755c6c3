"""Other people's digits under CNN_DIGITS_DATA, all in the frame that a reader's pictures get."""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_digits

from cnn_digits import FrameDigits, fetch_mnist, read_images

# The customary split: what is measured on MNIST is measured on the others.
N_MNIST = 50_000

DIGITS = "0123456789"

# Of Matplotlib's, those that have digits of a shape of their own.
TYPEFACES = [
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "Mono", "Mono-Bold")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
    *("cmr10", "cmb10", "cmss10", "cmtt10"),
]


@dataclass(frozen=True)
class Writing:
    """Digits of a collection.

    Parameters
    ----------
    frames : ndarray of uint8, shape (n, 28, 28)
    labels : ndarray of int, shape (n,)
    writers : ndarray of str, shape (n,)
        All the same where the collection does not tell.
    """

    frames: np.ndarray
    labels: np.ndarray
    writers: np.ndarray

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, rows):
        return Writing(self.frames[rows], self.labels[rows], self.writers[rows])

    def by(self, writers):
        """Digits of some of the writers."""
        return self[np.isin(self.writers, writers)]

    def without(self, writers):
        """Digits of all the others."""
        return self[~np.isin(self.writers, writers)]


def framed(pictures):
    """Frames of pictures, as those of a reader would be framed."""
    with warnings.catch_warnings():
        # Of pictures without ink, of what fills its box, and of several digits: all are wanted.
        warnings.simplefilter("ignore", UserWarning)
        return FrameDigits().transform(pictures)


def mnist():
    """MNIST's first 50,000 digits, which train, and its last 10,000, which measure."""
    images, labels = fetch_mnist(return_X_y=True, download_if_missing=False)
    whole = _writing(images.reshape(-1, 28, 28), labels)
    return whole[:N_MNIST], whole[N_MNIST:]


def swiss(n=None):
    """What 11 writers wrote for https://github.com/kensanata/numbers, or the first `n` digits."""
    pictures, file = pictures_of("swiss.npz")
    return _writing(framed(pictures[:n]), file["labels"][:n], file["writer"][:n])


def optdigits(n=None):
    """What 30 writers wrote for UCI's Optical Recognition of Handwritten Digits, 32 × 32 bits."""
    pictures, file = pictures_of("optdigits_tra.npz")
    return _writing(framed(pictures[:n]), file["labels"][:n])


def printed():
    """Digits of the typefaces that come with Matplotlib: forms have them, too."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    pictures = []
    for name in TYPEFACES:
        typeface = ImageFont.truetype(folder / f"{name}.ttf", 48)
        for digit in DIGITS:
            paper = Image.new("L", (80, 80))
            ImageDraw.Draw(paper).text((40, 40), digit, 255, typeface, anchor="mm")
            pictures.append(np.asarray(paper))
    labels = [int(digit) for _ in TYPEFACES for digit in DIGITS]
    return _writing(framed(pictures), labels, np.repeat(TYPEFACES, len(DIGITS)))


def measured_only():
    """Name → digits that nothing is trained on."""
    return {
        name: _writing(framed(pictures), labels, writers)
        for name, (pictures, labels, writers) in pictures_measured_only().items()
    }


def pictures_measured_only():
    """Name → pictures as they come, their labels, and their writers or None."""
    found = {}
    for name, title, cut in (
        ("nsysu.npz", "NSYSU", 0),
        ("form_cells.npz", "form cells", 0),
        ("form_cells.npz", "form cells, a tenth cut off each side", 0.1),
    ):
        pictures, file = pictures_of(name)
        found[title] = _cut(pictures, cut), file["labels"], None
    usps = np.load(_folder() / "usps_train.npz")
    found["USPS"] = list(usps["images"]), usps["labels"], None
    own = _folder() / "own_digits"
    table = pd.read_csv(own / "labels.csv", dtype=str)
    found["people's own"] = _read(own, table["file"]), table["label"], table["writer"]
    found["cheque digits, cut out"] = *_cheque_digits(), None
    table = _table("register")
    table = table[table["number"].str.len() == 1]
    pictures = _read(_folder() / "handwriting" / "register", table["file"])
    found["register cells of one digit"] = pictures, table["number"], None
    images, labels = load_digits(return_X_y=True)
    images = (images * 255 / 16).astype(np.uint8).reshape(-1, 8, 8)
    found["scikit-learn's digits, 8 × 8"] = list(images), labels, None
    return found


def _writing(frames, labels, writers=None):
    labels = np.asarray(labels).astype(np.int64)
    writers = np.full(len(labels), "") if writers is None else np.asarray(writers).astype(str)
    return Writing(frames, labels, writers)


def _folder():
    return Path(os.environ["CNN_DIGITS_DATA"])


def _table(name):
    return pd.read_csv(_folder() / "handwriting" / name / "labels.csv", dtype=str)


def _read(folder, names):
    return read_images([folder / name for name in names])[0]


def pictures_of(name):
    """Pictures of a collection, of one size or of many, and its file."""
    file = np.load(_folder() / "handwriting" / name)
    if "images" in file:
        return list(file["images"]), file
    ends = np.cumsum(file["shapes"].prod(axis=1))
    flat = np.split(file["pixels"], ends[:-1])
    return [row.reshape(shape) for row, shape in zip(flat, file["shapes"], strict=True)], file


def _cut(pictures, share):
    """Pictures without a share of their height and width on each side."""
    cut = []
    for picture in pictures:
        rows, columns = (round(share * side) for side in picture.shape)
        cut.append(picture[rows : picture.shape[0] - rows, columns : picture.shape[1] - columns])
    return cut


def _cheque_digits():
    """Digits cut out of cheques by their boxes, and their labels."""
    pictures, labels = [], []
    for _, row in _table("cheques").iterrows():
        cheque = _read(_folder() / "handwriting" / "cheques", [row["file"]])[0]
        for box in row["boxes"].split(";"):
            label, left, top, width, height = map(int, box.split())
            digit = cheque[top : top + height, left : left + width]
            if min(digit.shape[:2]) > 2:
                pictures.append(digit)
                labels.append(label)
    return pictures, labels
