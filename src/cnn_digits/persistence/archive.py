"""The zip that a model file is, read with distrust: nothing in it can unpack to much more."""

import json
import math
import os
import re
import stat
import struct
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass

import keras
import numpy as np

from cnn_digits.devices import to_numpy
from cnn_digits.files import written_whole


@dataclass(frozen=True)
class Kind:
    """What a model file holds.

    Parameters
    ----------
    description : str
        Name of the member that says what the arrays are.
    estimator : str
        Name of the class that writes and reads it.
    """

    description: str
    estimator: str

    @property
    def expected(self):
        """What a file of this kind is, for messages."""
        return f"expected a file that {self.estimator}.save has written"


CLASSIFIER = Kind("classifier.json", "CNNDigitClassifier")
READER = Kind("reader.json", "NumberReader")

# Of text: a million values of the history. What it takes in memory, some 35 times as much, is
# bearable too.
_MAX_DESCRIPTION_BYTES = 16 * 2**20

# Of the list of contents at the end: fifteen thousand arrays.
_MAX_CONTENTS_BYTES = 2**20

# Of weights that a fit comes to; those beyond it overflow a layer or two later.
_LARGEST_WEIGHT = 1e10

# What zipfile raises that no check before it has noticed.
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, OSError, EOFError)

_BOLD = re.compile(r"\x1b\[\d*m")  # as Keras prints

# Of a reason that somebody else gives, who may quote what he has read.
_MAX_LETTERS = 500

_END = struct.Struct("<4s4H2LH")  # of a zip: magic, numbers, bytes and offset of the contents

# What else people take for a model file, by its first bytes.
_FOREIGN = {
    b"\x89HDF": "an HDF5 file, such as Keras writes",
    b"\x80": "a pickle, which joblib.load or pickle.load opens",
    b"": "no zip",
}


@contextmanager
def reasons_in_one_line(path):
    """Turn whatever damage raises, which can show at any byte, into one ValueError of one line.

    A file that can't be opened is an OSError as before.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise  # it can't be opened
        reason = " ".join(_BOLD.sub("", str(error)).split())
        if isinstance(error, _DAMAGE):
            reason = f"it is damaged: {reason or type(error).__name__}"
        elif not isinstance(error, ValueError):
            reason = f"reading it ended in {type(error).__name__}: {reason}"
        if len(reason) > _MAX_LETTERS:
            reason = f"{reason[:_MAX_LETTERS]} …"
        raise ValueError(f"{os.fspath(path)} can't be loaded: {reason}") from error


@contextmanager
def opened_archive(path, kind=CLASSIFIER):
    """The zip at a path, of which whatever it says of itself has been checked.

    Parameters
    ----------
    path : str or path-like
    kind : Kind

    Yields
    ------
    archive : zipfile.ZipFile

    Raises
    ------
    OSError
        If it can't be opened.
    ValueError
        If it can't be what the estimator of that kind has written.
    """
    _check_regular(os.stat(path).st_mode, kind)
    with open(path, "rb") as file:
        n_bytes = file.seek(0, os.SEEK_END)
        _check_both_ends(file, n_bytes, kind)
        try:
            archive = zipfile.ZipFile(file)
        except Exception as error:  # of a list of contents it raises almost anything
            raise ValueError(f"its list of contents is damaged: {error}") from error
        with archive:
            _check_members(archive.infolist(), n_bytes, kind)
            yield archive


def _check_regular(mode, kind):
    """Raise unless it is a regular file: a pipe may wait for ever, a device never end."""
    for is_what, what in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if is_what(mode):
            raise ValueError(f"it is {what}; {kind.expected}.")


def _check_both_ends(file, n_bytes, kind):
    """Raise unless a file begins and ends as such a zip does, and is as long as that says."""
    file.seek(0)
    begin = file.read(4)
    if begin != b"PK\x03\x04":
        what = next(what for magic, what in _FOREIGN.items() if begin.startswith(magic))
        raise ValueError(f"it is {what if n_bytes else 'empty'}; {kind.expected}.")
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


def _check_members(members, n_bytes, kind):
    """Raise unless the description is short and the arrays lie in the file as they are."""
    names = [member.filename for member in members]
    if kind.description not in names:
        for other in (CLASSIFIER, READER):
            if other.description in names:
                raise ValueError(
                    f"it holds a {other.estimator}, which {other.estimator}.load opens."
                )
        raise ValueError(f"it is a zip without {kind.description}; {kind.expected}.")
    if len(set(names)) < len(names):
        raise ValueError("it holds several members of the same name.")
    if any(member.flag_bits & 1 for member in members):
        raise ValueError("it is encrypted, which no such file is.")
    description = members[names.index(kind.description)]
    check_length(description.file_size, kind)
    if description.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{kind.description} is compressed in a way that none of its kind is.")
    arrays = [member for member in members if member is not description]
    total = sum(member.file_size for member in arrays)
    if total > n_bytes or any(member.compress_type != zipfile.ZIP_STORED for member in arrays):
        raise ValueError(f"its arrays claim {total:,} bytes in a file of {n_bytes:,}.")


def check_length(n_bytes, kind=CLASSIFIER):
    """Raise unless a description is as short as all that are read."""
    if n_bytes > _MAX_DESCRIPTION_BYTES:
        raise ValueError(
            f"{kind.description} has {n_bytes:,} bytes; expected {_MAX_DESCRIPTION_BYTES:,} at "
            "most."
        )


def read_description(archive, kind=CLASSIFIER):
    """What the JSON of a file holds, whatever that is."""
    with archive.open(kind.description) as entry:
        text = entry.read(_MAX_DESCRIPTION_BYTES)
    try:
        return json.loads(text.decode("utf-8"))
    except RecursionError:
        raise ValueError(f"{kind.description} is nested too deeply.") from None
    except ValueError as error:
        raise ValueError(f"{kind.description} is no JSON: {error}") from error


@contextmanager
def written_archive(path, meta, kind=CLASSIFIER):
    """A file with a description, to put arrays into; written whole or not at all.

    Parameters
    ----------
    path : str or path-like
    meta : dict
        The description, plain values.
    kind : Kind

    Yields
    ------
    archive : zipfile.ZipFile

    Raises
    ------
    ValueError
        If the description is longer than what is read.
    OSError
        If it can't be written.
    """
    text = json.dumps(meta, indent=1)
    check_length(len(text), kind)
    with written_whole(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr(_undated(kind.description), text, zipfile.ZIP_DEFLATED)
        yield archive


def check_header(archive, name, variable):
    """Raise unless an array of the file is one for a variable, by its header.

    Weights in float32 may have been written in float16, see `write_array`.
    """
    with archive.open(name) as entry:
        _read_header(entry, name, variable)


def read_array(archive, name, variable):
    """The array of the file for a variable."""
    with archive.open(name) as entry:
        dtype = _read_header(entry, name, variable)
        n_bytes = math.prod(variable.shape) * dtype.itemsize
        data = entry.read(n_bytes)
        if len(data) != n_bytes or entry.read(1):  # reading to the end checks the CRC
            raise ValueError(f"{name} does not have {n_bytes} bytes of data.")
    array = np.frombuffer(data, dtype).reshape(variable.shape).astype(variable.dtype, copy=False)
    _check_numbers(name, array, variable)
    return array


def _undated(name):
    """A member to write, without the time of day: the same classifier makes the same file."""
    return zipfile.ZipInfo(name)


def write_array(archive, name, variable, *, short=False):
    """Put the value of a variable into a file that is being written.

    Parameters
    ----------
    archive : zipfile.ZipFile
    name : str
    variable : keras.Variable
    short : bool, default=False
        In float16 where that holds each of its numbers exactly, for half of the room.
    """
    array = np.asarray(to_numpy(variable), order="C")
    _check_numbers(name, array, variable)
    if short and array.dtype == np.float32:
        with np.errstate(over="ignore"):
            halves = array.astype(np.float16)
        array = halves if np.array_equal(halves, array) else array
    with archive.open(_undated(name), "w", force_zip64=True) as entry:
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
    """The dtype in the header of an array; raises unless it is that of a variable's value."""
    shape, dtype = tuple(variable.shape), np.dtype(variable.dtype)
    try:
        if np.lib.format.read_magic(entry) != (1, 0):
            raise ValueError("of another version")
        header = np.lib.format.read_array_header_1_0(entry)
    except Exception as error:  # NumPy quotes the header, whatever its length
        raise ValueError(f"{name} does not begin as an array does.") from error
    # What NumPy has no name for, such as bfloat16, it writes as bytes, which have no order.
    code, found = (kind.str.lstrip("<|") for kind in (dtype, header[2]))
    is_short = (code, found) == ("f4", "f2") and name.startswith("network/")
    if header[:2] != (shape, False) or not (found == code or is_short):
        raise ValueError(
            f"{name} holds {header[2]} of shape {header[0]}; the network expects {dtype} of shape "
            f"{shape}."
        )
    return header[2] if is_short else dtype
