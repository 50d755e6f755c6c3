"""`cnn-digits train`: a network from images and labels, into a file."""

import hashlib
import sys
import time

from cnn_digits.cli.inputs import add_input_arguments, read_data
from cnn_digits.cli.keras_loading import load_keras
from cnn_digits.cli.places import check_places, named_path
from cnn_digits.cli.report import Report, add_report_arguments
from cnn_digits.files import check_writable, writable_folder

_PICTURES = ("class-distribution.png", "training-curves.png")


def add_parser(commands):
    """Add the command to those of the program."""
    parser = commands.add_parser(
        "train",
        help="train a network on images and labels",
        description="Train a network on images and labels, and write it to a file.",
    )
    add_input_arguments(parser, "train")
    parser.add_argument(
        "--model", type=named_path, required=True, metavar="FILE", help="file of the network"
    )
    _add_parameters(parser)
    parser.add_argument(
        "--checkpoint",
        type=named_path,
        metavar="FOLDER",
        help="back up after each epoch; the same command goes on from there if it was interrupted",
    )
    add_report_arguments(parser, " and ".join(_PICTURES))
    return parser


def _add_parameters(parser):
    """The parameters of the classifier that the command takes."""
    parser.add_argument(
        "--epochs", type=int, metavar="N", help="passes over the data (default: as the data needs)"
    )
    parser.add_argument(
        "--architecture",
        default="compact",
        help="compact, medium, accurate, simple, deep or lenet5 (default: %(default)s)",
    )
    parser.add_argument(
        "--augment",
        default="auto",
        metavar="SETTINGS",
        help="random distortion of the training images: auto, none, or settings of Augment such as "
        "rotation=10,zoom=0.1,shift=0,horizontal_flip (default: %(default)s)",
    )
    parser.add_argument(
        "--optimizer",
        default="adam",
        help="a Keras optimizer, such as adam, rmsprop or sgd (default: %(default)s)",
    )
    parser.add_argument(
        "--learning-rate", type=float, metavar="R", help="default: as optimizer and network need"
    )
    parser.add_argument(
        "--schedule",
        default="auto",
        help="of the learning rate: one_cycle, reduce_on_plateau, constant or auto "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--batch-size", type=int, metavar="N", help="images a step (default: as the data needs)"
    )
    parser.add_argument(
        "--early-stopping",
        action="store_true",
        help="stop when the validation loss no longer falls",
    )
    parser.add_argument(
        "--validation-fraction",
        type=float,
        metavar="F",
        help="share of the images to measure on after each epoch (default: none)",
    )
    parser.add_argument("--seed", type=int, default=0, help="random state (default: %(default)s)")


def run(args):
    """Read, train, save, report."""
    # Before anything takes time: what makes no sense, can't be written in the end, or read.
    augment = _augmentation(args.augment)
    check_writable(args.model)
    report = Report(args)
    backup = None
    if args.checkpoint is not None:
        # In a folder of its own, because it is removed in the end.
        backup = writable_folder(args.checkpoint) / "cnn-digits-backup"
    check_places(args, [("--model", args.model), *report.files(*_PICTURES)], removed=backup)
    dataset = _read(args, report)

    load_keras()
    from cnn_digits import CNNDigitClassifier

    parameters = _parameters(args)
    checkpoint = None
    if backup is not None:
        checkpoint = _checkpoint(backup, {**parameters, "data": _digest(dataset)})
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
    # Pictures to be read are to be taken as these were.
    clf._framed = None if dataset.names is None else dataset.framed
    clf.save(args.model)
    if checkpoint is not None:
        checkpoint.remove()
    if args.plots is not None:
        _draw(report, clf, dataset.target)
    _tell(report, args.model, clf, len(dataset.data), seconds)
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


def _read(args, report):
    from cnn_digits.data import summary

    dataset = read_data(args, labelled=True, framed=not args.as_is)
    if dataset.framed:
        report.say("Brought the pictures into MNIST's frame.")
    report.say(summary(dataset.data, dataset.target))
    report.add(skipped=dataset.skipped)
    return dataset


def _parameters(args):
    """The classifier's parameters as plain values, for it and for the checkpoint."""
    return {
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


def _checkpoint(folder, training):
    from cnn_digits.training.checkpoint import Checkpoint

    return Checkpoint(folder, run=training)


def _digest(dataset):
    """What tells a data set from others."""
    import numpy as np

    digest = hashlib.blake2b(digest_size=16)
    for array in (dataset.data, dataset.target):
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def _tell(report, path, clf, n_images, seconds):
    report.say(
        f"Trained {clf.model_.name!r} ({clf.model_.count_params():,} parameters) for "
        f"{clf.n_iter_} epoch{'s' if clf.n_iter_ != 1 else ''} in {seconds:.1f} s.\nWrote {path}"
    )
    report.add(
        model=str(path),
        n_images=n_images,
        image_shape=clf.image_shape_,
        classes=clf.classes_.tolist(),
        n_parameters=clf.model_.count_params(),
        epochs=clf.n_iter_,
        seconds=seconds,
        history=clf.history_,
    )


def _draw(report, clf, y):
    from cnn_digits import ClassDistributionDisplay, TrainingCurveDisplay

    distribution, curves = _PICTURES
    report.draw(ClassDistributionDisplay.from_labels(y), distribution)
    report.draw(TrainingCurveDisplay.from_estimator(clf), curves)
