"""`cnn-digits demo`: all of it on scikit-learn's digits."""

import time
from pathlib import Path

from cnn_digits.cli.keras_loading import load_keras
from cnn_digits.cli.places import named_path
from cnn_digits.cli.report import confusion_matrix_display, draw
from cnn_digits.files import writable_folder


def add_parser(commands):
    """Add the command to those of the program."""
    parser = commands.add_parser(
        "demo",
        help="train on scikit-learn's digits, print a report, draw pictures",
        description="Train on the 1,797 digits of 8 × 8 pixels that come with scikit-learn: no "
        "file, no download, under half a minute.",
    )
    parser.add_argument(
        "--plots",
        type=named_path,
        default=Path("cnn-digits-demo"),
        metavar="FOLDER",
        help="where to write training-curves.png and confusion-matrix.png (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="random state (default: %(default)s)")
    return parser


def run(args):
    """Train, report, draw."""
    # Before the training, so that a folder that can't be written costs no time.
    writable_folder(args.plots)
    start = time.perf_counter()
    load_keras()
    from sklearn.datasets import load_digits
    from sklearn.metrics import classification_report
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

    draw(TrainingCurveDisplay.from_estimator(clf), args.plots / "training-curves.png")
    draw(confusion_matrix_display(y_test, y_pred), args.plots / "confusion-matrix.png")
    for name in ("training-curves.png", "confusion-matrix.png"):
        print(f"Wrote {args.plots / name}")
