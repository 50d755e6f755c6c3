import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "fuzz" / "model_files.py"


@pytest.mark.skipif(sys.platform == "win32", reason="measures memory as Windows can't")
def test_altered_files_work_or_are_refused(tmp_path):
    options = ["--files", "200", "--fits", "0", "--seconds", "10", "--keep", str(tmp_path)]
    result = subprocess.run(
        [sys.executable, str(SCRIPT), *options], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "clear error" in result.stdout
