"""`cnn-digits info`: versions, devices and precision."""

import json
import os

from cnn_digits import __version__
from cnn_digits.cli.keras_loading import load_keras

_PACKAGES = ("tensorflow", "keras", "scikeras", "scikit-learn", "numpy", "pandas", "matplotlib")


def add_parser(commands):
    """Add the command to those of the program."""
    parser = commands.add_parser("info", help="show versions, devices and precision in use")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(args):
    """Print what is installed and in use."""
    import platform
    from importlib.metadata import version

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
    }
    if args.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:<14}{', '.join(value) if isinstance(value, list) else value}")
