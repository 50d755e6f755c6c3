"""Short runs of fuzz/kills.py, and every step of backups without a training around them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnn_digits.training.backups import Backups

FUZZ = Path(__file__).parents[2] / "fuzz"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")

# Prints what has been written, so that it is known what must still be there. Of more than a
# piece, so that a kill comes in the middle, too.
WRITES = """
import sys
import numpy as np
from cnn_digits.training.backups import Backups

backups = Backups(sys.argv[1])
for epoch in range(1, 4):
    backups.write(epoch, {"epoch": epoch}, {"weights": [np.full(50_000, float(epoch))]})
    print(epoch, flush=True)
backups.remove()
"""


def test_backups_killed_before_each_step(tmp_path):
    script = tmp_path / "writes.py"
    script.write_text(WRITES)
    seen = set()
    for number in range(1, 100):
        folder, log = tmp_path / str(number), tmp_path / "steps.txt"
        command = [sys.executable, FUZZ / "stepped.py", str(number), log, folder, script, folder]
        run = subprocess.run(command, capture_output=True, text=True)
        steps = log.read_text().splitlines()
        seen.update(step.split()[0] for step in steps)
        if run.returncode == 0:
            break
        assert run.returncode < 0, run.stderr
        assert len(steps) == number
        n_written = len(run.stdout.split())
        found = Backups(folder).newest()
        if found is None:
            # Before the first, or after the last has been removed.
            assert n_written in (0, 3)
        else:
            values, arrays = found
            assert values["epoch"] in (n_written, n_written + 1)
            np.testing.assert_array_equal(arrays["weights"][0], values["epoch"])
        Backups(folder).remove()
        assert not folder.exists()
    assert not folder.exists()
    assert number > 25
    assert seen >= {"open", "write", "fsync", "os.mkdir", "os.rename", "os.remove", "os.rmdir"}


@pytest.mark.slow
def test_trainings_that_are_killed():
    command = [sys.executable, FUZZ / "kills.py", "--steps", "20:22", "--kills", "3"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.stdout.endswith("6 kills: 0 unusable, 0 unequal\n"), run.stdout + run.stderr
    assert run.returncode == 0
