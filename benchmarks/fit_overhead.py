"""What `fit` costs besides its epochs, on next to no data, and on twice as much of it.

    CNN_DIGITS_DATA=<folder> python benchmarks/fit_overhead.py --peer

The epochs are clocked by a Keras callback of the user's. The fits on all images come after
a small one that loads TensorFlow.
"""

import argparse
import itertools
import time

import fresh
import mnist
import numpy as np
import report

from cnn_digits import CNNDigitClassifier


def clock():
    """A Keras callback that lists the seconds of each epoch, its validation included."""
    import keras

    class Clock(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.epochs = []

        def on_epoch_begin(self, epoch, logs=None):
            self._start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.epochs.append(time.perf_counter() - self._start)

    return Clock()


def fit_classifier(architecture, epochs, train, validation):
    """Seconds of a fit, and of each of its epochs."""
    callback = clock()
    clf = CNNDigitClassifier(architecture, epochs=epochs, callbacks=[callback], random_state=0)
    held_out = {} if validation is None else {"X_val": validation[0], "y_val": validation[1]}
    start = time.perf_counter()
    clf.fit(*train, **held_out)
    return time.perf_counter() - start, callback.epochs


def fit_keras(architecture, epochs, train, validation):
    """The same of Keras's own fit on arrays, without augmentation."""
    import keras

    from cnn_digits.architectures import recipe_for
    from cnn_digits.blueprint import Blueprint

    def arrays(X, y):
        return X.reshape(-1, 28, 28, 1), keras.utils.to_categorical(y, 10)

    callback = clock()
    start = time.perf_counter()
    plan = Blueprint(
        architecture,
        dropout=recipe_for(architecture).dropout,
        mean=33.0,
        std=78.0,
        sharpness=1.0,
        dtype_policy="float32",
        optimizer="adam",
        loss="categorical_crossentropy",
    )
    network = plan.build((28, 28, 1), 10)
    # Without XLA, as the classifier trains: the networks are to cost the same.
    network.compile("adam", "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    network.fit(
        *arrays(*train),
        validation_data=validation and arrays(*validation),
        batch_size=128,
        epochs=epochs,
        verbose=0,
        callbacks=[callback],
    )
    return time.perf_counter() - start, callback.epochs


def second_small_fit(X, y):
    """Seconds of the second fit in a process, one epoch."""
    CNNDigitClassifier(epochs=1, random_state=0).fit(X, y)
    start = time.perf_counter()
    CNNDigitClassifier(epochs=1, random_state=1).fit(X, y)
    return time.perf_counter() - start


def with_twice_the_images(X, y, epochs):
    """Time per image of a fit on all images twice, relative to one on them once."""
    seconds = []
    for times in (1, 2):
        clf = CNNDigitClassifier(epochs=epochs, random_state=0)
        images, labels = np.tile(X, (times, 1)), np.tile(y, times)
        start = time.perf_counter()
        clf.fit(images, labels)
        seconds.append((time.perf_counter() - start) / times)
    print(f"  per pass over the images: once {seconds[0]:.2f} s, twice {seconds[1]:.2f} s")
    return seconds[1] / seconds[0]


def measure(name, fit, architecture, case):
    """Clock one fit and print it.

    Returns
    -------
    validated : bool
    beyond : float
        Seconds besides the epochs.
    epochs : list of float
        Seconds of each.
    """
    seconds, epochs = fit(architecture, *case)
    beyond = seconds - sum(epochs)
    validated = case[-1] is not None
    print(
        f"  {name}: {len(epochs)} epochs {'with' if validated else 'without'} validation, "
        f"{seconds:.2f} s, of it beyond the epochs {beyond:.2f} s; epochs "
        + " ".join(f"{epoch:.2f}" for epoch in epochs),
        flush=True,
    )
    return validated, beyond, epochs


def ratios(groups):
    """Each epoch relative to the median of the others of its group."""
    return [
        epoch / np.median(group[:i] + group[i + 1 :])
        for group in groups
        if len(group) > 1
        for i, epoch in enumerate(group)
    ]


def print_rows(name, results, bounded):
    """The rows of the table; the peer has no bound to keep."""
    later = [(validated, epochs[1:]) for validated, _, epochs in results]
    of_one_fit = [epochs for _, epochs in later]
    # A fit of two epochs has one after the first only: compared across fits alike.
    of_all_fits = [
        [epoch for validated, epochs in later if validated is kind for epoch in epochs]
        for kind in (True, False)
    ]
    beyond = {"at_most": 1.5, "by": "max"} if bounded else {}
    ratio = {"at_most": 1.3, "by": "max"} if bounded else {}
    label = f"{name}: later epoch to the others"
    report.row(f"{name}: beyond the epochs", [b for _, b, _ in results], unit="s", **beyond)
    report.row(f"{label}, of one fit", ratios(of_one_fit), unit="×", **ratio)
    report.row(f"{label}, of all fits", ratios(of_all_fits), unit="×", **ratio)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architecture", default="simple")
    parser.add_argument("--runs", type=int, default=10, help="fits on all images")
    parser.add_argument("--small-runs", type=int, default=5, help="processes with two small fits")
    parser.add_argument("--twice", type=int, default=3, help="fits on all images, and on all twice")
    parser.add_argument("--subset", type=int, default=mnist.N_TRAIN, help="training images")
    parser.add_argument("--peer", action="store_true", help="alternate with Keras's own fit")
    args = parser.parse_args()
    report.machine()
    X, y, X_test, y_test = mnist.split(args.subset)

    # The longest first, so that the cases that a few runs leave out are the cheap ones.
    cases = [
        (epochs, (X, y), validation)
        for epochs in (4, 3, 2, 1)
        for validation in (None, (X_test, y_test))
    ]
    CNNDigitClassifier(args.architecture, epochs=1).fit(X[:200], y[:200])
    print(f"\nFits of {args.architecture!r} on {len(X):,} images")
    ours, peer = [], []
    for case in itertools.islice(itertools.cycle(cases), args.runs):
        ours.append(measure("cnn-digits", fit_classifier, args.architecture, case))
        if args.peer:
            peer.append(measure("Keras", fit_keras, args.architecture, case))
    print("\nFits of the default network on all images, and on all of them twice", flush=True)
    twice = [with_twice_the_images(X, y, epochs=10) for _ in range(args.twice)]
    small = [fresh.call(second_small_fit, X[:100], y[:100]) for _ in range(args.small_runs)]

    report.header("What fit costs besides its epochs")
    print_rows("cnn-digits", ours, bounded=True)
    print_rows("Keras", peer, bounded=False)
    report.row("second fit of a process, 100 images, 1 epoch", small, unit="s", at_most=1.2)
    report.row("time per image, twice the images", twice, unit="×", at_most=1.05)


if __name__ == "__main__":
    main()
