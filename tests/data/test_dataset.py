import gzip
import os
import sys

import numpy as np
import pandas as pd
import pytest
from data_samples import SHEET, TEST, TRAIN, idx, idx_files, random_digits, save, write_all

from cnn_digits import FrameDigits, read_images
from cnn_digits.data.dataset import read_dataset


class TestPictureLabels:
    def labels(self, folder, names):
        for name in names:
            save(folder / name)
        dataset = read_dataset(folder, labelled=False)
        found = [os.path.relpath(name, folder).replace(os.sep, "/") for name in dataset.names]
        return None if dataset.target is None else dict(zip(found, dataset.target, strict=True))

    @pytest.mark.parametrize(
        "expected",
        [
            {"0/a.png": 0, "3/b.png": 3, "10/c.png": 10},
            {"one/1.png": "one", "two/2.png": "two"},
            # What Python reads as numbers and nobody means as 3 and 10.
            {"٣/1.png": "٣", "1_0/2.png": "1_0"},
            {"0/1.png": "0", f"{10**20}/2.png": str(10**20)},
            {"7_0001.png": 7, "3_0002.png": 3, "7_0003.png": 7},
            {"0001_7.png": 7, "0002-3.png": 3, "0003 7.png": 7},
            {"scan_7.png": 7, "scan_3.png": 3},
            {"7.png": 7},
            # Numbers of pictures that could be labels as well.
            {"0_7.png": 7, "1_7.png": 7, "2_3.png": 3},
            {"7_0.png": 7, "7_1.png": 7, "3_2.png": 3},
            {"7_0.png": 7, "7_1.png": 7, "3_0.png": 3, "3_1.png": 3},
        ],
    )
    def test_found(self, tmp_path, expected):
        assert self.labels(tmp_path, expected) == expected

    @pytest.mark.parametrize(
        ("names", "odd"),
        [
            (["a.png", "b.png"], "a.png"),
            (["7_1.png", "x.png"], "x.png"),
            (["77_a.png", "1_b.png"], "77_a.png"),
            (["0_7.png", "1_3.png"], "0_7.png"),  # each could be a label, none comes twice
        ],
    )
    def test_not_found(self, tmp_path, names, odd):
        assert self.labels(tmp_path, names) is None
        message = "labels are needed here, and the pictures in .*"
        with pytest.raises(ValueError, match=rf"{message}{odd}\.$"):
            read_dataset(tmp_path)

    @pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
    def test_names_that_are_not_utf8(self, tmp_path):
        path = save(tmp_path / os.fsdecode(b"7_\xe9.png"))
        assert read_dataset(tmp_path).target.tolist() == [7]
        (tmp_path / os.fsdecode(b"\xe9")).mkdir()
        path.rename(tmp_path / os.fsdecode(b"\xe9") / "1.png")
        with pytest.raises(ValueError, match=r"is not in UTF-8, '\\udce9', and can't be a label"):
            read_dataset(tmp_path)
        assert len(read_dataset(tmp_path, labelled=False).data) == 1

    def test_both_ways_at_once(self, tmp_path):
        with pytest.raises(ValueError, match=r"holds pictures \(7\.png\) and subfolders"):
            self.labels(tmp_path, ["7.png", "7/1.png"])


class TestReadDataset:
    def test_table(self, tmp_path):
        for name in ("a.csv", "a.csv.gz", "a.tsv", "a.txt", "a.csv.zip"):
            table = pd.DataFrame({"label": [7, 1], "pixel0": [5, 6]})
            table.to_csv(tmp_path / name, index=False)
            dataset = read_dataset(tmp_path / name)
            assert dataset.data.tolist() == [[5], [6]]
            assert dataset.target.tolist() == [7, 1]
            assert (dataset.names, dataset.skipped) == (None, [])

    def test_labels_needed(self, tmp_path):
        (tmp_path / "test.csv").write_text("pixel0\n5\n")
        with pytest.raises(ValueError, match=r"test\.csv: labels are needed here, and it has none"):
            read_dataset(tmp_path / "test.csv")
        assert read_dataset(tmp_path / "test.csv", labelled=False).target is None

    def test_npz(self, tmp_path):
        X, y = random_digits(5)
        np.savez(tmp_path / "digits.npz", x_train=X, y_train=y, x_test=X[:2], y_test=y[:2])
        assert read_dataset(tmp_path / "digits.npz").data.shape == (5, 28, 28)
        assert read_dataset(tmp_path / "digits.npz", subset="test").target.tolist() == [0, 1]

    @pytest.mark.parametrize("place", [".", "mnist"])
    def test_idx_folder(self, tmp_path, place):
        write_all(tmp_path / place, idx_files())
        for subset, n in (("train", 20), ("test", 10)):
            dataset = read_dataset(tmp_path, subset=subset)
            assert dataset.data.shape == (n, 28, 28)
            assert len(dataset.target) == n

    def test_idx_folder_with_one_subset(self, tmp_path):
        files = idx_files()
        write_all(tmp_path, {name: files[name] for name in TRAIN})
        save(tmp_path / "pictures" / "7.png")
        with pytest.raises(FileNotFoundError, match=r"holds MNIST, but not t10k-images-idx3-ubyte"):
            read_dataset(tmp_path, subset="test")

    def test_idx_of_different_length(self, tmp_path):
        files = idx_files()
        write_all(tmp_path, {TRAIN[0]: files[TRAIN[0]], TRAIN[1]: files[TEST[1]]})
        for path in (tmp_path, tmp_path / TRAIN[0]):
            with pytest.raises(ValueError, match="hold 20 images and 10 labels"):
                read_dataset(path)

    def test_idx_file(self, tmp_path):
        files = idx_files()
        write_all(tmp_path, {TEST[0]: files[TEST[0]]})
        assert read_dataset(tmp_path / TEST[0], labelled=False).target is None
        with pytest.raises(ValueError, match="labels are needed here, and no file of labels lies"):
            read_dataset(tmp_path / TEST[0])
        plain = tmp_path / TEST[1].removesuffix(".gz")
        plain.write_bytes(gzip.decompress(files[TEST[1]]))
        np.testing.assert_array_equal(read_dataset(tmp_path / TEST[0]).target, random_digits(10)[1])
        plain.unlink()
        write_all(tmp_path, {TEST[1]: files[TEST[1]]})
        np.testing.assert_array_equal(read_dataset(tmp_path / TEST[0]).target, random_digits(10)[1])
        with pytest.raises(ValueError, match="holds no images but an array of 1 dimensions"):
            read_dataset(tmp_path / TEST[1])
        (tmp_path / "own.idx0").write_bytes(idx(random_digits(3)[0]))
        assert read_dataset(tmp_path / "own.idx0", labelled=False).target is None

    def test_idx_of_other_dimensions(self, tmp_path):
        files = idx_files()
        write_all(tmp_path, {TRAIN[0]: files[TRAIN[0]], TRAIN[1]: files[TRAIN[0]]})
        with pytest.raises(ValueError, match=r"labels-idx1.* holds no labels but an array of 3"):
            read_dataset(tmp_path)

    def test_picture(self, tmp_path):
        dataset = read_dataset(save(tmp_path / "7.PNG"), labelled=False)
        assert dataset.data.shape == (1, 12, 8)
        assert dataset.names == [str(tmp_path / "7.PNG")]

    def test_folder_of_pictures(self, tmp_path):
        for label in range(3):
            for number in (1, 2, 10):
                save(tmp_path / str(label) / f"{number}.png", SHEET - label)
        dataset = read_dataset(tmp_path)
        assert dataset.data.shape == (9, 12, 8)
        assert dataset.data.dtype == np.uint8
        np.testing.assert_array_equal(dataset.target, np.repeat([0, 1, 2], 3))
        np.testing.assert_array_equal(dataset.data.max(axis=(1, 2)), 255 - dataset.target)
        assert dataset.names[0] == str(tmp_path / "0" / "1.png")

    def test_several(self, tmp_path):
        paths = [save(tmp_path / name) for name in ("7_a.png", "3_b.png")]
        save(tmp_path / "more" / "c.png", SHEET[:8])
        dataset = read_dataset([*paths, tmp_path / "more"], labelled=False, framed=True)
        assert dataset.data.shape == (3, 28, 28)
        assert dataset.names == [*map(str, paths), str(tmp_path / "more" / "c.png")]
        assert dataset.target is None
        with pytest.raises(ValueError, match="labels are needed here, and single pictures have"):
            read_dataset(paths)

    def test_framed(self, tmp_path):
        for number in range(4):
            save(tmp_path / f"{number % 2}_{number}.png", SHEET[: 12 - number])
        save(tmp_path / "0_4.png", SHEET * 0)
        dataset = read_dataset(tmp_path, framed=True)
        assert dataset.target.tolist() == [0, 0, 0, 1, 1]
        with pytest.warns(UserWarning, match="1 of 5 images"):
            frames = FrameDigits().fit_transform(read_images(tmp_path)[0])
        np.testing.assert_array_equal(dataset.data, frames)

    def test_missing_labels_are_found_before_pictures_are_read(self, tmp_path):
        (tmp_path / "a.png").write_bytes(b"bad")
        with pytest.raises(ValueError, match="labels are needed here"):
            read_dataset(tmp_path)

    def test_skip_bad(self, tmp_path):
        for number in range(20):
            save(tmp_path / f"{number % 2}_{number}.png", SHEET - number % 2)
        (tmp_path / "0_4.png").write_bytes(b"bad")
        with pytest.raises(ValueError, match=r"0_4\.png can't be read"):
            read_dataset(tmp_path)
        dataset = read_dataset(tmp_path, skip_bad=True)
        assert len(dataset.data) == len(dataset.target) == len(dataset.names) == 19
        np.testing.assert_array_equal(dataset.data.max(axis=(1, 2)), 255 - dataset.target)
        assert len(dataset.skipped) == 1
        assert "0_4.png can't be read" in dataset.skipped[0]

    def test_sizes_differ(self, tmp_path):
        save(tmp_path / "1_a.png")
        save(tmp_path / "2_b.png", SHEET[:8])
        message = r"of one size: .*1_a\.png has 12 × 8 pixels, .*2_b\.png has 8 × 8 pixels"
        with pytest.raises(ValueError, match=message):
            read_dataset(tmp_path)

    def test_refused(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"There is no file or folder .*missing"):
            read_dataset(tmp_path / "missing.csv")
        with pytest.raises(FileNotFoundError, match=r"nor mnist\.npz nor pictures"):
            read_dataset(tmp_path)
        (tmp_path / "file.doc").write_text("")
        with pytest.raises(ValueError, match=r"file\.doc is of no known kind; expected \.csv"):
            read_dataset(tmp_path / "file.doc")
