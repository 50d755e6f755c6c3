"""Alter model files at random and load them: each has to work, or to be refused with a reason.

    python fuzz/model_files.py --files 10000 --seed 0

Files are written by classifiers with labels and networks of several kinds, and by former versions.
What loads has to predict, and to be the same once it was saved again and loaded. Everything else
has to be a ValueError of one line that names the file and gives a reason of several words. Exits
with 1, and keeps the altered file, if one is neither, or takes more than 10 s or 2 GiB. Not on
Windows.
"""

import argparse
import collections
import contextlib
import multiprocessing
import os
import random
import re
import resource
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from alterations import ALTERATIONS

FORMER = Path(__file__).parents[1] / "tests" / "former_files"

MAX_SECONDS = 10
MAX_BYTES = 2 * 2**30

# Keras keeps some megabytes of each network.
FILES_PER_PROCESS = 400

GOOD = ("works", "clear error")


def write_originals(folder, n_fits):
    """Files of classifiers of several kinds, and of former versions.

    Parameters
    ----------
    folder : Path
    n_fits : int
        How many of the kinds, which take some seconds each.
    """
    for path in FORMER.glob("*.cnn"):
        (folder / path.name).write_bytes(path.read_bytes())
    if not n_fits:
        return
    # Here, because what tries the files has no use for them.
    import keras
    import pandas as pd
    from sklearn.datasets import load_digits

    from cnn_digits import Augment, CNNDigitClassifier

    X, y = load_digits(return_X_y=True)
    X, y = X.reshape(-1, 8, 8)[:100, ::2, ::2].reshape(100, 16), y[:100]
    names = pd.DataFrame(X).add_prefix("pixel")
    sgd = keras.optimizers.SGD(0.01, momentum=0.9)
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.RMSprop())
    kinds = [
        (names, np.array([f"d{label}" for label in y]), {"augment": Augment(), "optimizer": sgd}),
        (X, y, {"architecture": "compact", "dtype_policy": "mixed_float16"}),
        (X, y % 2 == 0, {"class_weight": {True: 2.0}, "validation_fraction": 0.2}),
        (X, y * 1.0, {"optimizer": scaled, "loss": keras.losses.CategoricalFocalCrossentropy()}),
        (X[:, :15], y.astype(str).astype(object), {"image_shape": (3, 5)}),
        (X, np.where(y < 5, "low", "high").astype(object), {"early_stopping": True}),
        (X[:, :13], (y % 3).astype(np.uint8), {"random_state": 3}),
        (X, np.zeros(100, int), {"architecture": "accurate"}),
    ]
    for number, (images, labels, parameters) in enumerate(kinds[:n_fits]):
        clf = CNNDigitClassifier(**{"architecture": "lenet5", "epochs": 2, **parameters})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of rows that are no squares
            clf.fit(images, labels).save(folder / f"{number}.cnn")


def tried(path):
    """What comes of loading a file: a kind, and what to say of it."""
    from cnn_digits import CNNDigitClassifier

    try:
        clf = CNNDigitClassifier.load(path)
    except ValueError as error:
        reason = str(error).partition(f"{path} can't be loaded: ")[2]
        is_clear = len(re.findall(r"\w{2,}", reason)) > 3 and "\n" not in reason
        return "clear error" if is_clear else "unclear error", str(error)
    except Exception as error:
        return "other error", repr(error)
    try:
        check_works(clf, path)
    except Exception as error:
        return "can't work", repr(error)
    return "works", ""


def check_works(clf, path):
    """Raise unless a classifier predicts, and does so once it was saved and loaded again."""
    from cnn_digits import CNNDigitClassifier

    low, high = clf._pixel_range
    X = np.linspace([low] * clf.n_features_in_, high, 3)
    probabilities = clf.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-3)
    assert probabilities.shape == (3, len(clf.classes_))
    assert np.isin(clf.predict(X), clf.classes_).all()
    assert len(set(clf.classes_.tolist())) == len(clf.classes_)
    again = path.with_suffix(".again")
    clf.save(again)
    loaded = CNNDigitClassifier.load(again)
    np.testing.assert_array_equal(loaded.classes_, clf.classes_)
    assert loaded.classes_.dtype == clf.classes_.dtype
    for one, other in zip(loaded.model_.variables, clf.model_.variables, strict=True):
        np.testing.assert_array_equal(one, other)
    repr(loaded)


def serve(connection):
    """Try each file that a connection names, and say what came of it and what it took."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # TensorFlow's greetings
    import cnn_digits.classifier
    import cnn_digits.persistence  # noqa: F401

    warnings.simplefilter("ignore")
    connection.send("ready")
    while True:
        path = connection.recv()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        kind, text = tried(path)
        growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        unit = 1 if sys.platform == "darwin" else 1024
        connection.send(("memory" if growth * unit > MAX_BYTES else kind, text))


class Worker:
    """A process that tries files, and another one when that has ended."""

    def __init__(self):
        self._process = None
        self._n_files = 0

    def __call__(self, path):
        """What comes of a file: a kind, and what to say of it."""
        self._n_files += 1
        self._connection.send(path)
        try:
            if self._connection.poll(MAX_SECONDS):
                return self._connection.recv()
            kind = "hang"
        except (EOFError, ConnectionError):
            kind = "crash"
        self.stop()
        return kind, ""

    def get_ready(self):
        """Start a process if there is none, or one that has tried many files."""
        if self._process is not None and self._n_files < FILES_PER_PROCESS:
            return
        self.stop()
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=serve, args=(other,), daemon=True)
        self._process.start()
        other.close()
        self._n_files = 0
        self._connection.recv()  # when everything is imported

    def stop(self):
        """End the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


def altered(originals, seed):
    """The bytes of a file altered at random, and in words what was done."""
    dice = random.Random(seed)
    path, alter = dice.choice(originals), dice.choice(ALTERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are in a zip twice
        return alter(path.read_bytes(), dice), f"{path.name}, {alter.__name__}"


def try_files(originals, folder, args):
    """Alter and try files until there were enough or time is up, or the user interrupts.

    Returns
    -------
    counts : Counter
        How many files there were of each kind.
    slowest : float
        Seconds.
    """
    counts, slowest, worker = collections.Counter(), 0.0, Worker()
    end = time.monotonic() + args.seconds
    path = folder / "altered"
    with contextlib.suppress(KeyboardInterrupt):
        for seed in range(args.seed, args.seed + args.files):
            if time.monotonic() > end:
                break
            data, what = altered(originals, seed)
            path.write_bytes(data)
            worker.get_ready()
            begin = time.monotonic()
            kind, text = worker(path)
            slowest = max(slowest, time.monotonic() - begin)
            counts[kind] += 1
            if kind not in GOOD:
                (args.keep / f"bad-{seed}.cnn").write_bytes(data)
                print(f"{seed}: {kind} of {what}: {text}", flush=True)
    worker.stop()
    return counts, slowest


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1000, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="of the first; each takes the next")
    parser.add_argument("--seconds", type=float, default=3600, help="after which no more begin")
    parser.add_argument("--fits", type=int, default=8, help="kinds of classifiers, 8 at most")
    parser.add_argument("--keep", type=Path, default=Path("."), help="folder for bad files")
    args = parser.parse_args(argv)
    args.keep.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write = multiprocessing.get_context("spawn").Process(
            target=write_originals, args=(folder, args.fits)
        )
        write.start()
        write.join()
        if write.exitcode:
            sys.exit("the files to alter could not be written")
        counts, slowest = try_files(sorted(folder.glob("*.cnn")), folder, args)
    print(f"{sum(counts.values()):,} files: {dict(counts)}; the slowest took {slowest:.1f} s")
    return int(any(kind not in GOOD for kind in counts))


if __name__ == "__main__":
    sys.exit(main())
