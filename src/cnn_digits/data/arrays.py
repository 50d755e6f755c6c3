"""Images and labels from files of arrays: LeCun's IDX format and `numpy.savez`."""

import math
import struct
import zipfile
from io import BytesIO

import numpy as np

from cnn_digits.files import damage_named, opened
from cnn_digits.images import EXPECTED

# Names under which arrays of images and labels are found in an npz file, by subset:
# keras.datasets', scikit-learn's, and what numpy.savez calls arrays without a name.
_NPZ_NAMES = {
    "train": (("x_train", "y_train"), ("X_train", "y_train")),
    "test": (("x_test", "y_test"), ("X_test", "y_test")),
    None: (
        ("images", "labels"),
        ("X", "y"),
        ("x", "y"),
        ("data", "target"),
        ("data", "labels"),
        ("arr_0", "arr_1"),
    ),
}


def read_idx_pair(images_path, labels_path):
    """Images of an IDX file and the labels of another, if there is one."""
    images = read_idx(images_path)
    if images.ndim != 3:
        raise ValueError(f"{images_path} holds no images but an array of {images.ndim} dimensions.")
    if labels_path is None:
        return images, None
    labels = read_idx(labels_path)
    if labels.ndim != 1:
        raise ValueError(f"{labels_path} holds no labels but an array of {labels.ndim} dimensions.")
    _check_same_number(images, labels, f"{images_path} and {labels_path}")
    return images, labels


def read_idx(path):
    """Read an array of bytes in LeCun's IDX format.

    Parameters
    ----------
    path : str or path-like
        Compressed with gzip or not.

    Returns
    -------
    array : ndarray of uint8

    Raises
    ------
    ValueError
        If it is no such file, is cut short, or goes on after its end.
    """
    with damage_named(path), opened(path) as file:
        magic = _read_exactly(file, 4)
        if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] != 8 or not 1 <= magic[3] <= 4:
            raise ValueError(
                f"it begins with {bytes(magic).hex(' ') or 'nothing'}; an IDX file of unsigned "
                "bytes begins with 00 00 08 and its number of dimensions."
            )
        n_dimensions = magic[3]
        sizes = _read_exactly(file, 4 * n_dimensions)
        if len(sizes) < 4 * n_dimensions:
            raise ValueError("it is cut short within its header.")
        shape = struct.unpack(f">{n_dimensions}I", sizes)
        n_bytes = math.prod(shape)
        data = _read_exactly(file, n_bytes)
        seen = " × ".join(f"{side:,}" for side in shape)
        if len(data) < n_bytes:
            raise ValueError(f"it announces {seen} bytes and holds {len(data):,}: cut short?")
        if file.read(1):
            raise ValueError(f"it announces {seen} bytes and holds more.")
        if 0 in shape:
            raise ValueError(f"it is empty: {seen}.")
        return np.frombuffer(data, np.uint8).reshape(shape)


def _read_exactly(file, n_bytes):
    """Up to n bytes: no more memory than there is data, whatever a header claims."""
    data = bytearray()
    while len(data) < n_bytes:
        piece = file.read(min(2**20, n_bytes - len(data)))
        if not piece:
            break
        data += piece
    return data


def read_npz(path, subset="train"):
    """Read images and labels from a file of `numpy.savez`.

    Parameters
    ----------
    path : str or path-like

    subset : {"train", "test"}, default="train"
        For files with both, as Keras's `mnist.npz`: arrays `x_train`, `y_train`, `x_test`,
        `y_test`. Otherwise arrays are `X` and `y`, `images` and `labels`, `data` and
        `target`, or have no names and are in this order.

    Returns
    -------
    images : ndarray of shape (n, features), (n, h, w) or (n, h, w, c)
    labels : ndarray of shape (n,), or None if there are none

    Raises
    ------
    ValueError
        If the file is damaged or holds no such arrays, or Python objects.
    """
    with damage_named(path), open(path, "rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError("it is no file of numpy.savez, or it is cut short.")
        with zipfile.ZipFile(file) as archive:
            held = {name.removesuffix(".npy") for name in archive.namelist()}
            for x_name, y_name in (*_NPZ_NAMES[subset], *_NPZ_NAMES[None]):
                if x_name in held:
                    images = _read_npy(archive, x_name)
                    labels = _read_npy(archive, y_name) if y_name in held else None
                    break
            else:
                raise ValueError(
                    f"it holds the arrays {', '.join(sorted(held)) or 'none'}; expected "
                    f"{' and '.join(_NPZ_NAMES[subset][0])}, or X and y."
                )
        if images.ndim not in (2, 3, 4) or images.dtype.kind not in "buif":
            raise ValueError(
                f"{x_name} is an array of {images.dtype} of shape {images.shape}; expected numbers "
                f"of shape {EXPECTED}."
            )
        if 0 in images.shape:
            raise ValueError(f"{x_name} is empty: shape {images.shape}.")
        if labels is not None:
            if labels.ndim != 1 or labels.dtype.kind not in "buifU":
                raise ValueError(
                    f"{y_name} is an array of {labels.dtype} of shape {labels.shape}; expected "
                    "numbers or text of one dimension."
                )
            _check_same_number(images, labels, f"{x_name} and {y_name}")
        return images, labels


def _read_npy(archive, name):
    # Reading all of it first checks the CRC, that of the header included, which np.load of
    # the archive does not do.
    data = archive.read(f"{name}.npy")
    array = np.load(BytesIO(data), allow_pickle=False)
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name} is no array.")
    return array


def _check_same_number(images, labels, where):
    if len(images) != len(labels):
        raise ValueError(f"{where} hold {len(images):,} images and {len(labels):,} labels.")
