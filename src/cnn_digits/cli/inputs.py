"""What commands are given, data and a network: their arguments and their reading."""

import sys
from itertools import compress
from pathlib import Path

from cnn_digits.cli.keras_loading import load_keras

KINDS_OF_DATA = (
    "a CSV as Kaggle's Digit Recognizer has them (also .gz or .zip), a .npz of numpy.savez, a "
    "folder with MNIST's files, or a folder of pictures named or sorted by label"
)


def add_input_arguments(parser, subset, *, kinds=KINDS_OF_DATA, nargs=None):
    """Let a command be given data, of several paths if `nargs` says so, and a network."""
    parser.add_argument("data", type=Path, metavar="DATA", help=kinds, nargs=nargs)
    parser.add_argument(
        "--model", type=Path, required=True, metavar="FILE", help="file of the network"
    )
    parser.add_argument(
        "--subset",
        choices=("train", "test"),
        default=subset,
        help="which part, where DATA holds both (default: %(default)s)",
    )
    parser.add_argument(
        "--skip-bad",
        action="store_true",
        help="leave out pictures that can't be read, and list them",
    )
    parser.add_argument(
        "--as-is",
        action="store_true",
        help="take pictures as they are, all of one size, instead of bringing each digit into "
        "MNIST's frame; in prediction if it was so in training",
    )


def read_data(args, *, labelled):
    """The data set that the arguments name; says what was left out and where no digit was found."""
    from cnn_digits.data.dataset import read_dataset
    from cnn_digits.framing.frames import is_empty, is_filled

    dataset = read_dataset(
        args.data,
        subset=args.subset,
        labelled=labelled,
        skip_bad=args.skip_bad,
        framed=not args.as_is,
    )
    for reason in dataset.skipped:
        print(f"cnn-digits: left out: {reason}", file=sys.stderr)
    if dataset.framed:
        for name in compress(dataset.names, is_empty(dataset.data)):
            print(f"cnn-digits: no ink was found on {name}", file=sys.stderr)
        for name in compress(dataset.names, is_filled(dataset.data)):
            print(
                f"cnn-digits: what was taken for ink on {name} fills most of its box, as no digit "
                "does",
                file=sys.stderr,
            )
    return dataset


def load_model(args, dataset):
    """The network that the arguments name; raises if it can't read frames and is given them."""
    if not args.model.is_file():
        raise FileNotFoundError(
            f"There is no file {args.model}: expected a network that "
            "'cnn-digits train' or CNNDigitClassifier.save has written."
        )
    load_keras()
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
