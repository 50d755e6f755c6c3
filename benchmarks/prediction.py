"""How long `predict` takes: one image, 10,000 images, and any number of rows.

    CNN_DIGITS_DATA=<folder> python benchmarks/prediction.py

Networks are trained for a moment only; that does not change what a prediction costs.
"""

import argparse
import time

import mnist
import numpy as np
import report
from sklearn.base import clone

from cnn_digits import CNNDigitClassifier

ROWS = (1, 2, 3, 7, 50, 100, 999, 1000, 2047, 2048, 2049, 4999)


def seconds(function, *args, **kwargs):
    start = time.perf_counter()
    function(*args, **kwargs)
    return time.perf_counter() - start


def one_image(clf, X, calls):
    """Milliseconds of each call of ours and of Keras's `predict_on_batch`, alternately."""
    images = X.reshape(-1, 28, 28, 1)
    clf.predict(X[:1])
    clf.model_.predict_on_batch(images[:1])
    times = []
    for i in np.arange(calls) % len(X):
        ours = seconds(clf.predict, X[i : i + 1])
        peer = seconds(clf.model_.predict_on_batch, images[i : i + 1])
        times.append((1000 * ours, 1000 * peer))
    return np.array(times).T


def many_images(clf, X, runs):
    """Seconds of our predict and of Keras's on uint8 and float32, alternately."""
    images = X.reshape(-1, 28, 28, 1)
    ways = {
        "ours": lambda: clf.predict(X),
        "uint8": lambda: clf.model_.predict(images, verbose=0),
        "float32": lambda: clf.model_.predict(images.astype(np.float32), verbose=0),
    }
    for way in ways.values():
        way()
    times = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            times[name].append(seconds(way))
    return {name: np.array(values) for name, values in times.items()}


def row_numbers(clf, X):
    """By how many seconds the first call with a number of rows exceeds the later ones."""
    excess = []
    for n in ROWS:
        times = [seconds(clf.predict, X[:n]) for _ in range(6)]
        excess.append(times[0] - np.median(times[1:]))
        print(
            f"  {n:5} rows of {X.dtype}: first call {1000 * times[0]:7.1f} ms, "
            f"median of five more {1000 * np.median(times[1:]):7.1f} ms"
        )
    return excess


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=15, help="predictions of 10,000 images")
    parser.add_argument("--calls", type=int, default=500, help="predictions of one image")
    args = parser.parse_args()
    report.machine()
    X, y, X_test, _ = mnist.split(5000)
    simple = CNNDigitClassifier("simple", epochs=1, random_state=0).fit(X, y)
    compact = clone(simple).set_params(architecture="compact").fit(X, y)

    print("\nNumbers of rows not seen before, after a first call with 10,000 rows")
    # With fewer rows, later calls would show the time in which memory is first touched.
    simple.predict(X_test)
    excess = row_numbers(simple, X_test) + row_numbers(simple, X_test.astype(np.float32))

    report.header("predict")
    for name, clf in (("simple", simple), ("compact", compact)):
        ours, peer = one_image(clf, X_test, args.calls)
        report.row(f"{name}: one image, uint8", ours, unit="ms", at_most=1.5)
        report.row(f"{name}: Model.predict_on_batch of it", peer, unit="ms")
        report.row(f"{name}: ours to Model.predict_on_batch", ours / peer, unit="×")
    for name, clf in (("simple", simple), ("compact", compact)):
        times = many_images(clf, X_test, args.runs)
        # For "compact", which is smaller, information only.
        limit, limit_ratio = (0.45, 0.7) if name == "simple" else (None, None)
        n = f"{len(X_test):,}"
        report.row(f"{name}: {n} images", times["ours"], unit="s", at_most=limit, digits=3)
        for dtype in ("uint8", "float32"):
            label = f"{name}: Model.predict of {n}, {dtype}"
            report.row(label, times[dtype], unit="s", digits=3)
            label = f"{name}: ours to Model.predict, {dtype}"
            report.row(label, times["ours"] / times[dtype], unit="×", at_most=limit_ratio)
    # A network traced anew takes longer than that.
    report.row("simple: first call with a number of rows, excess", excess, unit="s", by="max",
               at_most=0.05, digits=3)  # fmt: skip


if __name__ == "__main__":
    main()
