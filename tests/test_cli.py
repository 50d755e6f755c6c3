import subprocess
import sys

import matplotlib.image
import pytest

from cnn_digits import __version__
from cnn_digits.cli import main


def test_demo(tmp_path, capsys):
    assert main(["demo", "--plots", str(tmp_path / "new" / "folder")]) == 0
    out, err = capsys.readouterr()
    assert "precision    recall" in out
    assert "epochs in" in out
    assert err == ""
    for name in ("training-curves.png", "confusion-matrix.png"):
        path = tmp_path / "new" / "folder" / name
        assert str(path) in out
        assert matplotlib.image.imread(path).std() > 0


def test_demo_finds_a_bad_folder_before_it_trains(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["demo", "--plots", str(tmp_path / "file")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("cnn-digits: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("argv", [[], ["dmo"], ["demo", "--seed", "x"]])
def test_bad_arguments(argv, capsys):
    with pytest.raises(SystemExit) as error:
        main(argv)
    assert error.value.code == 2
    assert "usage: cnn-digits" in capsys.readouterr().err


def test_bad_seed(tmp_path, capsys):
    assert main(["demo", "--seed", "-1", "--plots", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_python_dash_m():
    out = subprocess.run(
        [sys.executable, "-m", "cnn_digits", "--version"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert out.strip() == f"cnn-digits {__version__}"
