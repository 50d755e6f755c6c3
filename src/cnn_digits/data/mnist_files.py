"""MNIST's files: their names, where they lie in a folder, and their reading."""

from pathlib import Path
from typing import NamedTuple

from cnn_digits.data.arrays import read_idx_pair, read_npz
from cnn_digits.data.emnist import SPLITS


class Published(NamedTuple):
    """A file as it is published: its name, its size in bytes and its SHA-256."""

    name: str
    size: int
    sha256: str


# The files as Yann LeCun published them, with the SHA-256 of the compressed ones, from
# TensorFlow Datasets.
MNIST_FILES = {
    "train": (
        Published(
            "train-images-idx3-ubyte.gz",
            9_912_422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        Published(
            "train-labels-idx1-ubyte.gz",
            28_881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
    ),
    "test": (
        Published(
            "t10k-images-idx3-ubyte.gz",
            1_648_877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        Published(
            "t10k-labels-idx1-ubyte.gz",
            4_542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
}


def mnist_in(folder):
    """Files of MNIST in a folder, or where Keras's and torchvision's users have them below it.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    found : dict of lists of Path
        By subset: the IDX files of images and labels, or else `mnist.npz` alone. A subset that
        is not there has no key.
    """
    places = [folder, folder / "mnist", folder / "MNIST" / "raw"]
    if folder.name == "MNIST":
        places.append(folder / "raw")
    found = {}
    for place in places:
        for subset, files in MNIST_FILES.items():
            pair = [_form_of(place / file.name) for file in files]
            if None not in pair:
                found.setdefault(subset, pair)
            elif (place / "mnist.npz").is_file():
                found.setdefault(subset, [place / "mnist.npz"])
    return found


def emnist_in(folder, subset):
    """Files of EMNIST in a folder, or where its archive or torchvision has them below it.

    Parameters
    ----------
    folder : Path
    subset : {"train", "test"}

    Returns
    -------
    found : dict of lists of Path
        By split, the IDX files of images and labels. A split that lacks one has no key.
    """
    found = {}
    for place in (folder, folder / "gzip", folder / "raw", folder / "EMNIST" / "raw"):
        for split in SPLITS:
            name = f"emnist-{split}-{subset}"
            pair = [
                _form_of(place / f"{name}-{what}-ubyte.gz")
                for what in ("images-idx3", "labels-idx1")
            ]
            if None not in pair:
                found.setdefault(split, pair)
    return found


def _form_of(path):
    """The file that holds what a compressed one of LeCun's does, or None if there is none."""
    plain = path.name.removesuffix(".gz")
    dotted = plain.replace("-idx", ".idx")
    forms = [path.with_name(name) for name in (plain, dotted, path.name, f"{dotted}.gz")]
    return next(filter(Path.is_file, forms), None)


def read_mnist(files, subset):
    """Images and labels of a subset, from the files that `mnist_in` has found of it."""
    return read_idx_pair(*files) if len(files) == 2 else read_npz(*files, subset)


def file_names(subset):
    """The files of a subset as they are published, for messages."""
    return " and ".join(file.name for file in MNIST_FILES[subset])
