"""MNIST's training images, split as is customary: the test images are for final figures."""

from cnn_digits import fetch_mnist

N_TRAIN = 50_000


def load():
    """All 60,000 images, uint8 of shape (60000, 784), and their labels."""
    return fetch_mnist(return_X_y=True)


def split(n_train=N_TRAIN):
    """The first `n_train` images with labels, and the last 10,000 with theirs."""
    X, y = load()
    n_train = min(n_train, N_TRAIN)
    return X[:n_train], y[:n_train], X[N_TRAIN:], y[N_TRAIN:]
