"""Run a Python script and kill it before its n-th step on certain files.

    python fuzz/stepped.py N LOG PATHS SCRIPT [ARGUMENT...]

A step is to open a file for writing, to write into it, to force it onto the disk, and to make,
move or remove a file or a folder. Those count whose path begins with one of PATHS, which are
separated as in the variable PATH. LOG gets a line for each. With N = 0 the script ends by itself.
"""

import builtins
import io
import os
import runpy
import signal
import sys

# What Python tells of before it is done.
_MAKES_OR_REMOVES = {
    "os.chmod",
    "os.link",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.symlink",
    "os.truncate",
}

# Of a long write that is killed, some of it may be on the disk.
_BYTES_AT_ONCE = 2**18


class Steps:
    """Counts steps, and kills this process before one of them."""

    def __init__(self, last, log, paths):
        self._last = last
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        self._paths = tuple(paths)
        self._n_steps = 0
        self._opened = ""

    def watch(self):
        """Count from now on."""
        fsync, plain_open = os.fsync, open

        def watched_fsync(file):
            self._step("fsync", self._opened)
            fsync(file)

        def watched_open(file, mode="r", *args, opener=None, **kwargs):
            if mode not in ("wb", "xb"):
                return plain_open(file, mode, *args, opener=opener, **kwargs)
            pieces = _InPieces(file, mode, opener=opener)
            path = self._opened if isinstance(file, int) else file
            pieces.tell_before = lambda: self._step("write", path)
            return io.BufferedWriter(pieces)

        os.fsync = watched_fsync
        io.open = builtins.open = watched_open  # the former for os.fdopen
        sys.addaudithook(self._hear)

    def _hear(self, event, args):
        if event == "open":
            path, _, flags = args
            # By its number, it has been opened before.
            if isinstance(path, (str, os.PathLike)) and flags & (os.O_WRONLY | os.O_RDWR):
                self._opened = path
                self._step(event, path)
        elif event in _MAKES_OR_REMOVES:
            self._step(event, *(path for path in args[:2] if isinstance(path, (str, os.PathLike))))

    def _step(self, name, *paths):
        paths = [os.fspath(path) for path in paths if isinstance(path, (str, os.PathLike))]
        if not any(path.startswith(self._paths) for path in paths):
            return
        self._n_steps += 1
        os.write(self._log, f"{name} {os.path.basename(paths[-1])}\n".encode())
        if self._n_steps == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


class _InPieces(io.FileIO):
    """A file that takes no more at once than a piece, and calls `tell_before` it does."""

    def write(self, data):
        self.tell_before()
        return super().write(memoryview(data)[:_BYTES_AT_ONCE])


def main(last, log, paths, script, *arguments):
    """Run the script as if by itself."""
    sys.argv = [script, *arguments]
    sys.path[0] = os.path.dirname(script)
    Steps(int(last), log, paths.split(os.pathsep)).watch()
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
