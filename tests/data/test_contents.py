import gzip
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from data_samples import TEST, TRAIN, idx, idx_files, random_digits, save, write_all

from cnn_digits import read_csv
from cnn_digits.data import contents, dataset, mnist_files, picture_files
from cnn_digits.data.arrays import read_idx, read_idx_pair, read_npz
from cnn_digits.data.contents import Contents, contents_of

CSV = b"label,pixel0\n7,5\n"


@pytest.fixture
def listings(monkeypatch):
    """Counts how often each folder is listed."""
    counts = Counter()

    def counted(original):
        def listed(folder, *args):
            counts[Path(folder)] += 1
            return original(folder, *args)

        return listed

    for name in ("listdir", "scandir"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    return counts


def test_mnist(tmp_path):
    files = idx_files()
    write_all(tmp_path / "mnist", files)
    for subset, names in (("train", TRAIN), ("test", TEST)):
        expected = [tmp_path / "mnist" / name for name in names]
        assert contents_of([tmp_path], subset) == Contents("mnist", expected)
    # The folder itself comes first, and what is not compressed.
    plain = [tmp_path / name.removesuffix(".gz") for name in TRAIN]
    for path in plain:
        path.write_bytes(gzip.decompress(files[f"{path.name}.gz"]))
    assert contents_of([tmp_path], "train").files == plain
    # Keras's file stands in for what LeCun's lack.
    (tmp_path / "mnist.npz").write_bytes(b"")
    assert contents_of([tmp_path], "train").files == plain
    assert contents_of([tmp_path], "test") == Contents("mnist", [tmp_path / "mnist.npz"])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", "table"),
        ("a.csv.gz", "table"),
        ("a.TSV", "table"),
        ("a.npz", "npz"),
        ("a.PNG", "pictures"),
    ],
)
def test_a_file(tmp_path, name, kind):
    (tmp_path / name).write_bytes(b"")
    assert contents_of([tmp_path / name], "train") == Contents(kind, [tmp_path / name])


def test_an_idx_file(tmp_path):
    images, labels = (tmp_path / name for name in TEST)
    images.write_bytes(b"")
    assert contents_of([images], "train") == Contents("idx", [images, None])
    labels.write_bytes(b"")
    assert contents_of([images], "train") == Contents("idx", [images, labels])


def test_pictures(tmp_path):
    paths = [save(tmp_path / "1" / name) for name in ("9.png", "10.png")]
    for folder in (tmp_path, tmp_path / "1"):
        assert contents_of([folder], "train") == Contents("pictures", paths, folder)
    # Several have no folder to be labelled by.
    several = [paths[1], tmp_path / "1"]
    assert contents_of(several, "train") == Contents("pictures", [paths[1], *paths])


@pytest.mark.parametrize("framed", [False, True])
def test_each_folder_of_pictures_is_listed_once(tmp_path, listings, framed):
    for name in ("0/1.png", "0/2.png", "1/1.png"):
        save(tmp_path / name)
    assert len(dataset.read_dataset(tmp_path, framed=framed).data) == 3
    assert listings == {tmp_path: 1, tmp_path / "0": 1, tmp_path / "1": 1}


def test_no_other_folder_is_listed(tmp_path, listings):
    write_all(tmp_path, idx_files())
    write_all(tmp_path, {"a.csv": CSV, "own.idx3": idx(random_digits(3)[0])})
    for path in (tmp_path, tmp_path / "a.csv", tmp_path / "own.idx3"):
        dataset.read_dataset(path, labelled=False)
    assert not listings


def test_each_path_is_looked_at_once(tmp_path, monkeypatch):
    """What was found is handed on, whatever it is, and nobody asks again."""
    write_all(tmp_path / "mnist", idx_files())
    write_all(tmp_path, {"a.csv": CSV, "own.idx3": idx(random_digits(3)[0])})
    picture = save(tmp_path / "pictures" / "7.png")
    asked = []

    def noted(original):
        def noting(*args):
            asked.append(original.__name__)
            return original(*args)

        return noting

    for original in (contents.contents_of, contents.mnist_in, contents.pictures_in):
        for module in (contents, dataset, mnist_files, picture_files):
            if hasattr(module, original.__name__):
                monkeypatch.setattr(module, original.__name__, noted(original))
    for path, expected in (
        (tmp_path / "mnist", ["contents_of", "mnist_in"]),
        (picture.parent, ["contents_of", "mnist_in", "pictures_in"]),
        (picture, ["contents_of"]),
        (tmp_path / "a.csv", ["contents_of"]),
        (tmp_path / "own.idx3", ["contents_of"]),
    ):
        asked.clear()
        dataset.read_dataset(path, labelled=False)
        assert asked == expected


class TestLayoutsOfOtherTools:
    def test_torchvision(self, tmp_path):
        """Its root folder and those in it, with files packed and unpacked as it leaves them."""
        files = idx_files()
        raw = tmp_path / "MNIST" / "raw"
        write_all(raw, files)
        write_all(tmp_path / "FashionMNIST" / "raw", files)
        for subset, names in (("train", TRAIN), ("test", TEST)):
            for place in (tmp_path, tmp_path / "MNIST", raw):
                expected = Contents("mnist", [raw / name for name in names])
                assert contents_of([place], subset) == expected
        write_all(raw, {name.removesuffix(".gz"): gzip.decompress(files[name]) for name in TRAIN})
        assert len(dataset.read_dataset(tmp_path).data) == 20

    def test_no_other_data_set_is_taken_for_mnist(self, tmp_path):
        write_all(tmp_path / "FashionMNIST" / "raw", idx_files())
        for place in (tmp_path, tmp_path / "FashionMNIST"):
            with pytest.raises(FileNotFoundError, match="holds neither"):
                contents_of([place], "train")

    @pytest.mark.parametrize("place", [".", "gzip", "raw", "EMNIST/raw"])
    @pytest.mark.parametrize("ending", ["", ".gz"])
    def test_emnist(self, tmp_path, place, ending):
        X, y = random_digits(6, shape=(5, 5))
        for split in ("letters", "digits"):
            for what, array in (("images-idx3", X), ("labels-idx1", y)):
                content = gzip.compress(idx(array)) if ending else idx(array)
                name = f"emnist-{split}-test-{what}-ubyte{ending}"
                write_all(tmp_path / place, {name: content})
            path = tmp_path / place / f"emnist-{split}-test-images-idx3-ubyte{ending}"
            paths = [path, tmp_path] if split == "letters" else [path]
            for given in paths:
                read = dataset.read_dataset(given, subset="test")
                np.testing.assert_array_equal(read.data, X.transpose(0, 2, 1))
                np.testing.assert_array_equal(read.target, y)
        with pytest.raises(ValueError, match=r"more than one part of EMNIST: digits, letters; exp"):
            contents_of([tmp_path], "test")
        with pytest.raises(FileNotFoundError, match="holds neither"):
            contents_of([tmp_path], "train")

    def test_emnist_by_the_name_of_its_labels(self, tmp_path):
        X, y = random_digits(6)
        images, labels = tmp_path / "images", tmp_path / "emnist-mnist-train-labels-idx1-ubyte"
        images.write_bytes(idx(X))
        labels.write_bytes(idx(y))
        np.testing.assert_array_equal(read_idx_pair(images, labels)[0], X.transpose(0, 2, 1))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes among files")
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.npz", "a.idx3", "a.png", "a"])
def test_nothing_but_files_is_opened(tmp_path, name):
    """Opening a pipe waits for somebody to write into it."""
    os.mkfifo(tmp_path / name)
    with pytest.raises(ValueError, match=r"can't be read: it is a pipe; expected a regular file"):
        contents_of([tmp_path / name], "train")
    for read in (read_csv, read_npz, read_idx):
        with pytest.raises(ValueError, match=r"can't be read: it is a pipe; expected a regular"):
            read(tmp_path / name)
    (tmp_path / "link.csv").symlink_to("/dev/zero")
    for read in (lambda path: contents_of([path], "train"), read_csv, read_npz, read_idx):
        with pytest.raises(ValueError, match=r"can't be read: it is a device; expected a regular"):
            read(tmp_path / "link.csv")
