"""Files: read with distrust, written whole or not at all."""

import gzip
import os
import shutil
import stat
import tempfile
import zipfile
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

# How files that are being written begin, and how the locks beside them end.
_TEMPORARY = ".cnn-digits."
_LOCK = ".lock"

# What `written_whole` has begun and not yet moved to its place.
_unfinished = set()


@contextmanager
def written_whole(path):
    """A file to write in binary, moved to its place when the block ends without error.

    Parameters
    ----------
    path : str or path-like
        Replaced if it exists. After an error it is as it was, or absent.

    Yields
    ------
    file : binary file object

    Raises
    ------
    OSError
        If the file can't be written.
    """
    check_writable(path)
    # Of a link, what it points to is replaced.
    place = Path(path).resolve()
    mode = stat.S_IMODE(place.stat().st_mode) if place.exists() else 0o666 & ~_umask()
    _remove_left_over(place.parent)
    # Next to its place, because a file can only be moved at once within a file system.
    with _temporary_in(place.parent) as temporary:
        try:
            with open(temporary, "xb", opener=partial(os.open, mode=0o600)) as file:
                yield file
                # Or a machine that is switched off could have moved what is not on its disk.
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            if error.filename is None and error.strerror:  # a full disk, for one
                raise OSError(f"{path} can't be written: {error.strerror}.") from error
            raise
        os.chmod(temporary, mode)
        os.replace(temporary, place)


@contextmanager
def folder_written_whole(path):
    """A folder to make, moved to its place when the block ends without error.

    Parameters
    ----------
    path : str or path-like
        A folder that is there is replaced. After an error it is as it was, or absent.

    Yields
    ------
    folder : Path
        Beside that place; not there yet.

    Raises
    ------
    OSError
        If it can't be written.
    """
    place = Path(path).resolve()
    temporary = place.parent / f"{_TEMPORARY}{uuid4().hex}"
    former = Path(f"{temporary}.former")
    try:
        yield temporary
        # A folder can't be replaced at once: for a moment there is none.
        if place.exists():
            place.rename(former)
        temporary.rename(place)
    except shutil.Error as error:  # of several files; the first says what is wrong with all
        reason = str(error.args[0][0][2]).partition(": ")[0]
        raise OSError(f"{path} can't be written: {reason}.") from error
    finally:
        if former.exists() and not place.exists():
            former.rename(place)
        for folder in (temporary, former):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _temporary_in(folder):
    """A path for a hidden file in a folder, which is removed in the end if it is still there.

    A lock beside it tells the next writer that this one lives, unless it was killed.
    """
    temporary = folder / f"{_TEMPORARY}{uuid4().hex}"
    _unfinished.add(temporary)
    lock = FileLock(f"{temporary}{_LOCK}")
    # Not every file system has locks; without one, this file is only not cleared away if killed.
    with suppress(Timeout, NotImplementedError):
        lock.acquire(timeout=1)
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
        lock.release()
        with suppress(OSError):  # another writer may have been quicker
            os.unlink(lock.lock_file)
        _unfinished.discard(temporary)


def _remove_left_over(folder):
    """Remove what writers that were killed have left in a folder; those that live hold a lock."""
    for lock in folder.glob(f"{_TEMPORARY}*{_LOCK}"):
        # A writer that lives (Timeout), no locks on this file system, no right to remove: it stays,
        # and what is being written now does not depend on it.
        with suppress(OSError, Timeout, NotImplementedError), FileLock(lock, timeout=0):
            lock.with_suffix("").unlink(missing_ok=True)
            lock.unlink()


def remove_unfinished():
    """Remove what is half-written, for who ends the process wherever it is."""
    for temporary in tuple(_unfinished):
        for path in (temporary, f"{temporary}{_LOCK}"):
            with suppress(OSError):
                os.unlink(path)


def check_writable(path):
    """Raise OSError, with the reason, if no file can be written at `path`; leave nothing there."""
    path = Path(path)
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        pass  # of which more can be said
    except OSError as error:
        # Links in a circle, or a name that is too long.
        raise type(error)(f"{path} can't be written: {error.strerror}.") from error
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; expected the name of a file to write.")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise FileNotFoundError(f"{path} can't be written: there is no folder {folder}.")
    _try_to_write(folder)
    if path.exists():
        # A device, such as /dev/null, would be replaced by a file.
        if not path.is_file():
            raise OSError(f"{path} can't be written: it is no regular file.")
        if not os.access(path, os.W_OK):
            raise PermissionError(f"{path} can't be written: it is write-protected.")


def writable_folder(path):
    """Make a folder if it is not there yet; raise OSError if nothing can be written in it."""
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(f"{path} is a file; expected a folder.") from None
    _try_to_write(path)
    return path


def _try_to_write(folder):
    """Raise OSError if no file can be made in a folder, which permissions alone don't tell."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise type(error)(f"no file can be written in {folder}: {error.strerror}.") from error


def check_regular(path):
    """Raise ValueError if a path is a pipe, a device or a socket, which may be without an end.

    To open a pipe may wait for ever. One that is open already, such as a shell's `<(...)` or
    standard input, is let through.
    """
    if isinstance(path, int) or os.fsdecode(path).startswith("/dev/fd/"):
        return
    mode = os.stat(path).st_mode
    kinds = (
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    for is_kind, name in kinds:
        if is_kind(mode) and not (name == "a pipe" and os.fsdecode(path) == "/dev/stdin"):
            raise ValueError(f"it is {name}; expected a regular file.")


@contextmanager
def opened(path):
    """A file open for reading bytes, decompressed if it is gzip or a zip of one file."""
    check_regular(path)
    with open(path, "rb") as file:
        magic = file.peek(4)
        if magic.startswith(b"\x1f\x8b"):
            with gzip.open(file) as unpacked:
                yield unpacked
        elif magic.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(file) as archive:
                # What macOS adds to archives is not data.
                names = [
                    name
                    for name in archive.namelist()
                    if not name.endswith("/") and not name.startswith("__MACOSX/")
                ]
                if len(names) != 1:
                    raise ValueError(f"it holds {len(names)} files; expected a zip of one file.")
                member = archive.getinfo(names[0])
                check_packing(member)
                with archive.open(member) as unpacked:
                    yield unpacked
        else:
            yield file


def check_packing(member):
    """Raise ValueError if a file of a zip can't be unpacked piece by piece.

    Of other methods than these a piece of kilobytes may unpack to gigabytes at once.
    """
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(
            f"{member.filename} in it is packed by method {member.compress_type}; expected "
            "deflate, which most programs use, or none."
        )


@contextmanager
def damage_named(path):
    """Turn whatever damaged data raises into a ValueError of one line that names the file."""
    try:
        yield
    except Exception as error:  # decoders raise almost anything
        if isinstance(error, OSError) and error.filename is not None:
            raise  # it can't be opened, and the error says so
        reason = " ".join(str(error).split())
        if isinstance(error, MemoryError):
            reason = f"it takes more memory than there is. {reason}".strip()
        elif " " not in reason:
            # A bare word, such as the key of a dictionary, says nothing to a reader.
            reason = f"it is damaged ({': '.join(filter(None, (type(error).__name__, reason)))})."
        name = path if isinstance(path, int) else os.fsdecode(path)
        raise ValueError(f"{name} can't be read: {reason}") from error


def _umask():
    # There is no way to ask for it but to set it.
    umask = os.umask(0)
    os.umask(umask)
    return umask
