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
import numpy as np
import pandas as pd
import pytest

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

    def test_json(self, folder, tmp_path, capsys):
        argv = ["predict", f"{folder}/test.csv", "--model", f"{folder}/digits.cnn", "--json"]
        assert main([*argv, "--out", f"{tmp_path}/submission.csv"]) == 0
        found = json.loads(capsys.readouterr().out)
        labels = pd.read_csv(tmp_path / "submission.csv").Label
        assert found["labels"] == labels.tolist()
        assert min(found["probabilities"]) >= 0.1


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

    def test_a_model_that_is_none(self, folder, tmp_path, capsys):
        argv = ["evaluate", f"{folder}/labelled.csv", "--model"]
        self.refused(capsys, [*argv, f"{folder}/train.csv"], "can't be loaded")
        self.refused(capsys, [*argv, f"{tmp_path}/no"], "There is no file")

    @pytest.mark.parametrize("argv", [[], ["dmo"], ["demo", "--seed", "x"], ["train", "a.csv"]])
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
