"""MNIST's training images, read from the folder that CNN_DIGITS_DATA names."""

import gzip
import os
from pathlib import Path

import numpy as np

# The customary split: MNIST's own test images are for a final measurement only.
N_TRAIN = 50_000


def load():
    """All 60,000 images, uint8 of shape (60000, 784), and their labels."""
    folder = os.environ.get("CNN_DIGITS_DATA")
    if not folder:
        raise SystemExit(
            "Set CNN_DIGITS_DATA to the folder that holds mnist/train-images-idx3-ubyte.gz and "
            "mnist/train-labels-idx1-ubyte.gz."
        )
    folder = Path(folder) / "mnist"
    images = gzip.decompress((folder / "train-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / "train-labels-idx1-ubyte.gz").read_bytes())
    # Copies, because arrays over bytes are read-only.
    X = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 784).copy()
    y = np.frombuffer(labels, np.uint8, offset=8).astype(np.int64)
    return X, y


def split(n_train=N_TRAIN):
    """The first `n_train` images with labels, and the last 10,000 with theirs."""
    X, y = load()
    n_train = min(n_train, N_TRAIN)
    return X[:n_train], y[:n_train], X[N_TRAIN:], y[N_TRAIN:]
