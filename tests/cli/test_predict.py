import io
import json
import os
import shutil
from contextlib import redirect_stdout

import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cnn_digits import CNNDigitClassifier
from cnn_digits.cli import main


class TestTables:
    def test_submission(self, folder, digits, tmp_path, capsys):
        argv = ["predict", f"{folder}/test.csv", "--model", f"{folder}/digits.cnn"]
        argv += ["--out", f"{tmp_path}/submission.csv", "--plots", f"{tmp_path}/plots"]
        assert main(argv) == 0
        assert "Wrote 450 predictions" in capsys.readouterr().out
        submission = pd.read_csv(tmp_path / "submission.csv")
        assert submission.columns.tolist() == ["ImageId", "Label"]
        assert submission.ImageId.tolist() == list(range(1, 451))
        assert (submission.Label == digits[3]).mean() > 0.97
        assert matplotlib.image.imread(tmp_path / "plots" / "predictions.png").std() > 0

    def test_without_a_file_to_write(self, folder, digits, capsys):
        assert main(["predict", f"{folder}/test.csv", "--model", f"{folder}/digits.cnn"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 451
        numbers, labels = zip(*(line.split()[:2] for line in lines[1:]), strict=True)
        assert numbers == tuple(map(str, range(1, 451)))
        assert (np.array(labels, dtype=int) == digits[3]).mean() > 0.97

    def test_json(self, folder, tmp_path, capsys):
        argv = ["predict", f"{folder}/test.csv", "--model", f"{folder}/digits.cnn", "--json"]
        assert main([*argv, "--out", f"{tmp_path}/submission.csv"]) == 0
        found = json.loads(capsys.readouterr().out)
        labels = pd.read_csv(tmp_path / "submission.csv").Label
        assert found["labels"] == labels.tolist()
        assert min(found["probabilities"]) >= 0.1

    def test_a_network_that_says_nan(self, folder, tmp_path, monkeypatch, capsys, refused):
        def predict_proba(self, X):
            return np.full((len(X), 10), np.nan, np.float32)

        monkeypatch.setattr(CNNDigitClassifier, "predict_proba", predict_proba)
        argv = ["predict", f"{folder}/test.csv", "--model", f"{folder}/digits.cnn"]
        assert main([*argv, "--reject", "0.5", "--json"]) == 0
        found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
        assert found["doubtful"] == [True] * 450
        assert found["labels"] == found["probabilities"] == [None] * 450
        assert main(argv) == 0
        assert capsys.readouterr().out.count("the network says NaN") == 450
        refused([*argv, "--out", f"{tmp_path}/out.csv"], "each image needs a label")

    @pytest.mark.parametrize("labels", [[7.0], [0.0, 7.0]])
    def test_labels_that_are_fractions_and_images_that_are_no_squares(
        self, labels, tmp_path, capsys
    ):
        X = np.random.default_rng(0).integers(0, 255, (20, 10, 5), dtype=np.uint8)
        y = np.resize(labels, 20)
        CNNDigitClassifier("simple", epochs=1, random_state=0).fit(X, y).save(tmp_path / "m")
        np.savez(tmp_path / "flat.npz", X=X.reshape(20, -1), y=y)
        argv = [f"{tmp_path}/flat.npz", "--model", f"{tmp_path}/m", "--plots", f"{tmp_path}"]
        assert main(["predict", *argv, "--out", f"{tmp_path}/out.csv"]) == 0
        assert main(["predict", *argv]) == 0
        assert main(["evaluate", *argv]) == 0
        # Images were drawn in their own shape, not padded to a square.
        assert "label column" not in capsys.readouterr().err
        written = (tmp_path / "out.csv").read_text().splitlines()
        assert len(written) == 21
        assert {line.split(",")[1] for line in written[1:]} <= {"0", "7"}
        assert not plt.get_fignums()


def predict(sheets, *argv):
    own = sorted(str(path) for path in (sheets / "own").iterdir())
    return main(["predict", *own, "--model", f"{sheets}/digits.cnn", *argv])


@pytest.fixture(scope="module")
def readings(sheets):
    """What is printed of the pictures for machines."""
    with redirect_stdout(io.StringIO()) as out:
        assert predict(sheets, "--json") == 0
    return json.loads(out.getvalue())


class TestPictures:
    """What people drew and photographed themselves."""

    def test_a_table(self, sheets, capsys):
        assert predict(sheets) == 0
        out, err = capsys.readouterr()
        lines = out.splitlines()
        assert lines[0].split() == ["file", "digit", "probability", "second", "choice"]
        assert len(lines) == 41
        assert err == ""
        right = 0
        for line in lines[1:]:
            name, digit, probability, second, second_probability = line.split()
            right += digit == name[-5]
            assert digit != second
            assert 0 < float(probability.rstrip("%")) <= 100
            assert float(second_probability.strip("()%")) <= float(probability.rstrip("%"))
        assert right >= 34

    def test_a_folder_is_read_as_its_files_are(self, sheets, readings, capsys):
        argv = ["predict", f"{sheets}/own", "--model", f"{sheets}/digits.cnn", "--json"]
        assert main(argv) == 0
        folder = json.loads(capsys.readouterr().out)
        assert dict(zip(readings["names"], readings["labels"], strict=True)) == dict(
            zip(folder["names"], folder["labels"], strict=True)
        )

    def test_what_is_doubtful(self, sheets, readings, capsys):
        probabilities = np.array(readings["probabilities"])
        reject = f"{np.median(probabilities):.4f}"
        is_doubtful = probabilities < float(reject)
        assert 0 < is_doubtful.sum() < 40
        assert predict(sheets, "--reject", reject, "--json") == 0
        assert json.loads(capsys.readouterr().out)["doubtful"] == is_doubtful.tolist()
        assert predict(sheets, "--reject", reject) == 0
        lines = capsys.readouterr().out.splitlines()
        np.testing.assert_array_equal(is_doubtful, [" ? " in line for line in lines[1:-1]])
        assert lines[-1].startswith(f"{is_doubtful.sum()} of 40 doubtful: below 0.")

    def test_sheets(self, sheets, tmp_path):
        assert predict(sheets, "--plots", f"{tmp_path}", "--reject", "0.9") == 0
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "readings-1.png",
            "readings-2.png",
        ]
        first, second = (matplotlib.image.imread(path) for path in sorted(tmp_path.iterdir()))
        # Thirty of them on one, ten on the other.
        assert first.shape[0] > 1.3 * second.shape[0]

    def test_file(self, sheets, tmp_path, capsys):
        assert predict(sheets, "--out", f"{tmp_path}/out.csv", "--reject", "0.5") == 0
        assert f"Wrote 40 predictions to {tmp_path}/out.csv" in capsys.readouterr().out
        table = pd.read_csv(tmp_path / "out.csv")
        columns = [
            "file",
            "digit",
            "probability",
            "second",
            "second_probability",
            "doubtful",
            "note",
        ]
        assert table.columns.tolist() == columns
        assert (table["digit"] == table["file"].str[-5].astype(int)).mean() > 0.8

    def test_filled_with_ink(self, sheets, tmp_path, capsys):
        block = np.full((90, 90), 230, np.uint8)
        block[30:55, 40:65] = 30
        Image.fromarray(block).save(tmp_path / "block.png")
        assert main(["predict", f"{tmp_path}/block.png", "--model", f"{sheets}/digits.cnn"]) == 0
        err = capsys.readouterr().err
        assert f"taken for ink on {tmp_path}/block.png fills most of its box" in err

    def test_several_digits(self, sheets, tmp_path, capsys):
        one, *_ = sorted((sheets / "own").iterdir())
        digit = np.asarray(Image.open(one).convert("L"))
        Image.fromarray(np.hstack([digit] * 4)).save(tmp_path / "number.png")
        argv = ["predict", str(one), f"{tmp_path}/number.png", "--model", f"{sheets}/digits.cnn"]
        assert main([*argv, "--reject", "0.001"]) == 0
        out, err = capsys.readouterr()
        lines = out.splitlines()
        assert not lines[1].endswith("several digits?")
        assert lines[2].endswith("  several digits?")
        assert " ? " in lines[2]
        assert lines[-1].startswith("1 of 2 doubtful")
        assert err == (
            "cnn-digits: several digits seem to be on 1 of 2 pictures, where one is expected; "
            "'cnn-digits read' reads numbers\n"
        )
        assert main([*argv, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["notes"] == ["", "several digits?"]

    def test_without_ink(self, sheets, tmp_path, capsys):
        Image.fromarray(np.full((90, 60), 230, np.uint8)).save(tmp_path / "blank.png")
        argv = ["predict", f"{tmp_path}/blank.png", "--model", f"{sheets}/digits.cnn"]
        argv += ["--reject", "0.1", "--out", f"{tmp_path}/out.csv", "--plots", f"{tmp_path}"]
        assert main(argv) == 0
        out, err = capsys.readouterr()
        assert out.splitlines()[1].split(maxsplit=2)[1:] == ["none", "no ink was found"]
        assert "1 of 1 doubtful" in out
        assert err == f"cnn-digits: no ink was found on {tmp_path}/blank.png\n"
        table = pd.read_csv(tmp_path / "out.csv")
        assert table[["digit", "second"]].isna().all(axis=None)
        # It says nothing: each digit is as probable.
        assert table[["probability", "second_probability"]].to_numpy().tolist() == [
            [pytest.approx(0.1)] * 2
        ]
        assert (tmp_path / "readings.png").exists()
        assert main([*argv, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["labels"] == found["second_labels"] == [None]
        assert found["probabilities"] == found["second_probabilities"] == [pytest.approx(0.1)]
        assert found["doubtful"] == [True]

    def test_without_ink_to_a_network_that_knows_it(self, sheets, tmp_path, capsys):
        for i in range(9):
            (tmp_path / "blank").mkdir(exist_ok=True)
            Image.fromarray(np.full((90, 60 + i), 230, np.uint8)).save(f"{tmp_path}/blank/{i}.png")
        shutil.copytree(sheets / "train" / "1", tmp_path / "one")
        argv = [str(tmp_path), "--model", f"{tmp_path}/own.cnn"]
        assert main(["train", *argv, "--epochs", "8"]) == 0
        capsys.readouterr()
        assert main(["predict", f"{tmp_path}/blank", *argv[1:], "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["labels"] == ["blank"] * 9
        assert min(found["probabilities"]) > 0.5

    def test_blank_images_of_a_table(self, folder, tmp_path, capsys):
        X = np.zeros((3, 64), np.uint8)
        X[1, 20:40] = 12
        pd.DataFrame(X).add_prefix("pixel").to_csv(tmp_path / "t.csv", index=False)
        argv = [f"{tmp_path}/t.csv", "--model", f"{folder}/digits.cnn", "--out", f"{tmp_path}/o"]
        assert main(["predict", *argv, "--json"]) == 0
        out, err = capsys.readouterr()
        assert json.loads(out)["probabilities"][::2] == [pytest.approx(0.1)] * 2
        assert err.startswith("cnn-digits: warning: 2 of 3 images are blank")
        # Kaggle wants a label of each.
        assert pd.read_csv(tmp_path / "o")["Label"].notna().all()


@pytest.mark.skipif(os.name == "nt", reason="no such names of folders there")
def test_labels_that_are_formulas(sheets, tmp_path):
    for label, digit in ((r"$\frac$", 0), ("$_^{", 1)):
        shutil.copytree(sheets / "train" / str(digit), tmp_path / "data" / label)
    argv = [f"{tmp_path}/data", "--model", f"{tmp_path}/m", "--plots", f"{tmp_path}/plots"]
    assert main(["train", *argv, "--epochs", "1", "--architecture", "lenet5"]) == 0
    assert main(["evaluate", *argv]) == 0
    assert main(["predict", *argv]) == 0
    assert len(list((tmp_path / "plots").iterdir())) == 6


class TestBadInput:
    def test_predictions_that_can_not_be_written(self, folder, tmp_path, refused):
        argv = ["predict", f"{folder}/test.csv", "--model", f"{folder}/digits.cnn"]
        refused([*argv, "--out", f"{tmp_path}"], "is a folder")

    def test_images_of_another_size(self, folder, tmp_path, refused):
        table = pd.DataFrame(np.zeros((3, 784), np.uint8)).add_prefix("pixel")
        table.to_csv(tmp_path / "mnist.csv", index=False)
        argv = ["predict", f"{tmp_path}/mnist.csv", "--model", f"{folder}/digits.cnn"]
        refused([*argv, "--out", f"{tmp_path}/out.csv"], "784", "64")
        assert not (tmp_path / "out.csv").exists()

    def test_pictures(self, folder, tmp_path, refused):
        argv = ["predict", "--model", f"{folder}/digits.cnn"]
        missing = f"{tmp_path}/no.png"
        refused([*argv, missing, f"{folder}"], f"no file or folder {missing}")
        refused([*argv, f"{tmp_path}"], f"{tmp_path} holds neither", ".png")
        Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "good.png")
        several = [f"{tmp_path}/good.png", f"{folder}/test.csv"]
        refused([*argv, *several], f"{folder}/test.csv is no picture; expected")
