"""Where a command reads and writes: what it writes must not cost what it reads."""

import argparse
import os
from pathlib import Path


def named_path(text):
    """A path among the arguments; what a shell makes of an unset variable is not this folder."""
    if not text:
        raise argparse.ArgumentTypeError("'' is no path")
    return Path(text)


def data_paths(args):
    """Paths of the data that the arguments name, one or several."""
    return args.data if isinstance(args.data, list) else [args.data]


def check_places(args, outputs, *, network=None, removed=None):
    """Raise if a file to write is one to read, or would be taken for one the next time.

    Parameters
    ----------
    args : argparse.Namespace
        With `data` and `subset`.
    outputs : list of (str, Path)
        Files that may be written, each with the option that says so.
    network : Path or None, default=None
        The file of the network that is read.
    removed : Path or None, default=None
        A folder that is removed in the end.

    Raises
    ------
    OSError
        If there are no data.
    ValueError
        If data are of no known kind, or places collide.
    """
    from cnn_digits.data.contents import contents_of
    from cnn_digits.data.mnist_files import mnist_in

    folders = [path for path in data_paths(args) if path.is_dir()]
    contents = contents_of(data_paths(args), args.subset)
    inputs = [file for file in (*contents.files, network) if file is not None]
    # The other part is not read, but nobody wants it replaced.
    inputs += [file for folder in folders for files in mnist_in(folder).values() for file in files]
    check_outputs(outputs, inputs, folders if contents.kind == "pictures" else [])
    if removed is not None:
        _check_outside(removed, [*inputs, *(path for _, path in outputs)])


def check_outputs(outputs, inputs, folders):
    """Raise if a file to write is one to read, a picture in a folder of these, or another output.

    Parameters
    ----------
    outputs : list of (str, Path)
        Files that may be written, each with the option that says so.
    inputs : list of Path
        Files that are read.
    folders : list of Path
        Those whose pictures are read.
    """
    # Under whatever names.
    read = {_identity(file): file for file in inputs if file.exists()}
    written = {}
    for option, path in outputs:
        if path.exists() and (file := read.get(_identity(path))) is not None:
            raise ValueError(
                f"{option}: writing {path} would replace {file}, which this command reads; "
                "expected another place."
            )
        _check_apart(option, path, folders)
        other_option, other = written.setdefault(_real(path), (option, path))
        if other_option != option:
            raise ValueError(
                f"{other_option} and {option} would both write {other}; expected two places."
            )


def _identity(path):
    place = path.stat()
    return place.st_dev, place.st_ino


def _check_apart(option, path, folders):
    """Raise if a picture to write would be one of those in a folder or its subfolders."""
    from cnn_digits.data.picture_files import SUFFIXES

    if path.suffix.lower() not in SUFFIXES:
        return
    place = path.parent.resolve()
    for folder in folders:
        if place.samefile(folder) or place.parent.samefile(folder):
            raise ValueError(
                f"{option}: {path} would be taken for one of the pictures in {folder}; expected "
                "a place outside."
            )


def _check_outside(removed, paths):
    for path in paths:
        if _real(removed) in _real(path).parents:
            raise ValueError(
                f"--checkpoint: {removed} is removed when the network has been written, and {path} "
                "with it; expected another folder."
            )


def _real(path):
    """What tells a place from others, links followed; Windows has two cases of each letter."""
    return Path(os.path.normcase(os.path.realpath(path)))
