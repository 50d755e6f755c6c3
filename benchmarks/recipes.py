"""Five published recipes for MNIST at their own settings, and the default beside them.

    CNN_DIGITS_DATA=<folder> python benchmarks/recipes.py

Trained on the first 50,000 images and measured on the last 10,000, or on a test split of your
own. `--recipes 2 5 --epochs 1 --subset 5000` is a quick try.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import mnist
import numpy as np
import pandas as pd
import report

from cnn_digits import Augment, CNNDigitClassifier, read_csv, write_submission
from cnn_digits.data.dataset import read_dataset

# What the five have in common; `learning_rate` is Keras's default for both optimizers.
COMMON = {"epochs": 10, "batch_size": 128, "learning_rate": 1e-3, "label_smoothing": 0.0}
PLATEAU = {"schedule": "reduce_on_plateau", "validation_fraction": 0.1, "n_iter_no_change": 4}
MOVED = Augment(rotation=10, zoom=0.1, shift=0.1)


@dataclass
class Recipe:
    """A published recipe: what is built and trained, what came out of it."""

    number: str
    title: str
    parameters: dict = field(default_factory=dict)
    published: float | None = None  # accuracy in percent
    must_be: float | None = None  # in percent
    by_way_of_csv: bool = False  # data from a Kaggle CSV, predictions into a submission


RECIPES = [
    Recipe(
        "1",
        "deep, RMSprop with annealing",
        {"architecture": "deep", "optimizer": "rmsprop", "augment": None, **COMMON, **PLATEAU},
        published=98.64,
        must_be=98.64,
    ),
    Recipe(
        "1",
        "the same with augmentation",
        {"architecture": "deep", "optimizer": "rmsprop", "augment": MOVED, **COMMON, **PLATEAU},
        published=99.02,
        must_be=99.02,
    ),
    Recipe(
        "2",
        "simple, Adam",
        {"architecture": "simple", "augment": None, "schedule": "constant", **COMMON},
        must_be=99.0,
    ),
    Recipe(
        "3",
        "simple, RMSprop, plateau, augmentation, result.csv",
        {"architecture": "simple", "optimizer": "rmsprop", "augment": MOVED, **COMMON, **PLATEAU},
        must_be=99.0,
        by_way_of_csv=True,
    ),
    Recipe(
        "4",
        "simple, Adam, Kaggle CSV in, submission out",
        {"architecture": "simple", "augment": None, "schedule": "constant", **COMMON},
        published=98.96,
        must_be=98.96,
        by_way_of_csv=True,
    ),
    Recipe(
        "5",
        "lenet5, RMSprop, plateau, rotation and zoom",
        {
            "architecture": "lenet5",
            "optimizer": "rmsprop",
            "augment": Augment(rotation=10, zoom=0.1, shift=0),
            **COMMON,
            **PLATEAU,
        },
        must_be=99.0,
    ),
    Recipe(
        "5",
        "the same with flips, as published",
        {
            "architecture": "lenet5",
            "optimizer": "rmsprop",
            "augment": Augment(
                rotation=10, zoom=0.1, shift=0, horizontal_flip=True, vertical_flip=True
            ),
            **COMMON,
            **PLATEAU,
        },
    ),
    Recipe("6", "CNNDigitClassifier() as it comes"),
]


def run(recipe, data, *, epochs, seed):
    """Number of parameters, seconds of `fit` and accuracy in percent of one training."""
    parameters = recipe.parameters if epochs is None else {**recipe.parameters, "epochs": epochs}
    clf = CNNDigitClassifier(**parameters, random_state=seed)
    X, y, X_test, y_test = data
    if recipe.by_way_of_csv:
        accuracy, seconds = by_way_of_csv(clf, *data)
    else:
        start = time.perf_counter()
        clf.fit(X, y)
        seconds = time.perf_counter() - start
        accuracy = 100 * clf.score(X_test, y_test)
    return clf.model_.count_params(), seconds, accuracy


def by_way_of_csv(clf, X, y, X_test, y_test):
    """Accuracy in percent of a submission, and seconds of `fit`: the whole way on files."""
    names = [f"pixel{i}" for i in range(X[0].size)]
    with tempfile.TemporaryDirectory() as folder:
        train, test, result = (Path(folder) / f"{name}.csv" for name in ("train", "test", "result"))
        table = pd.DataFrame(X.reshape(len(X), -1), columns=names)
        table.insert(0, "label", y)
        table.to_csv(train, index=False)
        pd.DataFrame(X_test.reshape(len(X_test), -1), columns=names).to_csv(test, index=False)

        pixels, labels = read_csv(train)
        start = time.perf_counter()
        clf.fit(pixels, labels)
        seconds = time.perf_counter() - start
        pixels, _ = read_csv(test)
        write_submission(result, clf.predict(pixels), n_images=len(pixels))

        submission = pd.read_csv(result)
    assert submission.ImageId.tolist() == list(range(1, len(y_test) + 1))
    return 100 * (submission.Label == y_test).mean(), seconds


def load(args):
    """Images and labels to train on and to measure on."""
    if args.data is None:
        X, y, X_test, y_test = mnist.split()
    else:
        dataset = read_dataset(args.data)
        X, y = dataset.data, dataset.target
        if args.test is None:
            n = len(X) * 5 // 6
            X, y, X_test, y_test = X[:n], y[:n], X[n:], y[n:]
    if args.test is not None:
        dataset = read_dataset(args.test, subset="test")
        X_test, y_test = dataset.data, dataset.target
    return X[: args.subset], y[: args.subset], X_test, y_test


def main():
    """Train each recipe, once for each seed in turn, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="images and labels (default: MNIST's 60,000)")
    parser.add_argument(
        "--test", help="images and labels to measure on (default: the last sixth of the others)"
    )
    parser.add_argument("--epochs", type=int, help="instead of each recipe's own")
    parser.add_argument("--repeat", type=int, default=1, help="seeds (default: %(default)s)")
    parser.add_argument("--subset", type=int, help="train on so many images only")
    parser.add_argument(
        "--recipes", nargs="+", default=list("123456"), choices=list("123456"), metavar="N"
    )
    args = parser.parse_args()
    report.machine()
    data = load(args)
    print(f"{len(data[0]):,} images to train on, {len(data[2]):,} to measure on\n", flush=True)

    # TensorFlow's first fit of a process takes seconds more, which are no recipe's.
    CNNDigitClassifier(epochs=1).fit(data[0][:100], data[1][:100])
    chosen = [recipe for recipe in RECIPES if recipe.number in args.recipes]
    results = [[] for _ in chosen]
    for seed in range(args.repeat):
        for recipe, of_recipe in zip(chosen, results, strict=True):
            of_recipe.append(run(recipe, data, epochs=args.epochs, seed=seed))
            n_parameters, seconds, accuracy = of_recipe[-1]
            print(f"  {recipe.title}, seed {seed}: {seconds:.1f} s, {accuracy:.2f} %", flush=True)

    print(
        f"\n{'recipe':<55}{'parameters':>11}{'fit [s]':>9}{'accuracy [%]':>14}{'sd':>6}"
        f"{'published':>11}   must be"
    )
    for recipe, of_recipe in zip(chosen, results, strict=True):
        n_parameters, seconds, accuracies = zip(*of_recipe, strict=True)
        accuracy = np.mean(accuracies)
        sd = f"{np.std(accuracies, ddof=1):.2f}" if len(accuracies) > 1 else "–"
        verdict = ""
        if recipe.must_be is not None:
            verdict = f"≥ {recipe.must_be}: {'ok' if accuracy >= recipe.must_be else 'MISSED'}"
        print(
            f"{f'{recipe.number}  {recipe.title}':<55}{n_parameters[0]:>11,}"
            f"{np.mean(seconds):>9.1f}{accuracy:>14.2f}{sd:>6}{recipe.published or '–':>11}   "
            f"{verdict}".rstrip()
        )


if __name__ == "__main__":
    main()
