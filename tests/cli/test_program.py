import subprocess
import sys
import warnings

import pandas as pd
import pytest

from cnn_digits import __version__
from cnn_digits.cli import info, main


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["dmo"],
        ["demo", "--seed", "x"],
        ["train", "a.csv"],
        ["predict", "--model", "m"],
        ["predict", "a.png", "--model", "m", "--reject", "90"],
        # What a shell makes of unset variables.
        ["predict", "", "--model", "m"],
        ["train", "a.csv", "--model", "m", "--plots", ""],
    ],
)
def test_arguments(argv, capsys):
    with pytest.raises(SystemExit) as error:
        main(argv)
    assert error.value.code == 2
    assert "usage: cnn-digits" in capsys.readouterr().err


def test_python_dash_m():
    out = subprocess.run(
        [sys.executable, "-m", "cnn_digits", "--version"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert out.strip() == f"cnn-digits {__version__}"


def test_a_warning_is_a_remark_whatever_python_was_told(folder, tmp_path, capsys):
    table = pd.read_csv(folder / "test.csv") * 15
    table.to_csv(tmp_path / "scaled.csv", index=False)
    argv = ["predict", f"{tmp_path}/scaled.csv", "--model", f"{folder}/digits.cnn"]
    with warnings.catch_warnings():
        # As PYTHONWARNINGS=error does.
        warnings.simplefilter("error")
        assert main(argv) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 451
    assert err.startswith("cnn-digits: warning: Pixels in X range from 0 to 240, but from 0 to 16")
    assert err.count("\n") == 1


def test_too_little_memory(monkeypatch, refused):
    def run(args):
        raise MemoryError

    monkeypatch.setattr(info, "run", run)
    refused(["info"], "not enough memory")
