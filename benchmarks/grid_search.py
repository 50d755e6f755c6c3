"""GridSearchCV with two workers against one process: 16 fits of 5,000 images each.

    CNN_DIGITS_DATA=<folder> python benchmarks/grid_search.py

Each search runs in a process of its own and loads TensorFlow within the time measured; so
do the workers, whose start belongs to the time as well.
"""

import argparse
import time

import fresh
import mnist
import numpy as np
import report
from joblib.externals.loky import get_reusable_executor
from sklearn.model_selection import GridSearchCV, ShuffleSplit

from cnn_digits import CNNDigitClassifier


def search(X, y, n_jobs, n_train, epochs):
    """Seconds of a search, and its best accuracy."""
    grid = GridSearchCV(
        CNNDigitClassifier("simple", epochs=epochs, random_state=0),
        {"dropout": [0.25, 0.5], "learning_rate": [1e-3, 2e-3]},
        cv=ShuffleSplit(4, train_size=n_train, test_size=1000, random_state=0),
        n_jobs=n_jobs,
        refit=False,
    )
    start = time.perf_counter()
    grid.fit(X, y)
    seconds = time.perf_counter() - start
    # A process that is itself a worker would wait minutes for idle workers before it ends.
    get_reusable_executor().shutdown()
    return seconds, grid.cv_results_["mean_test_score"].max()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--images", type=int, default=5000, help="training images of each fit")
    parser.add_argument("--epochs", type=int, default=3)
    args = parser.parse_args()
    report.machine()
    X, y, _, _ = mnist.split(args.images + 1000)

    times = {1: [], 2: []}
    print()
    for i in range(args.repeat):
        # Whoever comes first changes places, in case the machine gets slower or faster.
        for n_jobs in (1, 2) if i % 2 == 0 else (2, 1):
            seconds, accuracy = fresh.call(search, X, y, n_jobs, args.images, args.epochs)
            times[n_jobs].append(seconds)
            print(f"  n_jobs={n_jobs}: {seconds:.1f} s, best accuracy {accuracy:.4f}", flush=True)

    report.header(f"GridSearchCV, 16 fits of {args.images:,} images, {args.epochs} epochs")
    for n_jobs, values in times.items():
        report.row(f"n_jobs={n_jobs}", values, unit="s", digits=1)
    report.row("n_jobs=2 to n_jobs=1", np.divide(times[2], times[1]), unit="×", at_most=0.9)


if __name__ == "__main__":
    main()
