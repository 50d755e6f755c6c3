"""The zip that a model file is, read with distrust: nothing in it can unpack to much more."""

import json
import math
import os
import stat
import struct
import zipfile
from contextlib import contextmanager

import keras
import numpy as np

from cnn_digits.devices import to_numpy

DESCRIPTION = "classifier.json"

# Of text: a million values of the history. What it takes in memory, some 35 times as much, is
# bearable too.
_MAX_DESCRIPTION_BYTES = 16 * 2**20

# Of the list of contents at the end: fifteen thousand arrays.
_MAX_CONTENTS_BYTES = 2**20

# Of weights that a fit comes to; those beyond it overflow a layer or two later.
_LARGEST_WEIGHT = 1e10

_END = struct.Struct("<4s4H2LH")  # of a zip: magic, numbers, bytes and offset of the contents

_WRITER = "expected a file that CNNDigitClassifier.save has written"

# What else people take for a model file, by its first bytes.
_FOREIGN = {
    b"\x89HDF": "an HDF5 file, such as Keras writes",
    b"\x80": "a pickle, which joblib.load or pickle.load opens",
    b"": "no zip",
}


@contextmanager
def opened_archive(path):
    """The zip at a path, of which whatever it says of itself has been checked.

    Parameters
    ----------
    path : str or path-like

    Yields
    ------
    archive : zipfile.ZipFile

    Raises
    ------
    OSError
        If it can't be opened.
    ValueError
        If it can't be what `CNNDigitClassifier.save` has written.
    """
    _check_kind(os.stat(path).st_mode)
    with open(path, "rb") as file:
        n_bytes = file.seek(0, os.SEEK_END)
        _check_both_ends(file, n_bytes)
        try:
            archive = zipfile.ZipFile(file)
        except Exception as error:  # of a list of contents it raises almost anything
            raise ValueError(f"its list of contents is damaged: {error}") from error
        with archive:
            _check_members(archive.infolist(), n_bytes)
            yield archive


def _check_kind(mode):
    """Raise unless it is a regular file: a pipe may wait for ever, a device never end."""
    for is_kind, kind in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if is_kind(mode):
            raise ValueError(f"it is {kind}; {_WRITER}.")


def _check_both_ends(file, n_bytes):
    """Raise unless a file begins and ends as such a zip does, and is as long as that says."""
    file.seek(0)
    begin = file.read(4)
    if begin != b"PK\x03\x04":
        what = next(what for magic, what in _FOREIGN.items() if begin.startswith(magic))
        raise ValueError(f"it is {what if n_bytes else 'empty'}; {_WRITER}.")
    file.seek(max(0, n_bytes - _END.size))
    end = file.read()
    if len(end) != _END.size or not end.startswith(b"PK\x05\x06") or end[-2:] != b"\0\0":
        raise ValueError("it is cut off or damaged: its end is not that of a zip.")
    *_, n_contents, offset, _ = _END.unpack(end)
    if n_contents > _MAX_CONTENTS_BYTES:
        raise ValueError(f"its list of contents claims {n_contents:,} bytes.")
    expected = offset + n_contents + _END.size
    if offset != 0xFFFFFFFF and expected != n_bytes:  # which says that it is beyond 4 GiB
        raise ValueError(f"it is damaged: it has {n_bytes:,} bytes in place of {expected:,}.")


def _check_members(members, n_bytes):
    """Raise unless the description is short and the arrays lie in the file as they are."""
    names = [member.filename for member in members]
    if DESCRIPTION not in names:
        raise ValueError(f"it is a zip without {DESCRIPTION}; {_WRITER}.")
    if len(set(names)) < len(names):
        raise ValueError("it holds several members of the same name.")
    if any(member.flag_bits & 1 for member in members):
        raise ValueError("it is encrypted, which no such file is.")
    description = members[names.index(DESCRIPTION)]
    check_length(description.file_size)
    if description.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{DESCRIPTION} is compressed in a way that none of its kind is.")
    arrays = [member for member in members if member is not description]
    total = sum(member.file_size for member in arrays)
    if total > n_bytes or any(member.compress_type != zipfile.ZIP_STORED for member in arrays):
        raise ValueError(f"its arrays claim {total:,} bytes in a file of {n_bytes:,}.")


def check_length(n_bytes):
    """Raise unless a description is as short as all that are read."""
    if n_bytes > _MAX_DESCRIPTION_BYTES:
        raise ValueError(
            f"{DESCRIPTION} has {n_bytes:,} bytes; expected {_MAX_DESCRIPTION_BYTES:,} at most."
        )


def read_description(archive):
    """What the JSON of a file holds, whatever that is."""
    with archive.open(DESCRIPTION) as entry:
        text = entry.read(_MAX_DESCRIPTION_BYTES)
    try:
        return json.loads(text.decode("utf-8"))
    except RecursionError:
        raise ValueError(f"{DESCRIPTION} is nested too deeply.") from None
    except ValueError as error:
        raise ValueError(f"{DESCRIPTION} is no JSON: {error}") from error


def check_header(archive, name, variable):
    """Raise unless an array of the file is one for a variable, by its header."""
    with archive.open(name) as entry:
        _read_header(entry, name, variable)


def read_array(archive, name, variable):
    """The array of the file for a variable."""
    with archive.open(name) as entry:
        _read_header(entry, name, variable)
        n_bytes = math.prod(variable.shape) * np.dtype(variable.dtype).itemsize
        data = entry.read(n_bytes)
        if len(data) != n_bytes or entry.read(1):  # reading to the end checks the CRC
            raise ValueError(f"{name} does not have {n_bytes} bytes of data.")
    array = np.frombuffer(data, variable.dtype).reshape(variable.shape)
    _check_numbers(name, array, variable)
    return array


def undated(name):
    """A member to write, without the time of day: the same classifier makes the same file."""
    return zipfile.ZipInfo(name)


def write_array(archive, name, variable):
    """Put the value of a variable into a file that is being written."""
    array = np.asarray(to_numpy(variable), order="C")
    _check_numbers(name, array, variable)
    with archive.open(undated(name), "w", force_zip64=True) as entry:
        np.lib.format.write_array(entry, array, version=(1, 0), allow_pickle=False)


def _check_numbers(name, array, variable):
    """Raise if the value of a variable is nothing to compute with."""
    if not keras.backend.is_float_dtype(variable.dtype):
        return
    # The state of an optimizer has squares of gradients; and what is no number is not below it.
    bound = _LARGEST_WEIGHT if name.startswith("network/") else np.finfo(np.float32).max
    if not (abs(array) <= bound).all():
        raise ValueError(
            f"{name} holds NaN, infinity or numbers that overflow, because training has diverged. "
            "Fit anew, with a lower learning rate."
        )


def _read_header(entry, name, variable):
    """Read the header of an array; raise unless it is that of a variable's value."""
    shape, dtype = tuple(variable.shape), np.dtype(variable.dtype)
    try:
        if np.lib.format.read_magic(entry) != (1, 0):
            raise ValueError("of another version")
        header = np.lib.format.read_array_header_1_0(entry)
    except Exception as error:  # NumPy quotes the header, whatever its length
        raise ValueError(f"{name} does not begin as an array does.") from error
    # What NumPy has no name for, such as bfloat16, it writes as bytes, which have no order.
    codes = {kind.str.lstrip("<|") for kind in (dtype, header[2])}
    if header[:2] != (shape, False) or len(codes) > 1:
        raise ValueError(
            f"{name} holds {header[2]} of shape {header[0]}; the network expects {dtype} of shape "
            f"{shape}."
        )
