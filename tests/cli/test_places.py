"""What a command writes costs nothing that it reads."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def table(folder, tmp_path):
    """A table of labelled digits that may be lost."""
    return shutil.copy(folder / "labelled.csv", tmp_path / "data.csv")


@pytest.fixture
def network(folder, tmp_path):
    """A network that may be lost."""
    return shutil.copy(folder / "digits.cnn", tmp_path / "digits.cnn")


@pytest.fixture
def pictures(tmp_path):
    """A folder of pictures in subfolders by label."""
    for label in "01":
        (tmp_path / "pictures" / label).mkdir(parents=True)
        Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "pictures" / label / "a.png")
    return tmp_path / "pictures"


@pytest.fixture
def kept(tmp_path, refused):
    """A function: arguments are refused with these words, and files are as they were."""

    def files():
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def check(argv, *words):
        before = files()
        refused([str(part) for part in argv], *words)
        assert files() == before

    return check


class TestInputs:
    @pytest.mark.parametrize("alias", ["same", "dots", "symbolic", "hard"])
    def test_table(self, table, tmp_path, kept, alias):
        other = tmp_path / "other.csv"
        if alias == "same":
            other = table
        elif alias == "dots":
            other = tmp_path / ".." / tmp_path.name / "data.csv"
        elif os.name != "nt":
            (os.symlink if alias == "symbolic" else os.link)(table, other)
        kept(["train", table, "--model", other], f"--model: writing {other} would replace {table}")

    def test_what_predict_reads(self, table, network, kept):
        argv = ["predict", table, "--model", network, "--out"]
        kept([*argv, table], "--out", "would replace")
        kept([*argv, network], "--out", "would replace")

    def test_one_picture_of_many(self, pictures, network, kept):
        argv = ["predict", pictures / "0", pictures / "1" / "a.png", "--model", network]
        kept([*argv, "--out", pictures / "1" / "a.png"], "would replace")
        kept([*argv, "--out", pictures / "0" / "a.png"], "would replace")

    def test_labels_beside_images(self, workplace, kept):
        # The test part is not even read.
        for name in ("train-labels-idx1", "t10k-images-idx3"):
            kept(["train", "mnist", "--model", f"mnist/{name}-ubyte.gz"], "would replace")

    @pytest.mark.parametrize("command", ["evaluate", "predict"])
    def test_network_named_as_a_picture_that_is_drawn(
        self, table, tmp_path, network, kept, command
    ):
        names = {"evaluate": "misclassified.png", "predict": "predictions.png"}
        os.rename(network, tmp_path / names[command])
        argv = [command, table, "--model", tmp_path / names[command], "--plots", tmp_path]
        kept(argv, "--plots", "would replace")

    def test_sheets_of_an_earlier_run_that_are_read(self, pictures, network, kept):
        os.rename(pictures / "0" / "a.png", pictures / "readings-07.png")
        argv = ["predict", pictures / "readings-07.png", "--model", network, "--plots", pictures]
        kept(argv, "--plots", "readings-07.png would replace")


class TestAmongPictures:
    def test_network(self, pictures, kept):
        for place in (pictures, pictures / "1"):
            kept(["train", pictures, "--model", place / "m.png"], "would be taken for one of")

    def test_plots(self, pictures, network, kept):
        kept(["train", pictures, "--model", network, "--plots", pictures / "0"], "class-distrib")
        kept(["train", pictures, "--model", network, "--plots", pictures / "plots"], "taken for")
        argv = ["predict", pictures, "--model", network, "--plots", pictures]
        kept(argv, "readings.png would be taken for one of the pictures in")

    def test_through_a_link(self, pictures, tmp_path, network, kept):
        (tmp_path / "link").symlink_to(pictures, target_is_directory=True)
        argv = ["predict", tmp_path / "link", "--model", network, "--plots", pictures]
        kept(argv, "taken for")


class TestOutputs:
    def test_two_of_one_name(self, table, tmp_path, kept):
        argv = ["train", table, "--model", tmp_path / "training-curves.png", "--plots"]
        kept([*argv, tmp_path], "--model and --plots would both write")

    def test_what_lies_in_the_backup(self, table, tmp_path, kept):
        backup = tmp_path / "cnn-digits-backup"
        backup.mkdir()
        argv = ["train", table, "--checkpoint", tmp_path, "--model"]
        kept([*argv, backup / "m"], "--checkpoint", "is removed when")
        inside = shutil.copy(table, backup / "data.csv")
        kept(["train", inside, "--checkpoint", tmp_path, "--model", tmp_path / "m"], "removed")


def test_what_only_lies_beside_is_fine(table, network, tmp_path, refused):
    # What is refused is the network, which is none and is looked at later.
    (tmp_path / "none.cnn").write_text("")
    argv = ["predict", str(table), "--model", f"{tmp_path}/none.cnn", "--out", str(network)]
    refused([*argv, "--plots", f"{tmp_path}"], "can't be loaded")
