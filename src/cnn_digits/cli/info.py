"""`cnn-digits info`: versions, devices, precision, and the networks that come with the package."""

import json
import os

from cnn_digits import __version__
from cnn_digits.cli.keras_loading import load_keras

_PACKAGES = ("tensorflow", "keras", "scikeras", "scikit-learn", "numpy", "pandas", "matplotlib")


def add_parser(commands):
    """Add the command to those of the program."""
    parser = commands.add_parser(
        "info", help="show versions, devices, precision in use, and the networks in the package"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--card",
        metavar="NAME",
        help="print nothing but the model card of a network that comes with cnn-digits",
    )
    return parser


def run(args):
    """Print what is installed and in use."""
    import platform
    from importlib.metadata import version

    from cnn_digits.pretrained import network_names, read_card

    if args.card is not None:
        print(read_card(args.card))
        return
    load_keras()
    import keras

    from cnn_digits.auto import MIN_BFLOAT16_IMAGES
    from cnn_digits.devices import bfloat16_pays, names_of_devices

    found = {
        "cnn-digits": __version__,
        "Python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
        "backend": keras.backend.backend(),
        "devices": names_of_devices(),
        "CPU cores": os.cpu_count(),
        "precision": f"bfloat16 in training on {MIN_BFLOAT16_IMAGES:,} images and more, float32 "
        "otherwise"
        if bfloat16_pays()
        else "float32",
        "pretrained": network_names(),
    }
    if args.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:<14}{', '.join(value) if isinstance(value, list) else value}")
