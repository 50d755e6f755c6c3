import gzip
import json
import struct
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from cnn_digits import FrameDigits, read_images
from cnn_digits.cli import main
from cnn_digits.cli.handwriting import write_pictures


def pictures(folder, X, y):
    for i, (image, label) in enumerate(zip(X.reshape(-1, 8, 8), y, strict=True)):
        pixels = np.repeat(image[:, :, np.newaxis], 3, axis=2) * 15
        matplotlib.image.imsave(folder / f"{label}_{i:03}.png", pixels)


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


@pytest.fixture(scope="module")
def small(digits, tmp_path_factory):
    """A folder of digits of 8 × 8 pixels, and a network trained on them as they are."""
    place = tmp_path_factory.mktemp("small")
    (place / "pictures").mkdir()
    pictures(place / "pictures", digits[1][:100], digits[3][:100])
    argv = ["train", f"{place}/pictures", "--as-is", "--model", f"{place}/as-is.cnn"]
    assert main([*argv, "--epochs", "20"]) == 0
    return place


class TestPicturesAreReadAsInTraining:
    @pytest.mark.parametrize("command", ["evaluate", "predict"])
    @pytest.mark.parametrize("option", [[], ["--as-is"]])
    def test_as_is(self, small, capsys, command, option):
        argv = [command, f"{small}/pictures", "--model", f"{small}/as-is.cnn", "--json", *option]
        capsys.readouterr()
        assert main(argv) == 0
        found = json.loads(capsys.readouterr().out)
        if command == "evaluate":
            assert found["accuracy"] > 0.8
        else:
            first = [Path(name).name[0] for name in found["names"]]
            assert np.mean(np.array(first, dtype=int) == found["labels"]) > 0.8

    def test_as_is_of_another_size(self, small, sheets, refused):
        picture = min((sheets / "own").iterdir())
        argv = ["predict", f"{picture}", "--model", f"{small}/as-is.cnn"]
        refused(argv, "as-is.cnn was trained on images of 8 × 8 pixels, but", f"{picture} has")

    def test_framed(self, sheets, refused):
        for command in ("evaluate", "predict"):
            argv = [command, f"{sheets}/own", "--model", f"{sheets}/digits.cnn", "--as-is"]
            refused(argv, "was trained on pictures in MNIST's frame", "leave out --as-is")

    def test_trained_on_a_table(self, folder, small, refused, capsys):
        argv = ["evaluate", f"{small}/pictures", "--model", f"{folder}/digits.cnn"]
        message = "trained on images of 8 × 8 pixels, but a framed picture has 28 × 28"
        refused(argv, message, "say --as-is if")
        assert main([*argv, "--as-is", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["n_images"] == 100

    def test_a_table_is_never_framed(self, folder, small, capsys):
        for network in (f"{small}/as-is.cnn", f"{folder}/digits.cnn"):
            argv = ["evaluate", f"{folder}/labelled.csv", "--model", network, "--json"]
            assert main(argv) == 0
            assert main([*argv, "--as-is"]) == 0
            first, second = map(json.loads, capsys.readouterr().out.splitlines())
            assert first == second


def test_a_model_that_is_none(folder, tmp_path, refused):
    argv = ["evaluate", f"{folder}/labelled.csv", "--model"]
    refused([*argv, f"{folder}/train.csv"], "can't be loaded")
    refused([*argv, f"{tmp_path}/no"], "There is no file")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of photos of the ten digits."""
    place = tmp_path_factory.mktemp("photos")
    write_pictures(place, np.random.default_rng(0))
    return place


class TestWithoutAModel:
    """The network that comes with the package reads."""

    REMARK = "cnn-digits: read by the network 'digits', which comes with cnn-digits"

    def read(self, capsys, *argv):
        assert main([*map(str, argv), "--json"]) == 0
        out, err = capsys.readouterr()
        assert err.count("\n") == 1
        assert err.startswith(self.REMARK)
        found = json.loads(out)
        assert found["model"] is None
        assert found["pretrained"] == "digits"
        return found

    def test_photos(self, photos, capsys):
        assert self.read(capsys, "predict", photos)["labels"] == list(range(10))
        files = sorted(photos.iterdir())
        assert self.read(capsys, "predict", *files[3:5])["labels"] == [3, 4]
        assert self.read(capsys, "evaluate", photos)["accuracy"] == 1

    def test_a_network_of_ones_own_is_named(self, folder, capsys):
        argv = ["predict", f"{folder}/test.csv", "--model", f"{folder}/digits.cnn", "--json"]
        assert main(argv) == 0
        out, err = capsys.readouterr()
        assert err == ""
        found = json.loads(out)
        assert (found["model"], found["pretrained"]) == (f"{folder}/digits.cnn", None)

    def test_arrays(self, photos, tmp_path, capsys):
        """Frames are read as they are; dark on light or of another size they are framed."""
        y = np.arange(10)
        frames = FrameDigits().fit_transform(read_images(photos)[0])
        expected = self.read(capsys, "predict", photos)["probabilities"]
        for name, X in {
            "flat": frames.reshape(10, 784),
            "pictures": frames,
            "floats": frames / 255,
            "inverted": 255 - frames,
            "large": np.pad(frames, ((0, 0), (9, 3), (2, 10))),
        }.items():
            np.savez(tmp_path / f"{name}.npz", X=X, y=y)
            found = self.read(capsys, "predict", tmp_path / f"{name}.npz")
            assert found["labels"] == y.tolist(), name
            is_same = np.allclose(found["probabilities"], expected, atol=1e-4)
            assert is_same or name in ("inverted", "large")
            assert self.read(capsys, "evaluate", tmp_path / f"{name}.npz")["accuracy"] == 1

    def test_tables_of_small_digits(self, folder, capsys):
        assert self.read(capsys, "evaluate", folder / "labelled.csv")["accuracy"] > 0.8

    def test_as_is(self, photos, folder, refused):
        refused(["predict", f"{photos}", "--as-is"], "the network 'digits' was trained on pictures")
        refused(["predict", f"{folder}/test.csv", "--as-is"], "64 features", "FrameDigits")

    def test_labels_that_it_does_not_know(self, tmp_path, refused):
        np.savez(tmp_path / "a.npz", X=np.eye(28)[None].repeat(2, axis=0), y=[3, 11])
        refused(["evaluate", f"{tmp_path}/a.npz"], "[11], which the network 'digits' does not know")

    def test_to_train_a_file_is_needed(self, folder, capsys):
        with pytest.raises(SystemExit):
            main(["train", f"{folder}/train.csv"])
        assert "--model" in capsys.readouterr().err
