from functools import partial

import matplotlib.image
import numpy as np

import cnn_digits
from cnn_digits.cli import main
from cnn_digits.cli.handwriting import write_pictures


def test_demo(tmp_path, capsys, monkeypatch):
    # The README's command trains to the end.
    short = partial(cnn_digits.CNNDigitClassifier, epochs=2)
    monkeypatch.setattr(cnn_digits, "CNNDigitClassifier", short)
    folder = tmp_path / "new" / "folder"
    assert main(["demo", "--plots", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert "without any training" in out
    for digit in range(10):
        assert f"  {digit}.jpg  {digit}  " in out
    rng = np.random.default_rng(0)
    write_pictures(folder, rng)  # so that the generator is where the demonstration has it
    number = "".join(map(str, rng.integers(10, size=5)))
    assert f"Read the numbers on {folder / 'number.jpg'} in " in out
    assert f"  {number}  " in out
    assert "precision    recall" in out
    assert "epochs in" in out
    assert err == ""
    for name in ("readings.png", "number.png", "training-curves.png", "confusion-matrix.png"):
        assert str(folder / name) in out
        assert matplotlib.image.imread(folder / name).std() > 0
    # As it proposes.
    assert f"cnn-digits predict {folder / 'pictures'}" in out
    assert main(["evaluate", str(folder / "pictures")]) == 0
    assert "10 of 10 read right" in capsys.readouterr().out
    assert f"cnn-digits read {folder / 'number.jpg'}" in out
    assert main(["read", str(folder / "number.jpg")]) == 0
    assert f"  {number}  " in capsys.readouterr().out


def test_a_bad_folder_is_found_before_it_trains(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["demo", "--plots", str(tmp_path / "file")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("cnn-digits: ")
    assert err.count("\n") == 1


def test_bad_seed(tmp_path, capsys):
    assert main(["demo", "--seed", "-1", "--plots", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
