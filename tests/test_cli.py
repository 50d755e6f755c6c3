import gzip
import json
import os
import signal
import struct
import subprocess
import sys
import threading
from contextlib import contextmanager

import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage

from cnn_digits import Augment, CNNDigitClassifier, __version__
from cnn_digits.cli import main


def table(X, y=None):
    frame = pd.DataFrame(X, columns=[f"pixel{i}" for i in range(X.shape[1])])
    if y is not None:
        frame.insert(0, "label", y)
    return frame


@pytest.fixture(scope="module")
def folder(digits, tmp_path_factory):
    """Digits as Kaggle's files, and a network trained on them by the command line."""
    X_train, X_test, y_train, y_test = digits
    folder = tmp_path_factory.mktemp("kaggle")
    table(X_train, y_train).to_csv(folder / "train.csv", index=False)
    table(X_test).to_csv(folder / "test.csv", index=False)
    table(X_test, y_test).to_csv(folder / "labelled.csv", index=False)
    assert main(["train", f"{folder}/train.csv", "--model", f"{folder}/digits.cnn"]) == 0
    return folder


def pictures(folder, X, y):
    for i, (image, label) in enumerate(zip(X.reshape(-1, 8, 8), y, strict=True)):
        pixels = np.repeat(image[:, :, np.newaxis], 3, axis=2) * 15
        matplotlib.image.imsave(folder / f"{label}_{i:03}.png", pixels)


@contextmanager
def stopped(line, *argv):
    """The command line in a process of its own that has printed a line, to be ended by a signal."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cnn_digits", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background may have them ignore Ctrl-C.
        preexec_fn=None
        if os.name == "nt"
        else lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    # A signal that gets lost is a failure, not a wait for ever.
    watch = threading.Timer(120, process.kill)
    watch.start()
    try:
        with process:
            for printed in process.stdout:
                if printed.startswith(line):
                    break
            yield process
    finally:
        watch.cancel()


class TestTrain:
    def test_what_it_says_and_writes(self, folder, tmp_path, capsys):
        argv = ["train", f"{folder}/train.csv", "--model", f"{tmp_path}/m", "--epochs", "2"]
        assert main([*argv, "--plots", f"{tmp_path}/plots"]) == 0
        out, err = capsys.readouterr()
        assert "1,347 images of 64 values, uint8, from 0 to 16" in out
        assert "Epoch 2/2" in out
        assert "\r" not in out
        assert "\b" not in out
        assert f"Wrote {tmp_path}/m" in out
        assert err == ""
        for name in ("class-distribution.png", "training-curves.png"):
            assert matplotlib.image.imread(tmp_path / "plots" / name).std() > 0
        assert CNNDigitClassifier.load(tmp_path / "m").n_iter_ == 2

    def test_json(self, folder, tmp_path, capsys):
        argv = ["train", f"{folder}/train.csv", "--model", f"{tmp_path}/m", "--epochs", "2"]
        assert main([*argv, "--validation-fraction", "0.2", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["epochs"] == 2
        assert found["classes"] == list(range(10))
        assert len(found["history"]["val_accuracy"]) == 2

    def test_a_published_recipe(self, folder, tmp_path, capsys):
        argv = ["train", f"{folder}/train.csv", "--model", f"{tmp_path}/m", "--epochs", "2"]
        argv += ["--architecture", "lenet5", "--optimizer", "rmsprop", "--learning-rate", "0.001"]
        argv += ["--schedule", "reduce_on_plateau", "--batch-size", "64", "--early-stopping"]
        argv += ["--augment", "rotation=8, zoom=0.1,shift=0,vertical_flip", "--json"]
        assert main(argv) == 0
        clf = CNNDigitClassifier.load(tmp_path / "m")
        assert clf.architecture == "lenet5"
        assert clf.optimizer == "rmsprop"
        assert clf.batch_size == 64
        assert clf.early_stopping
        assert clf.history_["learning_rate"] == pytest.approx([0.001, 0.001])
        expected = Augment(rotation=8, shift=0, vertical_flip=True)
        assert clf.augment.get_params() == expected.get_params()
        assert main([*argv, "--augment", "none"]) == 0
        assert CNNDigitClassifier.load(tmp_path / "m").augment is None

    def test_a_killed_training_goes_on(self, folder, tmp_path, capsys):
        argv = ["train", f"{folder}/train.csv", "--model", f"{tmp_path}/m", "--epochs", "20"]
        argv += ["--checkpoint", f"{tmp_path}/checkpoint"]
        with stopped("Epoch 4/", *argv) as process:
            process.kill()
        assert not (tmp_path / "m").exists()
        assert main([*argv[:-4], "--epochs", "21", *argv[-2:]]) == 2
        assert "its run had epochs=20, this one has 21" in capsys.readouterr().err

        assert main(argv) == 0
        out = capsys.readouterr().out
        assert "Going on after epoch" in out
        assert "Epoch 1/20" not in out
        clf = CNNDigitClassifier.load(tmp_path / "m")
        assert clf.n_iter_ == len(clf.history_["loss"]) == 20
        assert list((tmp_path / "checkpoint").iterdir()) == []

    @pytest.mark.skipif(os.name == "nt", reason="Windows sends no such signal to one process")
    def test_interrupt(self, folder, tmp_path):
        argv = ["train", f"{folder}/train.csv", "--model", f"{tmp_path}/m", "--epochs", "1000"]
        with stopped("Epoch 2/", *argv) as process:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate()
        assert err == "cnn-digits: interrupted\n"
        assert process.returncode == 130
        assert list(tmp_path.iterdir()) == []


class TestEvaluate:
    def test_report_and_pictures(self, folder, tmp_path, capsys):
        argv = ["evaluate", f"{folder}/labelled.csv", "--model", f"{folder}/digits.cnn"]
        assert main([*argv, "--plots", f"{tmp_path}/plots"]) == 0
        out, err = capsys.readouterr()
        assert "precision    recall" in out
        assert "of 450 read right: 9" in out
        assert err == ""
        for name in ("confusion-matrix.png", "misclassified.png"):
            assert matplotlib.image.imread(tmp_path / "plots" / name).std() > 0

    def test_json(self, folder, digits, capsys):
        argv = ["evaluate", f"{folder}/labelled.csv", "--model", f"{folder}/digits.cnn", "--json"]
        assert main(argv) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["accuracy"] > 0.97
        assert found["report"]["accuracy"] == pytest.approx(found["accuracy"])
        assert np.trace(found["confusion_matrix"]) == round(found["accuracy"] * 450)

    def test_labels_that_the_network_does_not_know(self, folder, digits, tmp_path, capsys):
        table(digits[1], digits[3] + 1).to_csv(tmp_path / "shifted.csv", index=False)
        argv = ["evaluate", f"{tmp_path}/shifted.csv", "--model", f"{folder}/digits.cnn"]
        assert main(argv) == 2
        assert "labels [10], which" in capsys.readouterr().err


class TestPredict:
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

    @pytest.mark.parametrize("labels", [[7.0], [0.0, 7.0]])
    def test_labels_that_are_fractions_and_images_that_are_no_squares(
        self, labels, tmp_path, capsys
    ):
        X = np.random.default_rng(0).integers(0, 255, (20, 10, 5), dtype=np.uint8)
        y = np.resize(labels, 20)
        CNNDigitClassifier(epochs=1, random_state=0).fit(X, y).save(tmp_path / "m")
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


class TestKindsOfData:
    def evaluate(self, folder, path, *argv):
        return main(["evaluate", str(path), "--model", f"{folder}/digits.cnn", "--json", *argv])

    def test_npz(self, folder, digits, tmp_path, capsys):
        np.savez(tmp_path / "digits.npz", X=digits[1].reshape(-1, 8, 8), y=digits[3])
        assert self.evaluate(folder, tmp_path / "digits.npz") == 0
        assert json.loads(capsys.readouterr().out)["accuracy"] > 0.97

    def test_idx_folder(self, folder, digits, tmp_path, capsys):
        _, X, _, y = digits
        images = struct.pack(">4B3I", 0, 0, 8, 3, len(X), 8, 8) + X.tobytes()
        labels = struct.pack(">4BI", 0, 0, 8, 1, len(y)) + y.astype(np.uint8).tobytes()
        (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(labels)
        assert self.evaluate(folder, tmp_path) == 0
        assert json.loads(capsys.readouterr().out)["accuracy"] > 0.97
        assert self.evaluate(folder, tmp_path, "--subset", "train") == 2

    def test_pictures_and_a_bad_one_among_them(self, digits, tmp_path, capsys):
        _, X, _, y = digits
        (tmp_path / "pictures").mkdir()
        pictures(tmp_path / "pictures", X[:100], y[:100])
        argv = [f"{tmp_path}/pictures", "--model", f"{tmp_path}/m"]
        argv.append("--as-is")
        assert main(["train", *argv, "--epochs", "20", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["image_shape"] == [8, 8, 1]
        bad = tmp_path / "pictures" / "3_bad.png"
        bad.write_bytes((tmp_path / "pictures" / f"{y[0]}_000.png").read_bytes()[:60])
        assert main(["evaluate", *argv]) == 2
        assert str(bad) in capsys.readouterr().err
        assert main(["evaluate", *argv, "--skip-bad", "--json"]) == 0
        out, err = capsys.readouterr()
        assert json.loads(out)["n_images"] == 100
        assert json.loads(out)["accuracy"] > 0.8
        assert err.startswith("cnn-digits: left out: ")
        assert str(bad) in err
        assert main(["predict", *argv, "--skip-bad", "--json"]) == 0
        assert len(json.loads(capsys.readouterr().out)["labels"]) == 100
        bad.unlink()
        assert main(["evaluate", *argv[:-1]]) == 2
        message = "trained on images of 8 × 8 pixels, but a framed picture has 28 × 28"
        assert message in capsys.readouterr().err


def on_paper(image, rng):
    """A digit in dark ink somewhere on a sheet in uneven light."""
    height, width = rng.integers(120, 200, 2)
    ink = np.zeros((height, width), np.float32)
    large = ndimage.zoom(image / 16, 10, order=1).clip(0, 1)
    top, left = rng.integers(0, [height - 80, width - 80])
    ink[top : top + 80, left : left + 80] = large
    light = np.linspace(1, rng.uniform(0.6, 1), width)
    return ((220 - 160 * ink) * light).astype(np.uint8)


@pytest.fixture(scope="module")
def sheets(digits, tmp_path_factory):
    """Folders of pictures, to train on and to read, and a network that the command line trained."""
    X_train, X_test, y_train, y_test = digits
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("sheets")
    for label in range(10):
        (folder / "train" / str(label)).mkdir(parents=True)
    (folder / "own").mkdir()
    for i, (row, label) in enumerate(zip(X_train[:500], y_train, strict=False)):
        picture = Image.fromarray(on_paper(row.reshape(8, 8), rng))
        picture.save(folder / "train" / str(label) / f"{i}.png")
    for i, (row, label) in enumerate(zip(X_test[:40], y_test, strict=False)):
        picture = Image.fromarray(on_paper(row.reshape(8, 8), rng))
        picture.save(folder / "own" / f"{i}_{label}.png")
    argv = ["train", f"{folder}/train", "--model", f"{folder}/digits.cnn", "--epochs", "12"]
    assert main(argv) == 0
    return folder


class TestPictures:
    """What people drew and photographed themselves."""

    def predict(self, sheets, *argv):
        own = sorted(str(path) for path in (sheets / "own").iterdir())
        return main(["predict", *own, "--model", f"{sheets}/digits.cnn", *argv])

    def test_training_brings_them_into_a_frame(self, sheets, tmp_path, capsys):
        argv = ["train", f"{sheets}/train", "--model", f"{tmp_path}/m", "--epochs", "1"]
        assert main(argv) == 0
        out = capsys.readouterr().out
        assert out.startswith("Brought the pictures into MNIST's frame.\n500 images of 28 × 28")

    def test_a_table(self, sheets, capsys):
        assert self.predict(sheets) == 0
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

    def test_a_folder_is_read_as_its_files_are(self, sheets, capsys):
        assert self.predict(sheets, "--json") == 0
        files = json.loads(capsys.readouterr().out)
        argv = ["predict", f"{sheets}/own", "--model", f"{sheets}/digits.cnn", "--json"]
        assert main(argv) == 0
        folder = json.loads(capsys.readouterr().out)
        assert dict(zip(files["names"], files["labels"], strict=True)) == dict(
            zip(folder["names"], folder["labels"], strict=True)
        )

    def test_what_is_doubtful(self, sheets, capsys):
        assert self.predict(sheets, "--json") == 0
        probabilities = np.array(json.loads(capsys.readouterr().out)["probabilities"])
        reject = f"{np.median(probabilities):.4f}"
        is_doubtful = probabilities < float(reject)
        assert 0 < is_doubtful.sum() < 40
        assert self.predict(sheets, "--reject", reject, "--json") == 0
        assert json.loads(capsys.readouterr().out)["doubtful"] == is_doubtful.tolist()
        assert self.predict(sheets, "--reject", reject) == 0
        lines = capsys.readouterr().out.splitlines()
        np.testing.assert_array_equal(is_doubtful, [" ? " in line for line in lines[1:-1]])
        assert lines[-1].startswith(f"{is_doubtful.sum()} of 40 doubtful: below 0.")

    def test_sheets(self, sheets, tmp_path, capsys):
        assert self.predict(sheets, "--plots", f"{tmp_path}", "--reject", "0.9") == 0
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "readings-1.png",
            "readings-2.png",
        ]
        first, second = (matplotlib.image.imread(path) for path in sorted(tmp_path.iterdir()))
        # Thirty of them on one, ten on the other.
        assert first.shape[0] > 1.3 * second.shape[0]

    def test_file(self, sheets, tmp_path, capsys):
        assert self.predict(sheets, "--out", f"{tmp_path}/out.csv", "--reject", "0.5") == 0
        assert f"Wrote 40 predictions to {tmp_path}/out.csv" in capsys.readouterr().out
        table = pd.read_csv(tmp_path / "out.csv")
        columns = ["file", "digit", "probability", "second", "second_probability", "doubtful"]
        assert table.columns.tolist() == columns
        assert (table["digit"] == table["file"].str[-5].astype(int)).mean() > 0.8

    def test_without_ink(self, sheets, tmp_path, capsys):
        Image.fromarray(np.full((90, 60), 230, np.uint8)).save(tmp_path / "blank.png")
        argv = ["predict", f"{tmp_path}/blank.png", "--model", f"{sheets}/digits.cnn"]
        argv += ["--reject", "0.1", "--out", f"{tmp_path}/out.csv", "--plots", f"{tmp_path}"]
        assert main(argv) == 0
        out, err = capsys.readouterr()
        assert out.splitlines()[1].split(maxsplit=2)[1:] == ["none", "no ink was found"]
        assert "1 of 1 doubtful" in out
        assert err == f"cnn-digits: no ink was found on {tmp_path}/blank.png\n"
        assert pd.read_csv(tmp_path / "out.csv")["digit"].isna().all()
        assert (tmp_path / "readings.png").exists()
        assert main([*argv, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["labels"] == found["probabilities"] == [None]
        assert found["doubtful"] == [True]

    def test_evaluated(self, sheets, capsys):
        argv = ["evaluate", f"{sheets}/own", "--model", f"{sheets}/digits.cnn", "--json"]
        assert main(argv) == 0
        assert json.loads(capsys.readouterr().out)["accuracy"] >= 0.85


class TestBadInput:
    def refused(self, capsys, argv, *words):
        assert main(argv) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("cnn-digits: ")
        assert err.count("\n") == 1
        for word in words:
            assert word in err

    def test_missing_data(self, tmp_path, capsys):
        argv = ["train", f"{tmp_path}/no.csv", "--model", f"{tmp_path}/m"]
        self.refused(capsys, argv, f"no file or folder {tmp_path}/no.csv")

    @pytest.mark.parametrize("option", ["--model", "--plots", "--checkpoint"])
    def test_output_that_can_not_be_written_is_found_first(self, tmp_path, capsys, option):
        (tmp_path / "file").write_text("")
        # No data is there, which is said only if the output has been found to be fine.
        argv = {"--model": f"{tmp_path}/m", option: f"{tmp_path}/file/x"}
        self.refused(
            capsys,
            ["train", "no.csv", *(part for pair in argv.items() for part in pair)],
            f"{tmp_path}/file",
        )

    def test_predictions_that_can_not_be_written(self, folder, tmp_path, capsys):
        argv = ["predict", f"{folder}/test.csv", "--model", f"{folder}/digits.cnn"]
        self.refused(capsys, [*argv, "--out", f"{tmp_path}"], "is a folder")

    def test_data_without_labels(self, folder, tmp_path, capsys):
        argv = ["train", f"{folder}/test.csv", "--model", f"{tmp_path}/m"]
        self.refused(capsys, argv, "labels are needed")

    def test_a_bad_value(self, folder, tmp_path, capsys):
        lines = (folder / "train.csv").read_text().split("\n")
        lines[3] = lines[3].replace(",", ",x", 1)
        (tmp_path / "bad.csv").write_text("\n".join(lines))
        argv = ["train", f"{tmp_path}/bad.csv", "--model", f"{tmp_path}/m"]
        self.refused(capsys, argv, "bad.csv", "pixel0")
        assert not (tmp_path / "m").exists()

    def test_a_bad_parameter(self, folder, tmp_path, capsys):
        argv = ["train", f"{folder}/train.csv", "--model", f"{tmp_path}/m", "--json"]
        self.refused(capsys, [*argv, "--epochs", "0"], "epochs")
        self.refused(capsys, [*argv, "--architecture", "huge"], "huge", "lenet5")
        self.refused(capsys, [*argv, "--optimizer", "no"], "'no'", "rmsprop")
        for bad in ("rotation", "rotation=x", "horizontal_flip=1", "none,zoom=1", "size=3", ""):
            self.refused(capsys, [*argv, "--augment", bad], "is none of elastic=NUMBER")
        self.refused(capsys, [*argv, "--augment", "rotation=-3"], "rotation")

    def test_images_of_another_size(self, folder, tmp_path, capsys):
        table(np.zeros((3, 784), np.uint8)).to_csv(tmp_path / "mnist.csv", index=False)
        argv = ["predict", f"{tmp_path}/mnist.csv", "--model", f"{folder}/digits.cnn"]
        self.refused(capsys, [*argv, "--out", f"{tmp_path}/out.csv"], "784", "64")
        assert not (tmp_path / "out.csv").exists()

    def test_pictures(self, folder, tmp_path, capsys):
        argv = ["predict", "--model", f"{folder}/digits.cnn"]
        missing = f"{tmp_path}/no.png"
        self.refused(capsys, [*argv, missing, f"{folder}"], f"no file or folder {missing}")
        self.refused(capsys, [*argv, f"{tmp_path}"], f"{tmp_path} holds neither", ".png")
        Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "good.png")
        several = [f"{tmp_path}/good.png", f"{folder}/test.csv"]
        self.refused(capsys, [*argv, *several], f"{folder}/test.csv is no picture; expected")

    def test_a_model_that_is_none(self, folder, tmp_path, capsys):
        argv = ["evaluate", f"{folder}/labelled.csv", "--model"]
        self.refused(capsys, [*argv, f"{folder}/train.csv"], "can't be loaded")
        self.refused(capsys, [*argv, f"{tmp_path}/no"], "There is no file")

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
    def test_arguments(self, argv, capsys):
        with pytest.raises(SystemExit) as error:
            main(argv)
        assert error.value.code == 2
        assert "usage: cnn-digits" in capsys.readouterr().err


class TestInfo:
    def test_text(self, capsys):
        assert main(["info"]) == 0
        out = capsys.readouterr().out
        for word in ("tensorflow", "keras", "cpu:0", "precision", __version__):
            assert word in out

    def test_json(self, capsys):
        assert main(["info", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["cnn-digits"] == __version__


class TestDemo:
    def test_demo(self, tmp_path, capsys):
        assert main(["demo", "--plots", str(tmp_path / "new" / "folder")]) == 0
        out, err = capsys.readouterr()
        assert "precision    recall" in out
        assert "epochs in" in out
        assert err == ""
        for name in ("training-curves.png", "confusion-matrix.png"):
            path = tmp_path / "new" / "folder" / name
            assert str(path) in out
            assert matplotlib.image.imread(path).std() > 0

    def test_a_bad_folder_is_found_before_it_trains(self, tmp_path, capsys):
        (tmp_path / "file").write_text("")
        assert main(["demo", "--plots", str(tmp_path / "file")]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("cnn-digits: ")
        assert err.count("\n") == 1

    def test_bad_seed(self, tmp_path, capsys):
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
