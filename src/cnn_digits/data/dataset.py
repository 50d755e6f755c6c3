"""Data sets of any kind of file that this package knows."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cnn_digits.data.arrays import read_idx_pair, read_npz
from cnn_digits.data.contents import contents_of
from cnn_digits.data.mnist_files import read_mnist
from cnn_digits.data.picture_files import picture_labels
from cnn_digits.data.pictures import read_pictures, same_size
from cnn_digits.data.tables import read_csv
from cnn_digits.framing.frames import BOX, SIDE, Examined, examined


@dataclass
class Dataset:
    """Images from files, and what is known of them.

    Parameters
    ----------
    data : ndarray of shape (n, features), (n, h, w) or (n, h, w, c)
    target : ndarray of shape (n,) or None
        Labels, if there are any.
    names : list of str or None, default=None
        Paths of pictures.
    found : Examined or None, default=None
        What framing tells of pictures, if `data` are their frames.
    skipped : list of str, default=[]
        What was wrong with those left out.
    """

    data: np.ndarray
    target: np.ndarray | None
    names: list | None = None
    found: Examined | None = None
    skipped: list = field(default_factory=list)

    @property
    def framed(self):
        """Whether `data` are frames of pictures."""
        return self.found is not None


def read_dataset(path, *, subset="train", labelled=True, skip_bad=False, framed=False):
    """Read images, and labels if there are any, from any kind of file this package knows.

    Parameters
    ----------
    path : str or path-like, or list of them
        A table (see `read_csv`), a file of `numpy.savez` (`.npz`), a folder with MNIST's IDX
        files or `mnist.npz`, torchvision's root folder, a folder with one part of EMNIST, an
        IDX file of images, a picture, or a folder of pictures, whose labels are the names of
        subfolders or begin or end their own names. Several are pictures, or folders of them,
        without labels.

    subset : {"train", "test"}, default="train"
        Which one, where a folder or a file holds both.

    labelled : bool, default=True
        Whether labels are needed.

    skip_bad : bool, default=False
        Leave out pictures that can't be read.

    framed : bool, default=False
        Pass pictures, but no arrays, through `FrameDigits`. They have to be of one size
        otherwise.

    Returns
    -------
    dataset : Dataset

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If a file is damaged, of no known kind or larger than what is read (see `bounds`), or
        labels are needed and missing.
    """
    paths = [Path(path)] if isinstance(path, (str, os.PathLike)) else [Path(part) for part in path]
    contents = contents_of(paths, subset)
    if contents.kind != "pictures":
        images, labels = _read_arrays(contents, subset)
        if labelled and labels is None:
            why = "no file of labels lies beside it" if contents.kind == "idx" else "it has none"
            raise ValueError(f"{paths[0]}: labels are needed here, and {why}.")
        return Dataset(images, labels)
    try:
        # Before the pictures are read, which may take long.
        labels = picture_labels(contents.files, contents.folder)
    except ValueError as error:
        if labelled:
            raise ValueError(f"{paths[0]}: labels are needed here, and {error}") from error
        labels = None
    images, good, skipped = read_pictures(contents.files, skip_bad, _examined if framed else None)
    names = [str(contents.files[i]) for i in good]
    found = _together(images) if framed else None
    return Dataset(
        data=found.frames if framed else same_size(images, names),
        target=None if labels is None else labels[good],
        names=names,
        found=found,
        skipped=skipped,
    )


def _read_arrays(contents, subset):
    """Images, and labels or None."""
    match contents.kind:
        case "mnist":
            return read_mnist(contents.files, subset)
        case "idx":
            return read_idx_pair(*contents.files)
        case "npz":
            return read_npz(*contents.files, subset)
        case "table":
            return read_csv(*contents.files)


def _examined(image):
    """The frame of one image, and what is wrong with it."""
    return examined([(np.zeros(1, dtype=int), image[None, :, :, None])], SIDE, BOX)


def _together(found):
    """What was found on images one by one, as if they had been examined together."""
    return Examined(
        **{name: np.concatenate([vars(one)[name] for one in found]) for name in vars(found[0])}
    )
