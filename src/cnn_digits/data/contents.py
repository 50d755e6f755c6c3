"""What a path holds: which kind of data, in which files."""

import re
from dataclasses import dataclass
from pathlib import Path

from cnn_digits.data.mnist_files import emnist_in, file_names, mnist_in
from cnn_digits.data.picture_files import SUFFIXES, picture_paths, pictures_in
from cnn_digits.files import check_regular, damage_named

_TABLE_SUFFIXES = (".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class Contents:
    """What was found at a path, or at several.

    Attributes
    ----------
    kind : {"mnist", "idx", "npz", "table", "pictures"}

    files : list of Path
        Of "mnist" those of the subset, as `mnist_in` finds them; of "idx" the images' and the
        labels', the latter None if there are none; of "pictures" all of them, in their order;
        the only one otherwise.

    folder : Path or None
        The one whose pictures these are, if they may have labels.
    """

    kind: str
    files: list
    folder: Path | None = None


def contents_of(paths, subset):
    """Look at paths and say what they hold; nothing is read yet.

    Parameters
    ----------
    paths : list of Path
        Several can only be pictures, or folders of them.
    subset : {"train", "test"}
        Which one, of a folder with MNIST's files.

    Returns
    -------
    contents : Contents

    Raises
    ------
    OSError
        If a path does not exist, or nothing of use is in a folder.
    ValueError
        If a file is of no known kind.
    """
    check_there(paths)
    for path in paths:
        if len(paths) > 1 and path.suffix.lower() in (*_TABLE_SUFFIXES, ".npz", ".gz", ".zip"):
            raise ValueError(f"{path} is no picture; expected several pictures, or one other file.")
    if len(paths) != 1:
        return Contents("pictures", picture_paths(paths))
    return _in_folder(paths[0], subset) if paths[0].is_dir() else _in_file(paths[0])


def check_there(paths):
    """Raise if a path does not exist, or is a pipe or a device."""
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"There is no file or folder {path}.")
        with damage_named(path):
            check_regular(path)


def _in_folder(folder, subset):
    mnist = mnist_in(folder)
    if subset in mnist:
        return Contents("mnist", mnist[subset])
    if mnist:
        raise FileNotFoundError(f"{folder} holds MNIST, but not {file_names(subset)}.")
    emnist = emnist_in(folder, subset)
    if len(emnist) > 1:
        raise ValueError(
            f"{folder} holds more than one part of EMNIST: {', '.join(emnist)}; expected one. "
            f"Give its file of images, such as {next(iter(emnist.values()))[0]}."
        )
    if emnist:
        return Contents("idx", *emnist.values())
    pictures = pictures_in(folder)
    if not pictures:
        raise FileNotFoundError(
            f"{folder} holds neither {file_names(subset)} nor mnist.npz nor pictures "
            f"({', '.join(SUFFIXES)})."
        )
    return Contents("pictures", pictures, folder)


def _in_file(path):
    if path.suffix.lower() in SUFFIXES:
        return Contents("pictures", [path])
    if path.suffix.lower() == ".npz":
        return Contents("npz", [path])
    if re.search(r"[.-]idx\d", path.name):
        return Contents("idx", [path, _labels_beside(path)])
    if {suffix.lower() for suffix in path.suffixes} & set(_TABLE_SUFFIXES):
        return Contents("table", [path])
    raise ValueError(
        f"{path} is of no known kind; expected .csv (also .gz or .zip), .npz, IDX files, or "
        f"pictures ({', '.join(SUFFIXES)})."
    )


def _labels_beside(path):
    """The IDX file of labels that belongs to one of images by its name, or None."""
    name = path.name.replace("images", "labels").replace("idx3", "idx1").removesuffix(".gz")
    for partner in (path.with_name(name), path.with_name(f"{name}.gz")):
        if partner != path and partner.is_file():
            return partner
    return None
