"""`cnn-digits export`: a network in a file that runs without this package."""

import warnings

from cnn_digits.cli.inputs import (
    add_network_argument,
    check_network,
    data_for,
    load_classifier,
    network_name,
)
from cnn_digits.cli.keras_loading import silent_stderr
from cnn_digits.cli.places import check_places, named_path


def add_parser(commands):
    """Add the command to those of the program."""
    parser = commands.add_parser(
        "export",
        help="write a network for ONNX Runtime, LiteRT, TensorFlow or Keras",
        description="Write a network to a file that runs without cnn-digits, and try at once "
        "whether it reads as the network does. The format follows from the ending of FILE: .onnx, "
        ".tflite (LiteRT), .keras; none for the folder of a SavedModel.",
    )
    add_network_argument(parser)
    parser.add_argument(
        "--out", type=named_path, required=True, metavar="FILE", help="what to write"
    )
    parser.add_argument(
        "--dtype",
        choices=("float32", "uint8"),
        default="float32",
        help="of the images that the file takes (default: %(default)s)",
    )
    parser.add_argument(
        "--quantize",
        action="store_true",
        help="compute in int8, a quarter of the size: LiteRT alone; takes --images",
    )
    parser.add_argument(
        "--images",
        dest="data",
        type=named_path,
        metavar="DATA",
        nargs="+",
        help="images to try the file on, some hundred: what 'cnn-digits predict' takes",
    )
    parser.set_defaults(subset="train", skip_bad=False, as_is=False)
    return parser


def run(args):
    """Load, write, try."""
    check_network(args, "'cnn-digits train' or CNNDigitClassifier.save")
    if args.data is not None:
        check_places(args, [("--out", args.out)], network=args.model)
    clf = load_classifier(args)
    images = None if args.data is None else data_for(clf, args, labelled=False).data
    # Converters tell of their steps, straight to the file descriptor.
    with warnings.catch_warnings(record=True) as caught, silent_stderr():
        clf.export(args.out, dtype=args.dtype, images=images, quantize=args.quantize)
    for warning in caught:
        warnings.showwarning(warning.message, warning.category, warning.filename, warning.lineno)
    print(f"Wrote {network_name(args)} to {args.out}")
