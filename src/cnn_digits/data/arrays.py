"""Images and labels from files of arrays: LeCun's IDX format and `numpy.savez`."""

import math
import struct
import zipfile
from dataclasses import dataclass

import numpy as np

from cnn_digits.data.array_names import are_labels, chosen
from cnn_digits.data.bounds import MAX_ARRAYS, MAX_BYTES, MAX_LABEL, check_unpacked
from cnn_digits.data.emnist import upright
from cnn_digits.files import check_packing, check_regular, damage_named, opened
from cnn_digits.images import EXPECTED


def read_idx_pair(images_path, labels_path):
    """Images of an IDX file, EMNIST's upright, and the labels of another, if there is one."""
    images = read_idx(images_path)
    if images.ndim != 3:
        raise ValueError(f"{images_path} holds no images but an array of {images.ndim} dimensions.")
    images = upright(images, images_path, labels_path)
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
        check_unpacked(MAX_BYTES, n_bytes, "it announces", path)
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


@dataclass(frozen=True)
class _Array:
    """An array in a file, of which only the header is read."""

    shape: tuple
    dtype: np.dtype
    member: zipfile.ZipInfo


def read_npz(path, subset="train"):
    """Read images and labels from a file of `numpy.savez`.

    Parameters
    ----------
    path : str or path-like

    subset : {"train", "test"}, default="train"
        For files with both, as Keras's `mnist.npz`. Which arrays are the images and the labels
        is what `chosen` says by their names, or else by their shapes.

    Returns
    -------
    images : ndarray of shape (n, features), (n, h, w) or (n, h, w, c)
    labels : ndarray of shape (n,), or None if there are none

    Raises
    ------
    ValueError
        If the file is damaged or holds no such arrays, or Python objects, or would take more
        memory than `MAX_BYTES`.
    """
    with damage_named(path):
        check_regular(path)
        with open(path, "rb") as file:
            if not zipfile.is_zipfile(file):
                raise ValueError("it is no file of numpy.savez, or it is cut short.")
            with zipfile.ZipFile(file) as archive:
                held = _headers(archive)
                x_name, y_name = chosen(held, subset)
                _check_arrays(held, x_name, y_name)
                wanted = [held[name] for name in (x_name, y_name) if name is not None]
                n_bytes = sum(math.prod(a.shape) * a.dtype.itemsize for a in wanted)
                check_unpacked(MAX_BYTES, n_bytes, "its arrays take", path)
                images = _read_npy(archive, held[x_name])
                labels = None if y_name is None else _read_npy(archive, held[y_name]).reshape(-1)
                if labels is not None and labels.dtype.kind == "U":
                    _check_text(labels, y_name)
        return images, labels


def _headers(archive):
    """What the arrays of an npz file claim to be, by name."""
    MAX_ARRAYS.check(len(archive.infolist()), "it holds")
    held = {}
    for member in archive.infolist():
        if not member.filename.endswith(".npy"):
            continue
        check_packing(member)
        with archive.open(member) as file:
            shape, _, dtype = _header(file)
        held[member.filename.removesuffix(".npy")] = _Array(shape, dtype, member)
    return held


def _header(file):
    """Shape, whether in Fortran's order, and dtype, as NumPy writes them before an array."""
    version = np.lib.format.read_magic(file)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ValueError(f"an array in it is of version {version}; expected 1.0 or 2.0.")
    return read(file)


def _check_arrays(held, x_name, y_name):
    """Raise unless what is claimed are images and labels."""
    images = held[x_name]
    if len(images.shape) not in (2, 3, 4) or images.dtype.kind not in "buif":
        raise ValueError(
            f"{x_name} is an array of {images.dtype} of shape {images.shape}; expected numbers "
            f"of shape {EXPECTED}."
        )
    if 0 in images.shape:
        raise ValueError(f"{x_name} is empty: shape {images.shape}.")
    if y_name is None:
        return
    labels = held[y_name]
    if not are_labels(labels) or labels.dtype.kind not in "buifU":
        raise ValueError(
            f"{y_name} is an array of {labels.dtype} of shape {labels.shape}; expected "
            "numbers or text, one for each image."
        )
    if labels.dtype.kind == "U":
        MAX_LABEL.check(labels.dtype.itemsize // 4, f"{y_name} has room for")
    if images.shape[0] != labels.shape[0]:
        raise ValueError(
            f"{x_name} and {y_name} hold {images.shape[0]:,} images and {labels.shape[0]:,} labels."
        )


def _read_npy(archive, array):
    """An array of an npz file, unpacked into its place and checked by its checksum."""
    with archive.open(array.member) as file:
        shape, is_fortran, dtype = _header(file)
        n_bytes = math.prod(shape) * dtype.itemsize
        if n_bytes > array.member.file_size:
            raise ValueError(
                f"{array.member.filename} claims an array of {n_bytes:,} bytes in a file of "
                f"{array.member.file_size:,}."
            )
        data = np.empty(n_bytes, np.uint8)
        if _filled(data, file) < n_bytes or file.read(1):
            raise ValueError(
                f"{array.member.filename} claims an array of {n_bytes:,} bytes and holds "
                "another number of them."
            )
    return data.view(dtype).reshape(shape, order="F" if is_fortran else "C")


def _check_text(labels, name):
    """Raise unless an array of text is text, which NumPy does not look at."""
    try:
        "".join(set(labels.tolist())).encode()
    except (ValueError, SystemError):  # no character, or half of one
        raise ValueError(f"{name} holds what is no text in Unicode.") from None


def _filled(data, file):
    """Fill an array of bytes from a file; how many there were."""
    n = 0
    while n < len(data) and (piece := file.read(min(2**20, len(data) - n))):
        data[n : n + len(piece)] = np.frombuffer(piece, np.uint8)
        n += len(piece)
    return n


def _check_same_number(images, labels, where):
    if len(images) != len(labels):
        raise ValueError(f"{where} hold {len(images):,} images and {len(labels):,} labels.")
