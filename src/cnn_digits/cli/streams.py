"""The standard streams of the program: there, able to show everything, and free to be left."""

import errno
import io
import os
import select
import sys
from contextlib import ExitStack, contextmanager, suppress


def open_streams():
    """Let a standard stream that is closed lead nowhere.

    The next file to be opened would get its number otherwise, and remarks would go there.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
        if getattr(sys, name) is None:
            # It stays open as long as the process: no block could close it.
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115


@contextmanager
def lasting_streams():
    """Within the block, what is printed ends no work.

    A character that a stream has no code for is printed as Python writes it in ASCII. What
    nobody reads any more, as after `| head -1`, is dropped, and a slow reader is waited for.
    """
    with ExitStack() as undo:
        for name, raw in (("stdout", _Output), ("stderr", _Remarks)):
            _make_last(name, raw, undo)
        yield


def remark(text):
    """Print a remark, one line, to the standard error stream."""
    print(f"cnn-digits: {' '.join(str(text).split())}", file=sys.stderr)


def _make_last(name, raw, undo):
    stream = getattr(sys, name)
    if not isinstance(stream, io.TextIOWrapper):
        return  # a notebook's, or a string
    if type(getattr(stream.buffer, "raw", stream.buffer)) is not io.FileIO:
        # A console of Windows, or memory.
        undo.callback(stream.reconfigure, errors=stream.errors)
        stream.reconfigure(errors="backslashreplace")
        return
    stream.flush()
    lasting = io.TextIOWrapper(
        io.BufferedWriter(raw(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering or stream.write_through,
    )
    setattr(sys, name, lasting)
    undo.callback(setattr, sys, name, stream)
    undo.callback(_flush, lasting)


def _flush(stream):
    with suppress(OSError):
        stream.flush()


class _Output(io.FileIO):
    """What is written after the reader has left, or the terminal is gone, is dropped."""

    dropped = {errno.EPIPE, errno.EIO}

    def write(self, data):
        try:
            while (n_bytes := super().write(data)) is None:
                # Who shares the pipe has told it not to wait.
                select.select([], [self], [])
        except OSError as error:
            if error.errno not in self.dropped:
                raise
            return len(data)
        return n_bytes


class _Remarks(_Output):
    """Nor is there anybody to tell that remarks can't be written, on a full disk say."""

    dropped = errno.errorcode
