"""How accurate the classifier is on unseen digits, MNIST's and scikit-learn's.

    CNN_DIGITS_DATA=<folder> python benchmarks/accuracy.py --default

MNIST: trained on the first 50,000 training images, measured on the last 10,000.
"""

import argparse
import itertools
import time

import mnist
import numpy as np
import report
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold, cross_validate

from cnn_digits import CNNDigitClassifier
from cnn_digits.architectures import ARCHITECTURES


def on_mnist(data, seeds, **params):
    """Probabilities of the test images and seconds of the fit, one of each for each seed."""
    X, y, X_test, _ = data
    probabilities, seconds = [], []
    for seed in range(seeds):
        clf = CNNDigitClassifier(**params, random_state=seed)
        start = time.perf_counter()
        clf.fit(X, y)
        seconds.append(time.perf_counter() - start)
        probabilities.append(clf.predict_proba(X_test))
    return probabilities, seconds


def accuracy(proba, y):
    """Percentage of labels, the numbers 0 to 9, that are the most probable class."""
    return 100 * np.mean(proba.argmax(axis=1) == y.astype(int))


def print_mnist(title, data, seeds, *, at_least=None, at_most=None, **params):
    """Train once for each seed; return the probabilities."""
    probabilities, seconds = on_mnist(data, seeds, **params)
    accuracies = [accuracy(proba, data[-1]) for proba in probabilities]
    report.header(title)
    report.row("accuracy", accuracies, unit="%", by="mean", at_least=at_least)
    print_standard_error(accuracies)
    report.row("fit", seconds, unit="s", digits=1, at_most=at_most)
    return probabilities


def print_votes(probabilities, y):
    """What `VotingClassifier(voting="soft")` makes of each five of the networks."""
    votes = [accuracy(sum(five), y) for five in itertools.combinations(probabilities, 5)]
    report.row("soft vote of five", votes, unit="%", by="mean", at_least=99.75)


def print_standard_error(values):
    if len(values) > 1:
        error = np.std(values, ddof=1) / np.sqrt(len(values))
        print(f"  mean {np.mean(values):.3f}, standard error {error:.3f}")


def print_digits(seeds):
    cv = StratifiedKFold(5, shuffle=True, random_state=0)
    digits = load_digits(return_X_y=True)
    accuracies, seconds = [], []
    for seed in range(seeds):
        clf = CNNDigitClassifier(random_state=seed)
        scores = cross_validate(clf, *digits, cv=cv)
        accuracies.append(100 * scores["test_score"].mean())
        seconds.extend(scores["fit_time"])
    report.header("scikit-learn's digits, defaults, means of five folds, one for each seed")
    report.row("accuracy", accuracies, unit="%", by="mean", at_least=99.0)
    print_standard_error(accuracies)
    report.row("fit", seconds, unit="s", by="max", at_most=15, digits=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="fits of each kind")
    parser.add_argument("--images", type=int, default=mnist.N_TRAIN, help="training images")
    parser.add_argument("--default", action="store_true", help="CNNDigitClassifier() on MNIST too")
    parser.add_argument("--accurate", action="store_true", help='"accurate" on MNIST too')
    parser.add_argument("--architectures", action="store_true", help="all of them on MNIST too")
    parser.add_argument("--epochs", type=int, default=4, help="with --architectures")
    args = parser.parse_args()
    report.machine()
    data = mnist.split(args.images)
    # TensorFlow is loaded by the first fit; that is no part of the times.
    CNNDigitClassifier(epochs=1).fit(data[0][:200], data[1][:200])

    images = f"MNIST, {len(data[0]):,} images"
    print_mnist(f"{images}, 'compact', one epoch", data, args.seeds, at_least=98.95, epochs=1)
    print_digits(args.seeds)
    if args.default:
        print_mnist(f"{images}, defaults", data, args.seeds, at_least=99.45)
    if args.accurate:
        title = f"{images}, 'accurate'"
        bounds = {"at_least": 99.68, "at_most": 600}
        votes = print_mnist(title, data, args.seeds, architecture="accurate", **bounds)
        print_votes(votes, data[-1])
    if args.architectures:
        for name in ARCHITECTURES:
            title = f"{images}, {name!r}, {args.epochs} epochs"
            print_mnist(title, data, args.seeds, architecture=name, epochs=args.epochs)


if __name__ == "__main__":
    main()
