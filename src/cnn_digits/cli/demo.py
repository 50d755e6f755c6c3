"""`cnn-digits demo`: pictures are read, then a network is trained on scikit-learn's digits."""

import time
from pathlib import Path

from cnn_digits.cli.keras_loading import load_keras
from cnn_digits.cli.places import named_path
from cnn_digits.cli.report import confusion_matrix_display, draw, draw_into_files
from cnn_digits.files import writable_folder

_NUMBER, _SHEET = "number.png", "readings.png"
_CURVES, _CONFUSION = "training-curves.png", "confusion-matrix.png"


def add_parser(commands):
    """Add the command to those of the program."""
    parser = commands.add_parser(
        "demo",
        help="read pictures, train on scikit-learn's digits, print reports, draw pictures",
        description="Draw ten digits and a number as if they were written on paper and "
        "photographed, and read them with the networks that come with cnn-digits; then train "
        "another one on the 1,797 digits of 8 × 8 pixels that come with scikit-learn: no file, no "
        "download, under half a minute.",
    )
    parser.add_argument(
        "--plots",
        type=named_path,
        default=Path("cnn-digits-demo"),
        metavar="FOLDER",
        help="where to write the pictures that are read, "
        f"{_SHEET}, {_NUMBER}, {_CURVES} and {_CONFUSION} (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="random state (default: %(default)s)")
    return parser


def run(args):
    """Read, train, report, draw."""
    # Before anything takes time, so that a folder that can't be written costs none.
    pictures = writable_folder(args.plots / "pictures")
    draw_into_files()
    start = time.perf_counter()
    load_keras()
    print(f"Loaded TensorFlow in {time.perf_counter() - start:.1f} s.\n", flush=True)
    number = args.plots / "number.jpg"
    paths = _draw(pictures, number, args.seed)
    _read(pictures, paths, args)
    _read_number(number, args)
    _train(args)
    for name in (_SHEET, _NUMBER, _CURVES, _CONFUSION):
        print(f"Wrote {args.plots / name}")
    print(f"\nRead them again, or your own:\n\n  cnn-digits predict {pictures}")
    print(f"  cnn-digits read {number}")


def _draw(folder, number, seed):
    """Draw a picture of each digit into a folder, and one of a number."""
    import numpy as np

    from cnn_digits.cli.handwriting import write_photo, write_pictures

    rng = np.random.default_rng(seed)
    paths = write_pictures(folder, rng)
    write_photo(number, rng.integers(10, size=5).tolist(), rng)
    return paths


def _read(folder, paths, args):
    """Read the pictures of digits with the network that comes with the package."""
    from cnn_digits import FramedDigitsDisplay, FrameDigits, load_pretrained, read_images

    start = time.perf_counter()
    clf = load_pretrained()
    images, _ = read_images(paths)
    frames = FrameDigits().fit_transform(images)
    proba = clf.predict_proba(frames)
    labels = clf.classes_[proba.argmax(axis=1)]
    seconds = time.perf_counter() - start
    print(f"Read {len(paths)} pictures in {folder} in {seconds:.1f} s, without any training:\n")
    for path, label, probability in zip(paths, labels, proba.max(axis=1), strict=True):
        print(f"  {path.name}  {label}  {probability:.1%}")
    print(flush=True)
    names = [path.name for path in paths]
    display = FramedDigitsDisplay.from_predictions(images, frames, labels, proba, names=names)
    draw(display, args.plots / _SHEET)


def _read_number(path, args):
    """Read the picture of a number."""
    from cnn_digits import NumberReader, NumbersDisplay

    start = time.perf_counter()
    readings = NumberReader().read([path])
    seconds = time.perf_counter() - start
    print(f"Read the numbers on {path} in {seconds:.1f} s:\n")
    for number in readings[0].numbers:
        print(f"  {number.text}  {number.confidence:.1%}")
    print(flush=True)
    display = NumbersDisplay.from_predictions([path], readings, names=[path.name])
    draw(display, args.plots / _NUMBER)


def _train(args):
    """Train a network on scikit-learn's digits, and measure it."""
    from sklearn.datasets import load_digits
    from sklearn.metrics import classification_report
    from sklearn.model_selection import train_test_split

    from cnn_digits import CNNDigitClassifier, TrainingCurveDisplay

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
    draw(TrainingCurveDisplay.from_estimator(clf), args.plots / _CURVES)
    draw(confusion_matrix_display(y_test, y_pred), args.plots / _CONFUSION)
