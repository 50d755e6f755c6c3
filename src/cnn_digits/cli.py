"""The command line: arguments in, text and pictures out, nothing else."""

import argparse
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from cnn_digits import __version__


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str or None, default=None
        Arguments without the program's name; None takes those of the process.

    Returns
    -------
    exit_code : int
        0, 2 for bad input, 130 after Ctrl-C.
    """
    parser = argparse.ArgumentParser(
        prog="cnn-digits", description="Convolutional networks for handwritten digits."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser(
        "demo",
        help="train on scikit-learn's digits, print a report, draw pictures",
        description="Train on the 1,797 digits of 8 × 8 pixels that come with scikit-learn: no "
        "file, no download, under half a minute.",
    )
    demo.add_argument(
        "--plots",
        type=Path,
        default=Path("cnn-digits-demo"),
        metavar="FOLDER",
        help="where to write training-curves.png and confusion-matrix.png (default: %(default)s)",
    )
    demo.add_argument("--seed", type=int, default=0, help="random state (default: %(default)s)")
    demo.set_defaults(run=_demo)
    args = parser.parse_args(argv)
    try:
        args.run(args)
    except KeyboardInterrupt:
        print("cnn-digits: interrupted", file=sys.stderr)
        return 130
    except (OSError, ValueError) as error:
        print(f"cnn-digits: {error}", file=sys.stderr)
        return 2
    return 0


def _demo(args):
    # Before the training, so that a folder that can't be written costs no time.
    args.plots.mkdir(parents=True, exist_ok=True)
    if not os.access(args.plots, os.W_OK):
        raise PermissionError(f"cannot write to the folder {args.plots}")

    start = time.perf_counter()
    with _quiet_tensorflow():
        import keras  # noqa: F401 - loads TensorFlow, while it is kept quiet
    import matplotlib

    matplotlib.use("agg")
    from sklearn.datasets import load_digits
    from sklearn.metrics import ConfusionMatrixDisplay, classification_report
    from sklearn.model_selection import train_test_split

    from cnn_digits import CNNDigitClassifier, TrainingCurveDisplay

    print(f"Loaded TensorFlow in {time.perf_counter() - start:.1f} s.")
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.25, stratify=y, random_state=args.seed
    )
    clf = CNNDigitClassifier(validation_fraction=0.1, random_state=args.seed)
    print(f"Training on {len(X_train):,} of scikit-learn's digits, 8 × 8 pixels: {clf}", flush=True)
    start = time.perf_counter()
    clf.fit(X_train, y_train)
    seconds = time.perf_counter() - start
    print(
        f"Trained the network {clf.model_.name!r} ({clf.model_.count_params():,} parameters) for "
        f"{clf.n_iter_} epochs in {seconds:.1f} s.\n"
    )
    y_pred = clf.predict(X_test)
    print(f"On {len(X_test)} digits that it has not seen:\n")
    print(classification_report(y_test, y_pred, digits=3))

    TrainingCurveDisplay.from_estimator(clf).figure_.savefig(args.plots / "training-curves.png")
    matrix = ConfusionMatrixDisplay.from_predictions(y_test, y_pred, cmap="Blues", colorbar=False)
    matrix.ax_.set_title(f"{(y_test == y_pred).sum()} of {len(y_test)} digits read right")
    matrix.figure_.savefig(args.plots / "confusion-matrix.png", bbox_inches="tight")
    for name in ("training-curves.png", "confusion-matrix.png"):
        print(f"Wrote {args.plots / name}")


@contextmanager
def _quiet_tensorflow():
    """Keep TensorFlow's remarks on the processor out of the output.

    Some are written before any setting of its own can stop them, straight to the file
    descriptor. An import that fails raises; nothing is lost with them.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "w") as null:
        os.dup2(null.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
