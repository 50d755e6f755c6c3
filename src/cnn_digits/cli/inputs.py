"""What commands are given, data and a network: their arguments and their reading."""

import argparse
import warnings
from itertools import compress

from cnn_digits.cli.keras_loading import load_keras
from cnn_digits.cli.places import data_paths, named_path
from cnn_digits.cli.streams import remark

KINDS_OF_DATA = (
    "a CSV as Kaggle's Digit Recognizer has them (also .gz or .zip), a .npz of numpy.savez, a "
    "folder with MNIST's files, or a folder of pictures named or sorted by label"
)


def add_input_arguments(parser, subset, *, kinds=KINDS_OF_DATA, nargs=None):
    """Let a command be given data, of several paths if `nargs` says so."""
    parser.add_argument("data", type=named_path, metavar="DATA", help=kinds, nargs=nargs)
    parser.add_argument(
        "--subset",
        choices=("train", "test"),
        default=subset,
        help="which part, where DATA holds both (default: %(default)s)",
    )
    add_skip_argument(parser)
    parser.add_argument(
        "--as-is",
        action="store_true",
        help="take pictures as they are, all of one size, instead of bringing each digit into "
        "MNIST's frame; a network that was trained on pictures knows which of the two it was",
    )


def add_skip_argument(parser):
    """Let a command leave out what can't be read."""
    parser.add_argument(
        "--skip-bad",
        action="store_true",
        help="leave out pictures that can't be read, and list them",
    )


def add_network_argument(parser, pretrained="digits"):
    """Let a command be given a network; where it is given none, one of the package reads."""
    parser.add_argument(
        "--model",
        type=named_path,
        metavar="FILE",
        help=f"file of the network (default: {pretrained!r}, which comes with cnn-digits)",
    )
    parser.set_defaults(pretrained=pretrained)


def add_reject_argument(parser):
    """Let a command be told what is doubtful."""
    parser.add_argument(
        "--reject",
        type=_probability,
        metavar="P",
        help="mark what is doubtful: a probability below P, such as 0.9",
    )


def _probability(text):
    try:
        value = float(text)
    except ValueError:
        value = None
    if value is None or not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no probability above 0 and up to 1")
    return value


def check_network(args, writer):
    """Raise if there is no file of the network that the arguments name."""
    if args.model is not None and not args.model.is_file():
        raise FileNotFoundError(
            f"There is no file {args.model}: expected a network that {writer} has written."
        )


def network_name(args):
    """What messages call the network that the arguments name."""
    return f"the network {args.pretrained!r}" if args.model is None else str(args.model)


def network_keys(args):
    """What a report for machines says of it: the file, or the name of one of the package's."""
    is_own = args.model is not None
    return {
        "model": str(args.model) if is_own else None,
        "pretrained": None if is_own else args.pretrained,
    }


def remark_on_network(args):
    """Say which network has read, if the arguments name none."""
    if args.model is None:
        remark(
            f"read by {network_name(args)}, which comes with cnn-digits, as there is no --model; "
            f"'cnn-digits info --card {args.pretrained}' tells of it"
        )


def read_data(args, *, labelled, framed):
    """The data set that the arguments name; says what was left out and where no digit was found."""
    from cnn_digits.data.dataset import read_dataset

    dataset = read_dataset(
        args.data,
        subset=args.subset,
        labelled=labelled,
        skip_bad=args.skip_bad,
        framed=framed,
    )
    for reason in dataset.skipped:
        remark(f"left out: {reason}")
    if dataset.framed:
        found = dataset.found
        for name in compress(dataset.names, found.is_empty):
            remark(f"no ink was found on {name}")
        for name in compress(dataset.names, found.is_filled):
            remark(f"what was taken for ink on {name} fills most of its box, as no digit does")
        if found.is_several.any():
            remark(
                f"several digits seem to be on {found.is_several.sum():,} of "
                f"{len(dataset.names):,} pictures, where one is expected; 'cnn-digits read' reads "
                "numbers"
            )
    return dataset


def data_for(clf, args, *, labelled):
    """The data set that the arguments name, as a network takes it."""
    if clf._framed and args.as_is and _are_pictures(args):
        raise ValueError(
            f"{network_name(args)} was trained on pictures in MNIST's frame, and can't read them "
            "as they are; leave out --as-is."
        )
    framed = not args.as_is if clf._framed is None else clf._framed
    dataset = read_data(args, labelled=labelled, framed=framed)
    if dataset.names is not None:
        _check_size(network_name(args), clf.image_shape_, dataset)
    elif clf._framed and not args.as_is:
        dataset.data = _in_frame(dataset.data)
    return dataset


def probabilities(clf, dataset):
    """What a network says of a data set: (n, n_classes)."""
    with warnings.catch_warnings():
        if dataset.framed:
            # `read_data` has told of those by name.
            warnings.filterwarnings("ignore", message=".* blank, all pixels equal")
        return clf.predict_proba(dataset.data)


def load_classifier(args):
    """The network that the arguments name, as it was trained."""
    check_network(args, "'cnn-digits train' or CNNDigitClassifier.save")
    load_keras()
    from cnn_digits import CNNDigitClassifier, load_pretrained

    if args.model is None:
        return load_pretrained(args.pretrained)
    return CNNDigitClassifier.load(args.model)


def load_to_read(args):
    """The network that the arguments name, by ONNX Runtime where that will do.

    With it a first picture is read in a second, by TensorFlow in five.
    """
    from cnn_digits.onnx_classifier import OnnxDigitClassifier
    from cnn_digits.onnx_network import is_available

    if args.model is not None and args.model.suffix.lower() == ".onnx":
        check_network(args, "'cnn-digits export'")
        return OnnxDigitClassifier(args.model).fit()
    if args.model is None and is_available():
        return OnnxDigitClassifier(args.pretrained).fit()
    return load_classifier(args)


def _in_frame(images):
    """The images of an array in MNIST's frame; as they are if they have it already."""
    from cnn_digits import FrameDigits
    from cnn_digits.images import infer_image_shape, to_image_shape
    from cnn_digits.scale import is_frame_size, is_out_of_frame

    pictures = to_image_shape(images, infer_image_shape(images))
    if is_frame_size(pictures) and not is_out_of_frame(pictures).any():
        return images
    return FrameDigits().fit_transform(pictures)


def _are_pictures(args):
    from cnn_digits.data.contents import contents_of

    return contents_of(data_paths(args), args.subset).kind == "pictures"


def _check_size(model, image_shape, dataset):
    """Raise if pictures are not of the size that a network was trained on."""
    height, width = dataset.data.shape[1:]
    if image_shape == (height, width, 1):
        return
    size = "{} × {} pixels".format(*image_shape)
    if image_shape[2] != 1:
        size += f" in {image_shape[2]} channels"
    if dataset.framed:
        raise ValueError(
            f"{model} was trained on images of {size}, but a framed picture has "
            f"{height} × {width}: train it on pictures or on MNIST, or say --as-is if these "
            "pictures are as those images were."
        )
    raise ValueError(
        f"{model} was trained on images of {size}, but {dataset.names[0]} has {height} × {width}, "
        "as it is."
    )
