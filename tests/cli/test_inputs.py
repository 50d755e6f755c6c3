import gzip
import json
import struct

import matplotlib.image
import numpy as np

from cnn_digits.cli import main


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
        bad.unlink()
        assert main(["evaluate", *argv[:-1]]) == 2
        message = "trained on images of 8 × 8 pixels, but a framed picture has 28 × 28"
        assert message in capsys.readouterr().err


def test_a_model_that_is_none(folder, tmp_path, refused):
    argv = ["evaluate", f"{folder}/labelled.csv", "--model"]
    refused([*argv, f"{folder}/train.csv"], "can't be loaded")
    refused([*argv, f"{tmp_path}/no"], "There is no file")
