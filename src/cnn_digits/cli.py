"""The command line: arguments in, text and pictures out, nothing else."""

import argparse
import hashlib
import json
import os
import sys
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

from cnn_digits import __version__

_DATA_HELP = (
    "a CSV as Kaggle's Digit Recognizer has them (also .gz or .zip), a .npz of numpy.savez, a "
    "folder with MNIST's files, or a folder of pictures named or sorted by label"
)

# Pictures on a sheet, as many as can be looked at side by side.
_PER_SHEET = 30


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
    args = _parser().parse_args(argv)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            args.run(args)
        except KeyboardInterrupt:
            print("cnn-digits: interrupted", file=sys.stderr)
            return 130
        except (OSError, TypeError, ValueError) as error:
            print(f"cnn-digits: {' '.join(str(error).split())}", file=sys.stderr)
            return 2
    return 0


def _show_warning(message, category, *_):
    if issubclass(category, UserWarning):
        print(f"cnn-digits: warning: {message}", file=sys.stderr)


def _parser():
    parser = argparse.ArgumentParser(
        prog="cnn-digits", description="Convolutional networks for handwritten digits."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name, run, **kwargs):
        added = commands.add_parser(name, **kwargs)
        added.set_defaults(run=run)
        return added

    def add_data(command, subset, help=_DATA_HELP, **kwargs):
        command.add_argument("data", type=Path, metavar="DATA", help=help, **kwargs)
        command.add_argument(
            "--model", type=Path, required=True, metavar="FILE", help="file of the network"
        )
        command.add_argument(
            "--subset",
            choices=("train", "test"),
            default=subset,
            help="which part, where DATA holds both (default: %(default)s)",
        )
        command.add_argument(
            "--skip-bad",
            action="store_true",
            help="leave out pictures that can't be read, and list them",
        )
        command.add_argument(
            "--as-is",
            action="store_true",
            help="take pictures as they are, all of one size, instead of bringing each digit into "
            "MNIST's frame; in prediction if it was so in training",
        )

    def add_output(command, pictures):
        command.add_argument(
            "--plots", type=Path, metavar="FOLDER", help=f"where to write {pictures}"
        )
        command.add_argument(
            "--json", action="store_true", help="print one JSON object and nothing else"
        )

    train = command(
        "train",
        _train,
        help="train a network on images and labels",
        description="Train a network on images and labels, and write it to a file.",
    )
    add_data(train, "train")
    train.add_argument(
        "--epochs", type=int, metavar="N", help="passes over the data (default: as the data needs)"
    )
    train.add_argument(
        "--architecture",
        default="compact",
        help="compact, accurate, simple, deep or lenet5 (default: %(default)s)",
    )
    train.add_argument(
        "--augment",
        default="auto",
        metavar="SETTINGS",
        help="random distortion of the training images: auto, none, or settings of Augment such as "
        "rotation=10,zoom=0.1,shift=0,horizontal_flip (default: %(default)s)",
    )
    train.add_argument(
        "--optimizer",
        default="adam",
        help="a Keras optimizer, such as adam, rmsprop or sgd (default: %(default)s)",
    )
    train.add_argument(
        "--learning-rate", type=float, metavar="R", help="default: as optimizer and network need"
    )
    train.add_argument(
        "--schedule",
        default="auto",
        help="of the learning rate: one_cycle, reduce_on_plateau, constant or auto "
        "(default: %(default)s)",
    )
    train.add_argument(
        "--batch-size", type=int, metavar="N", help="images a step (default: as the data needs)"
    )
    train.add_argument(
        "--early-stopping",
        action="store_true",
        help="stop when the validation loss no longer falls",
    )
    train.add_argument(
        "--validation-fraction",
        type=float,
        metavar="F",
        help="share of the images to measure on after each epoch (default: none)",
    )
    train.add_argument("--seed", type=int, default=0, help="random state (default: %(default)s)")
    train.add_argument(
        "--checkpoint",
        type=Path,
        metavar="FOLDER",
        help="back up after each epoch; the same command goes on from there if it was interrupted",
    )
    add_output(train, "class-distribution.png and training-curves.png")

    evaluate = command(
        "evaluate",
        _evaluate,
        help="measure a network on images with labels",
        description="Predict images whose labels are known, and report precision and recall.",
    )
    add_data(evaluate, "test")
    add_output(evaluate, "confusion-matrix.png and misclassified.png")

    predict = command(
        "predict",
        _predict,
        help="read pictures, or write a submission",
        description="Read the digits on pictures, or those of a table, and print what they are or "
        "write it to a file.",
    )
    add_data(predict, "test", f"pictures, or {_DATA_HELP}", nargs="+")
    predict.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="CSV file to write: what is printed of pictures, ImageId,Label as Kaggle wants it of "
        "anything else",
    )
    predict.add_argument(
        "--reject",
        type=_probability,
        metavar="P",
        help="mark what is doubtful: a probability below P, such as 0.9",
    )
    add_output(
        predict,
        "readings.png (several of many pictures): each picture, what the network saw of it, what "
        "it read; of anything else predictions.png",
    )

    info = command("info", _info, help="show versions, devices and precision in use")
    info.add_argument("--json", action="store_true", help="print one JSON object")

    demo = command(
        "demo",
        _demo,
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
    return parser


def _train(args):
    from cnn_digits.datasets import summary
    from cnn_digits.files import check_writable, writable_folder

    # Before anything takes time: what makes no sense, can't be written in the end, or read.
    augment = _augmentation(args.augment)
    check_writable(args.model)
    _check_plots(args)
    if args.checkpoint is not None:
        writable_folder(args.checkpoint)
    dataset = _read(args, args.data, labelled=True)
    report = _Report(args)
    if dataset.framed:
        report.say("Brought the pictures into MNIST's frame.")
    report.say(summary(dataset.data, dataset.target))
    report.add(skipped=dataset.skipped)

    _load_keras()
    from cnn_digits import ClassDistributionDisplay, CNNDigitClassifier, TrainingCurveDisplay

    parameters = {
        "architecture": args.architecture,
        "epochs": "auto" if args.epochs is None else args.epochs,
        "batch_size": "auto" if args.batch_size is None else args.batch_size,
        "optimizer": args.optimizer,
        "learning_rate": "auto" if args.learning_rate is None else args.learning_rate,
        "schedule": args.schedule,
        "augment": args.augment,
        "validation_fraction": args.validation_fraction,
        "early_stopping": args.early_stopping,
        "random_state": args.seed,
    }
    checkpoint = None
    if args.checkpoint is not None:
        from cnn_digits.training import Checkpoint

        # In a folder of its own, because it is removed in the end.
        checkpoint = Checkpoint(
            args.checkpoint / "cnn-digits-backup", run={**parameters, "data": _digest(dataset)}
        )
        if checkpoint.n_epochs:
            report.say(f"Going on after epoch {checkpoint.n_epochs}.")
    clf = CNNDigitClassifier(
        **(parameters | {"augment": augment}),
        callbacks=None if checkpoint is None else [checkpoint],
        # Keras's progress bar on a terminal, a line for each epoch elsewhere.
        verbose=0 if args.json else 1 if sys.stdout.isatty() else 2,
    )
    start = time.perf_counter()
    clf.fit(dataset.data, dataset.target)
    seconds = time.perf_counter() - start
    clf.save(args.model)
    if checkpoint is not None:
        checkpoint.remove()
    report.say(
        f"Trained {clf.model_.name!r} ({clf.model_.count_params():,} parameters) for "
        f"{clf.n_iter_} epochs in {seconds:.1f} s.\nWrote {args.model}"
    )
    report.add(
        model=str(args.model),
        n_images=len(dataset.data),
        image_shape=clf.image_shape_,
        classes=clf.classes_.tolist(),
        n_parameters=clf.model_.count_params(),
        epochs=clf.n_iter_,
        seconds=seconds,
        history=clf.history_,
    )
    if args.plots is not None:
        report.draw(ClassDistributionDisplay.from_labels(dataset.target), "class-distribution.png")
        report.draw(TrainingCurveDisplay.from_estimator(clf), "training-curves.png")
    report.end()


def _augmentation(text):
    """The value of the parameter `augment` that a text such as "rotation=10,zoom=0" stands for."""
    from cnn_digits import Augment

    if text in ("auto", "none"):
        return "auto" if text == "auto" else None
    known = Augment().get_params()
    del known["random_state"]
    settings = {}
    for part in text.split(","):
        name, equals, value = part.strip().partition("=")
        is_flip = isinstance(known.get(name), bool)
        try:
            if name not in known or is_flip == bool(equals):
                raise ValueError
            settings[name] = is_flip or float(value)
        except ValueError:
            names = [key if known[key] is False else f"{key}=NUMBER" for key in known]
            raise ValueError(
                f"--augment {text}: {part!r} is none of {', '.join(names)}; or auto or none, alone."
            ) from None
    return Augment(**settings)


def _evaluate(args):
    _check_plots(args)
    dataset = _read(args, args.data, labelled=True)
    clf = _load_model(args, dataset)
    import numpy as np
    from sklearn.metrics import ConfusionMatrixDisplay, classification_report, confusion_matrix

    from cnn_digits import MisclassifiedDisplay
    from cnn_digits.images import to_image_shape

    unknown = np.setdiff1d(dataset.target, clf.classes_)
    if unknown.size:
        raise ValueError(
            f"{args.data} has labels {unknown.tolist()}, which {args.model} does not know: "
            f"{clf.classes_.tolist()}."
        )
    proba = clf.predict_proba(dataset.data)
    y_pred = clf.classes_[proba.argmax(axis=1)]
    n_right = int((y_pred == dataset.target).sum())
    report = _Report(args)
    report.say(classification_report(dataset.target, y_pred, digits=4, zero_division=0))
    report.say(f"{n_right:,} of {len(y_pred):,} read right: {n_right / len(y_pred):.2%}")
    report.add(
        n_images=len(y_pred),
        accuracy=n_right / len(y_pred),
        report=classification_report(dataset.target, y_pred, output_dict=True, zero_division=0),
        classes=clf.classes_.tolist(),
        confusion_matrix=confusion_matrix(dataset.target, y_pred, labels=clf.classes_).tolist(),
        skipped=dataset.skipped,
    )
    if args.plots is not None:
        matrix = ConfusionMatrixDisplay.from_predictions(
            dataset.target, y_pred, labels=clf.classes_, cmap="Blues", colorbar=False
        )
        matrix.ax_.set_title(f"{n_right:,} of {len(y_pred):,} digits read right")
        report.draw(matrix, "confusion-matrix.png")
        report.draw(
            MisclassifiedDisplay.from_predictions(
                to_image_shape(dataset.data, clf.image_shape_), dataset.target, y_pred, proba
            ),
            "misclassified.png",
        )
    report.end()


def _predict(args):
    from cnn_digits.files import check_writable

    if args.out is not None:
        check_writable(args.out)
    _check_plots(args)
    dataset = _read(args, args.data, labelled=False)
    clf = _load_model(args, dataset)
    proba = clf.predict_proba(dataset.data)
    y_pred = clf.classes_[proba.argmax(axis=1)]
    table = _readings(dataset, clf.classes_, proba, args.reject)
    report = _Report(args)
    if dataset.names is not None or args.out is None:
        report.say(_printed(table))
    if args.reject is not None:
        report.say(
            f"{table['doubtful'].sum():,} of {len(table):,} doubtful: below {args.reject:g}"
            f"{', or without ink' if dataset.framed else ''}"
        )
    if args.out is not None:
        _write_readings(args.out, table, dataset, y_pred)
        report.say(f"Wrote {len(table):,} predictions to {args.out}")
        report.add(out=str(args.out))
    report.add(
        names=dataset.names,
        labels=table["digit"].tolist(),
        probabilities=table["probability"].tolist(),
        second_labels=table["second"].tolist(),
        second_probabilities=table["second_probability"].tolist(),
        skipped=dataset.skipped,
    )
    if args.reject is not None:
        report.add(doubtful=table["doubtful"].tolist())
    if args.plots is not None:
        _draw_readings(report, args, dataset, clf, y_pred, proba)
    report.end()


def _probability(text):
    try:
        value = float(text)
    except ValueError:
        value = None
    if value is None or not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no probability above 0 and up to 1")
    return value


def _readings(dataset, classes, proba, reject):
    """What was read on each image, as a table; nothing where there is no ink."""
    import numpy as np
    import pandas as pd

    order = np.argsort(-proba, axis=1, kind="stable")
    first, second = order[:, 0], order[:, min(1, len(classes) - 1)]
    rows = np.arange(len(proba))
    table = pd.DataFrame(
        {
            "file": rows + 1 if dataset.names is None else dataset.names,
            "digit": classes[first],
            "probability": proba[rows, first].astype(float),
            "second": classes[second],
            "second_probability": proba[rows, second].astype(float),
        },
        dtype=object,
    )
    if len(classes) == 1:
        table.loc[:, "second":] = None
    is_empty = np.zeros(len(table), dtype=bool)
    if dataset.framed:
        is_empty = dataset.data.max(axis=(1, 2)) == 0
        table.loc[is_empty, "digit":] = None
    if reject is not None:
        table["doubtful"] = is_empty | (proba.max(axis=1) < reject)
    return table


def _printed(table):
    """The table for people to read."""
    lines = [("file", "digit", "probability", "second choice")]
    for row in table.itertuples():
        if row.digit is None:
            lines.append((str(row.file), "none", "", "no ink was found"))
        else:
            lines.append(
                (
                    str(row.file),
                    f"{row.digit} ?" if getattr(row, "doubtful", False) else str(row.digit),
                    f"{row.probability:.1%}",
                    "" if row.second is None else f"{row.second} ({row.second_probability:.1%})",
                )
            )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _write_readings(path, table, dataset, y_pred):
    from cnn_digits.files import written_whole
    from cnn_digits.tables import write_submission

    if dataset.names is None:
        write_submission(path, y_pred, n_images=len(dataset.data))
    else:
        with written_whole(path) as file:
            table.to_csv(file, index=False, lineterminator="\n")


def _draw_readings(report, args, dataset, clf, y_pred, proba):
    from cnn_digits import DigitGridDisplay, FramedDigitsDisplay, read_images
    from cnn_digits.images import to_image_shape

    if not dataset.framed:
        images = to_image_shape(dataset.data, clf.image_shape_)
        display = DigitGridDisplay.from_predictions(images, None, y_pred, proba)
        report.draw(display, "predictions.png")
        return
    n_sheets = -(-len(y_pred) // _PER_SHEET)
    for sheet in range(n_sheets):
        rows = slice(sheet * _PER_SHEET, (sheet + 1) * _PER_SHEET)
        names = dataset.names[rows]
        display = FramedDigitsDisplay.from_predictions(
            # Read again, one after the other, because photos are large.
            (read_images(name)[0][0] for name in names),
            dataset.data[rows],
            y_pred[rows],
            proba[rows],
            names=[Path(name).name for name in names],
            reject=args.reject,
        )
        number = f"-{sheet + 1:0{len(str(n_sheets))}}" if n_sheets > 1 else ""
        report.draw(display, f"readings{number}.png")


def _info(args):
    import platform
    from importlib.metadata import version

    _load_keras()
    import keras

    from cnn_digits import training

    packages = ("tensorflow", "keras", "scikeras", "scikit-learn", "numpy", "pandas", "matplotlib")
    found = {
        "cnn-digits": __version__,
        "Python": platform.python_version(),
        **{name: version(name) for name in packages},
        "backend": keras.backend.backend(),
        "devices": _devices(keras),
        "CPU cores": os.cpu_count(),
        "precision": "bfloat16 in training on 10,000 images and more, float32 otherwise"
        if training.bfloat16_pays()
        else "float32",
    }
    if args.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:<14}{', '.join(value) if isinstance(value, list) else value}")


def _devices(keras):
    """Names of the devices that Keras computes on."""
    names = keras.distribution.list_devices()
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        for i, device in enumerate(tf.config.list_physical_devices("GPU")):
            details = tf.config.experimental.get_device_details(device)
            name = f"gpu:{i}"
            names = [
                f"{name} ({details.get('device_name', 'GPU')})" if n == name else n for n in names
            ]
    return names


def _demo(args):
    from cnn_digits.files import writable_folder

    # Before the training, so that a folder that can't be written costs no time.
    writable_folder(args.plots)
    start = time.perf_counter()
    _load_keras()
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

    _draw(TrainingCurveDisplay.from_estimator(clf), args.plots / "training-curves.png")
    matrix = ConfusionMatrixDisplay.from_predictions(y_test, y_pred, cmap="Blues", colorbar=False)
    matrix.ax_.set_title(f"{(y_test == y_pred).sum()} of {len(y_test)} digits read right")
    _draw(matrix, args.plots / "confusion-matrix.png")
    for name in ("training-curves.png", "confusion-matrix.png"):
        print(f"Wrote {args.plots / name}")


class _Report:
    """What a command has to say: lines for people, or one JSON object."""

    def __init__(self, args):
        self._json = args.json
        self._folder = args.plots
        self._found = {}

    def say(self, text):
        if not self._json:
            print(text, flush=True)

    def add(self, **found):
        self._found.update(found)

    def draw(self, display, name):
        path = self._folder / name
        _draw(display, path)
        self.say(f"Wrote {path}")
        self._found.setdefault("plots", []).append(str(path))

    def end(self):
        if self._json:
            print(json.dumps(self._found))


def _draw(display, path):
    import matplotlib.pyplot as plt

    from cnn_digits.files import written_whole

    with written_whole(path) as file:
        display.figure_.savefig(file, format="png", bbox_inches="tight")
    plt.close(display.figure_)


def _check_plots(args):
    if args.plots is not None:
        from cnn_digits.files import writable_folder

        writable_folder(args.plots)


def _read(args, path, *, labelled):
    from cnn_digits.datasets import read_dataset

    dataset = read_dataset(
        path,
        subset=args.subset,
        labelled=labelled,
        skip_bad=args.skip_bad,
        framed=not args.as_is,
    )
    for reason in dataset.skipped:
        print(f"cnn-digits: left out: {reason}", file=sys.stderr)
    if dataset.framed:
        for name, image in zip(dataset.names, dataset.data, strict=True):
            if not image.any():
                print(f"cnn-digits: no ink was found on {name}", file=sys.stderr)
    return dataset


def _digest(dataset):
    """What tells a data set from others."""
    import numpy as np

    digest = hashlib.blake2b(digest_size=16)
    for array in (dataset.data, dataset.target):
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def _load_model(args, dataset):
    if not args.model.is_file():
        raise FileNotFoundError(
            f"There is no file {args.model}: expected a network that "
            "'cnn-digits train' or CNNDigitClassifier.save has written."
        )
    _load_keras()
    from cnn_digits import CNNDigitClassifier

    clf = CNNDigitClassifier.load(args.model)
    if dataset.framed and clf.image_shape_ != (*dataset.data.shape[1:], 1):
        height, width, channels = clf.image_shape_
        colours = "" if channels == 1 else f" in {channels} channels"
        raise ValueError(
            f"{args.model} was trained on images of {height} × {width} pixels{colours}, but a "
            "framed picture has 28 × 28: train it on pictures or on MNIST, or say --as-is if "
            "these pictures are as those images were."
        )
    return clf


def _load_keras():
    """Load Keras and Matplotlib without a word and without a screen.

    TensorFlow's remarks on the processor are written before any setting of its own can stop
    them, straight to the file descriptor. An import that fails raises; nothing is lost with
    them.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _silent_stderr():
        import keras  # noqa: F401 - loads TensorFlow, while it is kept quiet
    import matplotlib

    matplotlib.use("agg")


@contextmanager
def _silent_stderr():
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "w") as null:
        os.dup2(null.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
