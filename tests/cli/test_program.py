import subprocess
import sys

import pytest

from cnn_digits import __version__
from cnn_digits.cli import main


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["dmo"],
        ["demo", "--seed", "x"],
        ["train", "a.csv"],
        ["predict", "--model", "m"],
        ["predict", "a.png", "--model", "m", "--reject", "90"],
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
