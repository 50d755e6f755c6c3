"""Files of pictures: which a folder holds, in which order, and the labels in their paths."""

import os
import re
import warnings
from pathlib import Path

import numpy as np

# Endings of the names of files that are looked at.
SUFFIXES = (
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jfi", ".mpo", ".bmp", ".gif",
    ".tif", ".tiff", ".webp", ".avif", ".heic", ".heif", ".hif",
)  # fmt: skip

# Of pictures that nothing here reads: raw ones of cameras, and what few programs write. In a
# folder they are told of, but they are no error, as phones put them beside a JPEG.
_OTHER_SUFFIXES = (
    ".dng", ".raw", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".raf", ".rw2", ".jxl", ".jp2", ".j2k",
    ".psd", ".svg", ".ico", ".tga", ".pbm", ".pgm", ".ppm",
)  # fmt: skip


def picture_paths(paths):
    """Paths of pictures, those in folders as well; raises if there are none."""
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    found = []
    for path in map(Path, paths):
        if path.is_dir():
            pictures = pictures_in(path)
            if not pictures:
                raise FileNotFoundError(f"{path} holds no pictures ({', '.join(SUFFIXES)}).")
            found += pictures
        else:
            found.append(path)
    if not found:
        raise ValueError("There are no paths; expected at least one picture.")
    return found


def pictures_in(folder):
    """Paths of the pictures in a folder or else in its subfolders, by the numbers in them.

    Warns of pictures of kinds that are not read.
    """
    entries = _shown(folder)
    below = [path for place in filter(Path.is_dir, entries) for path in _shown(place)]
    direct, nested = (list(filter(_is_picture, paths)) for paths in (entries, below))
    others = [path for path in entries + below if path.suffix.lower() in _OTHER_SUFFIXES]
    if others:
        first = ", ".join(path.name for path in others[:3]) + (", …" if len(others) > 3 else "")
        warnings.warn(
            f"{len(others)} of the files in {folder} are pictures of kinds that are not read, and "
            f"passed over: {first}. Save them as JPEG or PNG.",
            UserWarning,
            stacklevel=2,
        )
    if direct and nested:
        raise ValueError(
            f"{folder} holds pictures ({direct[0].name}) and subfolders with pictures "
            f"({nested[0].parent.name}); expected one or the other."
        )
    return sorted(direct or nested, key=_by_number)


def _shown(folder):
    # What editors and systems put there unasked has names that begin with a dot.
    return [path for path in folder.iterdir() if path.name[0] != "."]


def _is_picture(path):
    return path.suffix.lower() in SUFFIXES and not path.is_dir()


def _by_number(path):
    """Key that sorts 9.png before 10.png."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.split(r"(\d+)", str(path))
    ]


def picture_labels(paths, folder):
    """Labels of pictures: the names of their subfolders, or a digit in their own names.

    Parameters
    ----------
    paths : list of Path
    folder : Path or None
        The one that holds them all, in it or in its subfolders, if there is one.

    Returns
    -------
    labels : ndarray of shape (n,), int64 or str

    Raises
    ------
    ValueError
        If they are neither sorted nor named by label, or a label is no text.
    """
    if folder is None:
        raise ValueError("single pictures have none.")
    if paths[0].parent != folder:
        labels = np.array([path.parent.name for path in paths])
        _check_names(labels, folder)
        is_number = all(label.isascii() and label.isdecimal() for label in labels)
        return labels.astype(np.int64) if is_number and labels.itemsize <= 4 * 18 else labels
    parts = [re.split(r"[^0-9A-Za-z]+", path.stem) for path in paths]
    ways = [[part[place] for part in parts] for place in (0, -1)]
    ways = [labels for labels in ways if all(re.fullmatch("[0-9]", label) for label in labels)]
    if len(ways) == 2 and ways[0] != ways[1]:
        # Numbers of up to ten pictures look like labels, but none comes twice.
        ways = [labels for labels in ways if len(set(labels)) < len(labels)]
    if ways:
        return np.array(ways[0], dtype=np.int64)
    names_label = [any(re.fullmatch("[0-9]", part[place]) for place in (0, -1)) for part in parts]
    odd = paths[0] if all(names_label) else paths[names_label.index(False)]
    raise ValueError(
        f"the pictures in {folder} are not labelled: expected a subfolder for each label, or names "
        f"that begin or end in it, such as 7_0001.png or 0001_7.png; found {odd.name}."
    )


def _check_names(labels, folder):
    """Raise if a label, the name of a folder, can't be written: it is in no known encoding."""
    for label in labels:
        try:
            label.encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"the name of a subfolder of {folder} is not in UTF-8, {str(label)!a}, and "
                "can't be a label; rename it."
            ) from None
