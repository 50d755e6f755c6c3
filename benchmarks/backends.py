"""Each network trained for a moment by each of Keras's backends that is installed.

    CNN_DIGITS_DATA=<folder> python benchmarks/backends.py

To show that it runs and learns, not to compare speed: the fits are so small that building
and compiling count. TensorFlow reads the batches in any case.
"""

import argparse
import os
import time
import traceback
from importlib.util import find_spec

import fresh
import mnist
import report
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from cnn_digits import Augment, CNNDigitClassifier
from cnn_digits.architectures import ARCHITECTURES

BACKENDS = ("tensorflow", "jax", "torch")

# Name of the data -> augmentation.
DATA = {"digits": None, "MNIST, affine": Augment(), "MNIST, elastic": Augment(elastic=0.03)}


def fit_each(backend, cases):
    """Seconds and accuracy of each fit, or the text of its failure."""
    # Read when Keras is loaded, which is now.
    os.environ["KERAS_BACKEND"] = backend
    import keras

    # First, so that loading what reads the batches is in no fit's time.
    import tensorflow  # noqa: F401

    assert keras.backend.backend() == backend
    return [fit(*case) for case in cases]


def fit(data, params):
    X, X_test, y, y_test = data
    clf = CNNDigitClassifier(random_state=0, **params)
    start = time.perf_counter()
    try:
        clf.fit(X, y)
        seconds = time.perf_counter() - start
        return f"{seconds:6.1f} s, accuracy {100 * clf.score(X_test, y_test):.2f} %"
    except Exception:
        # The other fits are to run all the same.
        return traceback.format_exc()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=3000, help="MNIST training images")
    parser.add_argument("--epochs-digits", type=int, default=10)
    parser.add_argument("--epochs-mnist", type=int, default=3)
    parser.add_argument("--backends", nargs="+", default=BACKENDS, choices=BACKENDS)
    parser.add_argument("--architectures", nargs="+", default=tuple(ARCHITECTURES))
    args = parser.parse_args()
    report.machine()
    X, y, X_test, y_test = mnist.split(args.images)
    data = dict.fromkeys(DATA, (X, X_test, y, y_test))
    data["digits"] = train_test_split(*load_digits(return_X_y=True), random_state=0)

    print()
    for backend in args.backends:
        if find_spec(backend) is None:
            print(f"{backend}: not installed, skipped")
            continue
        for architecture in args.architectures:
            cases = []
            for name, augment in DATA.items():
                epochs = args.epochs_digits if name == "digits" else args.epochs_mnist
                params = {"architecture": architecture, "augment": augment, "epochs": epochs}
                cases.append((data[name], params))
            for name, result in zip(DATA, fresh.call(fit_each, backend, cases), strict=True):
                print(f"{backend:<12}{architecture:<10}{name:<16}{result}", flush=True)


if __name__ == "__main__":
    main()
