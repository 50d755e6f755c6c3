"""Real digits for the tests."""

import os

import matplotlib
import numpy as np
import pytest
from hypothesis import settings
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from cnn_digits import CNNDigitClassifier, fetch_mnist

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
