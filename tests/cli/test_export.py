"""Networks for other runtimes, and pictures read by them without TensorFlow."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cnn_digits import CNNDigitClassifier, OnnxDigitClassifier
from cnn_digits.cli import main
from cnn_digits.export.formats import FORMATS

pytest.importorskip("tf2onnx")
pytest.importorskip("onnxruntime")


def test_the_network_of_a_file(folder, digits, tmp_path, capsys):
    out = tmp_path / "digits.onnx"
    assert main(["export", "--model", f"{folder}/digits.cnn", "--out", f"{out}"]) == 0
    assert capsys.readouterr().out == f"Wrote {folder}/digits.cnn to {out}\n"
    clf = CNNDigitClassifier.load(folder / "digits.cnn")
    found = OnnxDigitClassifier(out).predict_proba(digits[1])
    np.testing.assert_allclose(found, clf.predict_proba(digits[1]), atol=1e-6)


def test_the_network_in_the_box(tmp_path, capsys):
    assert main(["export", "--out", f"{tmp_path}/box.tflite", "--dtype", "uint8"]) == 0
    assert "Wrote the network 'digits' to" in capsys.readouterr().out
    call = FORMATS["litert"].open(str(tmp_path / "box.tflite"))
    frame = np.zeros((1, 28, 28, 1), np.uint8)
    frame[0, 4:24, 13:15] = 255
    assert call(frame).argmax() == 1


def test_quantized_on_images(folder, tmp_path, capsys):
    argv = ["export", "--model", f"{folder}/digits.cnn", "--quantize"]
    argv += ["--out", f"{tmp_path}/int8.tflite"]
    assert main(argv) == 2
    assert "quantize=True needs images" in capsys.readouterr().err
    # Labels are no pixels.
    assert main([*argv, "--images", f"{folder}/train.csv"]) == 0
    assert (tmp_path / "int8.tflite").is_file()


def test_warnings_are_told(folder, digits, tmp_path, capsys):
    np.savez(tmp_path / "pale.npz", x_train=digits[0].reshape(-1, 8, 8) / 1000)
    argv = ["export", "--model", f"{folder}/digits.cnn", "--out", f"{tmp_path}/digits.onnx"]
    assert main([*argv, "--images", f"{tmp_path}/pale.npz"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cnn-digits: warning: Pixels in X range from 0 to 0.016, but from 0 to")


def test_places(folder, tmp_path, capsys):
    model = Path(f"{folder}/digits.cnn")
    before = model.read_bytes()
    for out, message in (
        (model, "ends in '.cnn'; expected one of .onnx ('onnx')"),
        (tmp_path / "none" / "digits.onnx", "there is no folder"),
        (tmp_path, "is a folder of something else"),
    ):
        assert main(["export", "--model", f"{model}", "--out", f"{out}"]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert len(error.splitlines()) == 1
    assert model.read_bytes() == before
    assert main(["export", "--model", f"{tmp_path}/no.cnn", "--out", f"{tmp_path}/a.onnx"]) == 2
    assert "There is no file" in capsys.readouterr().err


class TestReadWithoutTensorFlow:
    @pytest.fixture
    def picture(self, tmp_path):
        paper = Image.new("L", (95, 95), 220)
        paper.paste(50, (45, 20, 51, 75))
        paper.save(tmp_path / "one.png")
        return tmp_path / "one.png"

    def test_the_network_in_the_box(self, picture, run_python):
        for command in ("predict", "read"):
            code = (
                "import sys; from cnn_digits.cli import main\n"
                f"code = main([{command!r}, {str(picture)!r}])\n"
                "print(code, {'keras', 'tensorflow', 'matplotlib'} & set(sys.modules))"
            )
            assert run_python(code).splitlines()[-1] == "0 set()"

    def test_as_with_tensorflow(self, picture, capsys, monkeypatch):
        argv = ["predict", f"{picture}", "--json"]
        assert main(argv) == 0
        light = json.loads(capsys.readouterr().out)
        monkeypatch.setattr("cnn_digits.onnx_network.is_available", lambda: False)
        assert main(argv) == 0
        heavy = json.loads(capsys.readouterr().out)
        assert light["labels"] == heavy["labels"] == [1]
        assert light.pop("probabilities") == pytest.approx(heavy.pop("probabilities"), abs=1e-5)
        assert light["notes"] == heavy["notes"]
        assert light["pretrained"] == heavy["pretrained"] == "digits"

    def test_a_file_that_export_has_written(self, folder, digits, tmp_path, capsys):
        model = f"{tmp_path}/digits.onnx"
        assert main(["export", "--model", f"{folder}/digits.cnn", "--out", model]) == 0
        argv = ["predict", f"{folder}/test.csv", "--model", model, "--plots", f"{tmp_path}/plots"]
        assert main([*argv, "--out", f"{tmp_path}/submission.csv"]) == 0
        labels = pd.read_csv(tmp_path / "submission.csv").Label
        assert (labels == digits[3]).mean() > 0.97
        assert (tmp_path / "plots" / "predictions.png").is_file()
        assert main(["evaluate", f"{folder}/labelled.csv", "--model", model]) == 0
        assert "read right" in capsys.readouterr().out
        assert main(["predict", f"{folder}/test.csv", "--model", f"{tmp_path}/no.onnx"]) == 2
        assert "expected a network that 'cnn-digits export' has written" in capsys.readouterr().err
