"""A short run of the script: nothing worse comes of an altered file than one clear line."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "fuzz" / "data_files.py"


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
def test_short(tmp_path):
    command = [sys.executable, SCRIPT, "--files", "400", "--seconds", "12", "--keep", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 crash, 0 hang, 0 memory, 0 other error, 0 bare word, 0 can't work" in run.stdout
    assert int(run.stdout.split()[0]) > 50
