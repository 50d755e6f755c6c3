import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import matplotlib.image
import pytest

from cnn_digits import Augment, CNNDigitClassifier
from cnn_digits.cli import main


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

    def test_a_published_recipe(self, folder, tmp_path):
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
        assert main([*argv, "--augment", "none", "--epochs", "1"]) == 0
        assert CNNDigitClassifier.load(tmp_path / "m").augment is None

    def test_a_killed_training_goes_on(self, folder, tmp_path, capsys):
        argv = ["train", f"{folder}/train.csv", "--model", f"{tmp_path}/m"]
        argv += ["--architecture", "simple", "--checkpoint", f"{tmp_path}/checkpoint"]
        # Many more than those that pass before the process is stopped.
        argv += ["--epochs", "15"]
        with stopped("Epoch 3/", *argv) as process:
            process.kill()
        assert not (tmp_path / "m").exists()
        assert main([*argv[:-1], "16"]) == 2
        assert "its run had epochs=15, this one has 16" in capsys.readouterr().err

        assert main(argv) == 0
        out = capsys.readouterr().out
        assert "Going on after epoch" in out
        assert "Epoch 1/15" not in out
        clf = CNNDigitClassifier.load(tmp_path / "m")
        assert clf.n_iter_ == len(clf.history_["loss"]) == 15
        assert list((tmp_path / "checkpoint").iterdir()) == []

    @pytest.mark.skipif(os.name == "nt", reason="Windows sends no such signal to one process")
    def test_interrupt(self, folder, tmp_path):
        argv = ["train", f"{folder}/train.csv", "--model", f"{tmp_path}/m", "--epochs", "1000"]
        argv += ["--architecture", "simple"]
        with stopped("Epoch 2/", *argv) as process:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate()
        assert err == "cnn-digits: interrupted\n"
        assert process.returncode == 130
        assert list(tmp_path.iterdir()) == []

    def test_training_brings_them_into_a_frame(self, sheets):
        out = (sheets / "train.txt").read_text()
        assert out.startswith("Brought the pictures into MNIST's frame.\n200 images of 28 × 28")


class TestBadInput:
    def test_missing_data(self, tmp_path, refused):
        argv = ["train", f"{tmp_path}/no.csv", "--model", f"{tmp_path}/m"]
        refused(argv, f"no file or folder {tmp_path}/no.csv")

    @pytest.mark.parametrize("option", ["--model", "--plots", "--checkpoint"])
    def test_output_that_can_not_be_written_is_found_first(self, tmp_path, refused, option):
        (tmp_path / "file").write_text("")
        # No data is there, which is said only if the output has been found to be fine.
        argv = {"--model": f"{tmp_path}/m", option: f"{tmp_path}/file/x"}
        refused(
            ["train", "no.csv", *(part for pair in argv.items() for part in pair)],
            f"{tmp_path}/file",
        )

    def test_data_without_labels(self, folder, tmp_path, refused):
        argv = ["train", f"{folder}/test.csv", "--model", f"{tmp_path}/m"]
        refused(argv, "labels are needed")

    def test_a_bad_value(self, folder, tmp_path, refused):
        lines = (folder / "train.csv").read_text().split("\n")
        lines[3] = lines[3].replace(",", ",x", 1)
        (tmp_path / "bad.csv").write_text("\n".join(lines))
        argv = ["train", f"{tmp_path}/bad.csv", "--model", f"{tmp_path}/m"]
        refused(argv, "bad.csv", "pixel0")
        assert not (tmp_path / "m").exists()

    def test_a_bad_parameter(self, folder, tmp_path, refused):
        argv = ["train", f"{folder}/train.csv", "--model", f"{tmp_path}/m", "--json"]
        refused([*argv, "--epochs", "0"], "epochs")
        refused([*argv, "--architecture", "huge"], "huge", "lenet5")
        refused([*argv, "--optimizer", "no"], "'no'", "rmsprop")
        # It needs another one as an argument.
        refused([*argv, "--optimizer", "lossscaleoptimizer"], "'lossscaleoptimizer'", "rmsprop")
        for bad in ("rotation", "rotation=x", "horizontal_flip=1", "none,zoom=1", "size=3", ""):
            refused([*argv, "--augment", bad], "is none of elastic=NUMBER")
        refused([*argv, "--augment", "rotation=-3"], "rotation")
