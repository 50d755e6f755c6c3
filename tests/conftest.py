"""Real digits for the tests."""

import glob
import gzip
import os
import shlex
import struct
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from cnn_digits import CNNDigitClassifier, fetch_mnist
from cnn_digits.cli import main

matplotlib.use("agg")

# The first example may load Keras, which takes seconds.
settings.register_profile("digits", deadline=None, derandomize=True)
settings.load_profile("digits")


@pytest.fixture(scope="session")
def digits():
    """scikit-learn's digits, flat 8 × 8 as uint8: X_train, X_test, y_train, y_test."""
    X, y = load_digits(return_X_y=True)
    return train_test_split(X.astype(np.uint8), y, test_size=0.25, stratify=y, random_state=0)


@pytest.fixture(scope="session")
def fitted(digits):
    """A classifier fitted on digits; tests must not change it."""
    X_train, _, y_train, _ = digits
    return CNNDigitClassifier(epochs=8, random_state=0).fit(X_train, y_train)


@pytest.fixture(scope="session")
def mnist():
    """MNIST's training images, flat uint8: the first 50,000 and the last 10,000."""
    if "CNN_DIGITS_DATA" not in os.environ:
        pytest.skip("set CNN_DIGITS_DATA to a folder with mnist/train-images-idx3-ubyte.gz")
    X, y = fetch_mnist(return_X_y=True, download_if_missing=False)
    return X[:50_000], X[50_000:], y[:50_000], y[50_000:]


@pytest.fixture(scope="session")
def handwriting():
    """The folder with other people's handwriting."""
    folder = Path(os.environ.get("CNN_DIGITS_DATA", "")) / "handwriting"
    if not folder.is_dir():
        pytest.skip("set CNN_DIGITS_DATA to a folder with handwriting/form_cells.npz")
    return folder


@pytest.fixture(scope="session")
def run_python():
    """A function that runs code in a process of its own, and returns what it prints."""

    def run(code, **environment):
        return subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, **environment},
        ).stdout.strip()

    return run


@pytest.fixture
def workplace(tmp_path, monkeypatch, digits):
    """A folder with what the commands of README and documentation are given, as the current one.

    train.csv, labelled.csv and test.csv are Kaggle's kind of file, mnist/ holds MNIST's files;
    photo.jpg, one.jpg, two.jpg and three.jpg are photographs, and so are those in photos/ and
    fields/. All digits are scikit-learn's.
    """
    X_train, X_test, y_train, y_test = digits
    monkeypatch.chdir(tmp_path)
    for name, X, y in (
        ("train", X_train, y_train),
        ("labelled", X_test, y_test),
        ("test", X_test, None),
    ):
        table = pd.DataFrame(X).add_prefix("pixel")
        if y is not None:
            table.insert(0, "label", y)
        table.to_csv(f"{name}.csv", index=False)

    def large(X):
        """Of MNIST's size and scale: 8 × 8 pixels as 20 × 20 in the middle of 28 × 28."""
        rows = np.arange(20) * 8 // 20
        images = X.reshape(-1, 8, 8)[:, rows][:, :, rows] * 15
        return np.pad(images, [(0, 0), (4, 4), (4, 4)])

    Path("mnist").mkdir()
    for prefix, X, y in (("train", X_train[:500], y_train[:500]), ("t10k", X_test, y_test)):
        for name, array in (("images-idx3", large(X)), ("labels-idx1", y.astype(np.uint8))):
            header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
            with gzip.open(f"mnist/{prefix}-{name}-ubyte.gz", "wb") as file:
                file.write(header + array.tobytes())

    Path("photos").mkdir()
    Path("fields").mkdir()
    names = ("photo", "one", "two", "three", "photos/1", "photos/2", "photos/3", "fields/1")
    for i, name in enumerate(names):
        paper = 225 - np.kron(large(X_test[i : i + 1])[0] // 2, np.ones((8, 8), np.uint8))
        Image.fromarray(paper).save(f"{name}.jpg")
    return tmp_path


@pytest.fixture
def run_command(workplace):
    """A function that runs a line of a shell that begins with cnn-digits, in that folder."""

    def run(line):
        program, *words = shlex.split(line, comments=True)
        assert program == "cnn-digits"
        # As the shell does with *.jpg.
        arguments = [path for word in words for path in sorted(glob.glob(word)) or [word]]
        assert main(arguments) == 0, line

    return run
