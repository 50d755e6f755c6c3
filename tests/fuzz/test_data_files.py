"""A short run of the script: nothing worse comes of an altered file than one clear line."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "fuzz" / "data_files.py"


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
def test_short(tmp_path):
    command = [sys.executable, SCRIPT, "--files", "150", "--keep", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.startswith("150 files: ")
    assert "0 crash, 0 hang, 0 memory, 0 other error, 0 bare word, 0 can't work" in run.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("import os; os.abort()", "crash"),
        ("return bytearray(2**32)", "memory"),
        ("raise KeyError('dtype')", "other error"),
        ("raise ValueError('dtype')", "bare word"),
        ("raise ValueError(path)", "bare word"),
        ("raise ValueError(f'{path} can not be read: there are\\nno pixels in it')", "bare word"),
        ("raise ValueError(f'{path} can not be read: there are no pixels in it')", "refused"),
    ],
)
def test_what_is_counted(tmp_path, body, outcome):
    """A reader that goes wrong in each way is found out."""
    code = (
        f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r})\n"
        "import data_files\n"
        f"def read(path, **options):\n    {body}\n"
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))\n"
        "print(data_files._outcome(read, '/a/file.png')[0])\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == ("" if outcome == "crash" else outcome)
    assert (run.returncode < 0) == (outcome == "crash")
