import gzip
import io
import struct
import tracemalloc
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from data_samples import idx, one_folder, random_digits
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cnn_digits.data.arrays import read_idx, read_npz


class TestIdx:
    @one_folder
    @given(arrays(np.uint8, array_shapes(max_dims=4, max_side=5)), st.booleans())
    def test_round_trip(self, tmp_path, array, is_compressed):
        content = gzip.compress(idx(array)) if is_compressed else idx(array)
        (tmp_path / "file").write_bytes(content)
        read = read_idx(tmp_path / "file")
        np.testing.assert_array_equal(read, array)
        assert (read.dtype, read.shape) == (np.uint8, array.shape)

    @one_folder
    @given(st.data(), st.booleans(), st.booleans())
    def test_damage(self, tmp_path, data, is_compressed, is_cut):
        array = random_digits(6, shape=(4, 4))[0]
        content = bytearray(gzip.compress(idx(array), mtime=0) if is_compressed else idx(array))
        place = data.draw(st.integers(0, len(content) - 1))
        if is_cut:
            del content[place:]
        else:
            content[place] ^= data.draw(st.integers(1, 255))
        (tmp_path / "file").write_bytes(content)
        if is_cut or (not is_compressed and place < 16):
            with pytest.raises(ValueError, match="file can't be read: "):
                read_idx(tmp_path / "file")
            return
        with suppress(ValueError):
            differs = read_idx(tmp_path / "file") != array
            # Without compression there is no checksum.
            assert differs.sum() == (0 if is_compressed else 1)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", r"begins with nothing; an IDX file of unsigned bytes begins with 00 00 08"),
            (b"\x89PNG\r\n", r"begins with 89 50 4e 47"),
            (idx([1], dtype_code=13), r"begins with 00 00 0d 01"),
            (b"\0\0\x08\0", r"begins with 00 00 08 00"),
            (b"\0\0\x08\x05" + bytes(20), r"begins with 00 00 08 05"),
            (idx([[1, 2]])[:9], r"cut short within its header"),
            (idx(np.zeros((20, 3)))[:-1], r"announces 20 × 3 bytes and holds 59: cut short\?"),
            (idx([[1, 2]]) + b"\0", r"announces 1 × 2 bytes and holds more"),
            (idx(np.zeros((0, 28, 28))), r"is empty: 0 × 28 × 28"),
            (gzip.compress(idx([1, 2, 3]))[:-3], r"end-of-stream"),
            (gzip.compress(idx([1, 2, 3])) + b"more", r"[Nn]ot a gzipped file"),
        ],
    )
    def test_refused(self, tmp_path, content, message):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(ValueError, match=f"file can't be read: .*{message}"):
            read_idx(tmp_path / "file")

    @pytest.mark.parametrize(
        ("sizes", "message"),
        [
            (b"\xff" * 12, r"announces [0-9,]+ bytes; up to 536,870,912 .*CNN_DIGITS_MAX_BYTES"),
            (b"\0\x08\0\0" + b"\0\0\0\x1c" * 2, "and holds 4: cut short"),
        ],
    )
    def test_memory_is_that_of_the_data_not_of_the_claim(self, tmp_path, sizes, message):
        (tmp_path / "file").write_bytes(b"\0\0\x08\x03" + sizes + b"data")
        tracemalloc.start()
        with pytest.raises(ValueError, match=message):
            read_idx(tmp_path / "file")
        assert tracemalloc.get_traced_memory()[1] < 10e6
        tracemalloc.stop()

    def test_bound_is_raised_by_the_environment(self, tmp_path, monkeypatch):
        X = np.zeros((200, 28, 28), np.uint8)
        (tmp_path / "file").write_bytes(gzip.compress(idx(X)))
        monkeypatch.setenv("CNN_DIGITS_MAX_BYTES", "100000")
        with pytest.raises(ValueError, match=r"announces 156,800 bytes; up to 100,000"):
            read_idx(tmp_path / "file")
        monkeypatch.setenv("CNN_DIGITS_MAX_BYTES", "156800")
        assert len(read_idx(tmp_path / "file")) == 200
        # What is not packed, or no more than data is, is no bomb.
        monkeypatch.setenv("CNN_DIGITS_MAX_BYTES", "1")
        (tmp_path / "file").write_bytes(idx(X))
        assert len(read_idx(tmp_path / "file")) == 200
        for text in ("-5", "1e9", "many", "٣"):
            monkeypatch.setenv("CNN_DIGITS_MAX_BYTES", text)
            with pytest.raises(ValueError, match=r"variable CNN_DIGITS_MAX_BYTES is .*expected a"):
                read_idx(tmp_path / "file")

    def test_missing(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="missing"):
            read_idx(tmp_path / "missing")


@pytest.fixture(scope="module")
def npz_files():
    contents = []
    for save in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        save(file, X=random_digits(6, shape=(4, 4))[0], y=random_digits(6)[1])
        contents.append(file.getvalue())
    return contents


class TestNpz:
    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    @pytest.mark.parametrize("names", [("X", "y"), ("images", "labels"), ("data", "target"), None])
    def test_names(self, tmp_path, save, names):
        X, y = random_digits(5)
        if names is None:
            save(tmp_path / "file.npz", X, y)
        else:
            save(tmp_path / "file.npz", **dict(zip(names, (X, y), strict=True)))
        for subset in ("train", "test"):
            images, labels = read_npz(tmp_path / "file.npz", subset)
            np.testing.assert_array_equal(images, X)
            np.testing.assert_array_equal(labels, y)

    @pytest.mark.parametrize(
        "names",
        [
            ("X_train", "Y_train", "X_test", "Y_test"),
            ("train_images", "train_labels", "test_images", "test_labels"),
            ("trainX", "trainY", "testX", "testy"),
            ("xtrain", "ytrain", "xtest", "ytest"),
            ("images.train", "labels.train", "images.test", "labels.test"),
            ("TRAINING_DATA", "TRAINING_TARGET", "TEST_DATA", "TEST_TARGET"),
            ("digits_train", "what_train", "digits_test", "what_test"),
        ],
    )
    def test_other_names_of_both_subsets(self, tmp_path, names):
        X, y = random_digits(5)
        arrays = dict(zip(names, (X, y, X[:2], y[:2]), strict=True))
        # Neither what is meant for validation, nor what else is there.
        arrays |= {"x_val": X[:1], "y_val": y[:1], "note": np.array("by hand")}
        np.savez(tmp_path / "file.npz", **arrays)
        for subset, n in (("train", 5), ("test", 2)):
            images, labels = read_npz(tmp_path / "file.npz", subset)
            np.testing.assert_array_equal(images, X[:n])
            np.testing.assert_array_equal(labels, y[:n])

    @pytest.mark.parametrize(
        "names", [("Images", "Labels"), ("pixels", "class"), ("scans", "what"), ("IMGS", "Y")]
    )
    def test_other_names(self, tmp_path, names):
        X, y = random_digits(5)
        np.savez(tmp_path / "file.npz", **dict(zip(names[::-1], (y, X), strict=True)))
        images, labels = read_npz(tmp_path / "file.npz")
        np.testing.assert_array_equal(images, X)
        np.testing.assert_array_equal(labels, y)

    @pytest.mark.parametrize(
        "words", ["images labels", "Image label", "imgs targets", "inputs classes", "data target"]
    )
    def test_names_beside_others_of_the_same_shapes(self, tmp_path, words):
        X, y = random_digits(5)
        named = dict(zip(words.split(), (X, y), strict=True))
        np.savez(tmp_path / "file.npz", masks=255 - X, writers=y[::-1], **named)
        images, labels = read_npz(tmp_path / "file.npz")
        np.testing.assert_array_equal(images, X)
        np.testing.assert_array_equal(labels, y)

    @pytest.mark.parametrize("names", [("train_images", "train_labels"), ("scans", "what")])
    def test_a_column_of_labels(self, tmp_path, names):
        """As in MedMNIST's files."""
        X, y = random_digits(5)
        np.savez(tmp_path / "file.npz", **dict(zip(names, (X, y[:, None]), strict=True)))
        images, labels = read_npz(tmp_path / "file.npz")
        np.testing.assert_array_equal(images, X)
        np.testing.assert_array_equal(labels, y)

    def test_subsets(self, tmp_path):
        X, y = random_digits(5)
        np.savez(tmp_path / "file.npz", x_train=X, y_train=y, x_test=X[:2], y_test=y[:2])
        assert [len(part) for part in read_npz(tmp_path / "file.npz")] == [5, 5]
        assert [len(part) for part in read_npz(tmp_path / "file.npz", "test")] == [2, 2]

    @pytest.mark.parametrize("order", ["C", "F"])
    @pytest.mark.parametrize("dtype", ["u1", "<f8", ">f4", "<i8"])
    @pytest.mark.parametrize("labels", [None, ["one", "two", "three"], [1.0, 2.0, 3.0]])
    def test_kinds(self, tmp_path, order, dtype, labels):
        X = np.array(random_digits(3)[0], dtype=dtype, order=order)
        saved = {"X": X} if labels is None else {"X": X, "y": np.array(labels)}
        np.savez(tmp_path / "file.npz", **saved)
        images, read = read_npz(tmp_path / "file.npz")
        np.testing.assert_array_equal(images, X)
        assert images.dtype == X.dtype
        np.testing.assert_array_equal(read, labels)

    @pytest.mark.parametrize(
        ("saved", "message"),
        [
            (
                {"a": np.ones((2, 4))},
                r"arrays a \(float64 of shape \(2, 4\)\), .*; expected x_train and y_train, or X",
            ),
            ({"x_test": np.ones((2, 4)), "y_test": [1, 2]}, r"holds the arrays x_test .*, y_test"),
            (
                {"a": np.ones((2, 4)), "b": np.ones((2, 4)), "c": [1, 2]},
                r"a \(float64 of shape \(2, 4\)\), b .*, c \(int64 of shape \(2,\)\), and which",
            ),
            ({"a": np.ones((2, 4)), "c": [1, 2, 3]}, r"and which are images is not clear"),
            ({"val_x": np.ones((2, 4)), "val_y": [1, 2]}, r"and which are images is not clear"),
            (
                {f"image{i}": np.ones((2, 2)) for i in range(1001)},
                r"holds 1,001 arrays; up to 1,000",
            ),
            ({"X": np.ones((2, 4)), "y": ["a", "b" * 201]}, r"y has room for 201 characters"),
            ({"X": np.ones((2, 4)), "y": np.array([2**31, 1], "<u4").view("<U1")}, r"no text in U"),
            ({}, r"holds the arrays none"),
            ({"X": np.ones(4)}, r"float64 of shape \(4,\); expected numbers of shape \(n, f"),
            ({"X": [["a", "b"]]}, r"<U1 of shape \(1, 2\); expected numbers"),
            ({"X": np.ones((2, 4)) * 1j}, r"complex128"),
            ({"X": np.ones((0, 4))}, r"X is empty: shape \(0, 4\)"),
            ({"X": np.ones((2, 4)), "y": [1, 2, 3]}, r"X and y hold 2 images and 3 labels"),
            (
                {"X": np.ones((2, 4)), "y": [[1, 0], [0, 1]]},
                r"y is an array of int64 of shape \(2, 2",
            ),
            ({"X": np.array([[1], [None]])}, r"X is an array of object"),
            ({"X": np.ones((2, 4)), "y": np.array([1, None])}, r"y is an array of object"),
        ],
    )
    def test_refused(self, tmp_path, saved, message):
        np.savez(tmp_path / "file.npz", **saved)
        with pytest.raises(ValueError, match=f"file.npz can't be read: .*{message}"):
            read_npz(tmp_path / "file.npz")

    def test_other_files(self, tmp_path):
        path = tmp_path / "file.npz"
        np.save(tmp_path / "one.npy", np.ones((2, 4)))
        for content in (b"", b"text", (tmp_path / "one.npy").read_bytes()):
            path.write_bytes(content)
            with pytest.raises(ValueError, match=r"no file of numpy\.savez"):
                read_npz(path)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("X.npy", b"no array")
        with pytest.raises(ValueError, match=r"file\.npz can't be read"):
            read_npz(path)

    def test_claim_of_memory(self, tmp_path):
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "|u1", "fortran_order": False, "shape": (2**50, 28, 28)}
        )
        with zipfile.ZipFile(tmp_path / "file.npz", "w") as archive:
            archive.writestr("X.npy", header.getvalue() + bytes(100))
        with pytest.raises(ValueError, match=r"its arrays take [0-9,]+ bytes; up to"):
            read_npz(tmp_path / "file.npz")

    def test_claim_within_the_bound(self, tmp_path):
        """No memory is taken for what the file is too short for."""
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "|u1", "fortran_order": False, "shape": (600_000, 784)}
        )
        with zipfile.ZipFile(tmp_path / "file.npz", "w") as archive:
            archive.writestr("X.npy", header.getvalue() + bytes(100))
        tracemalloc.start()
        with pytest.raises(ValueError, match="claims an array of 470,400,000 bytes in a file of"):
            read_npz(tmp_path / "file.npz")
        assert tracemalloc.get_traced_memory()[1] < 10e6
        tracemalloc.stop()

    def test_header_that_claims_less(self, tmp_path):
        path = tmp_path / "file.npz"
        np.savez(path, X=random_digits(1000)[0])
        content = path.read_bytes()
        assert content.count(b"(1000, 28, 28)") == 1
        path.write_bytes(content.replace(b"(1000, 28, 28)", b"(   1, 28, 28)"))
        with pytest.raises(ValueError, match="holds another number of them"):
            read_npz(path)

    def test_bomb(self, tmp_path):
        """4 MB of a file, and 4 GB of zeros."""
        path = tmp_path / "file.npz"
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "|u1", "fortran_order": False, "shape": (5_000_000, 784)}
        )
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("X.npy", "w", force_zip64=True) as file,
        ):
            file.write(header.getvalue())
        content = path.read_bytes()
        # The directory claims what the array does, as one would that were made by numpy.savez.
        size = struct.pack("<I", len(header.getvalue()))
        path.write_bytes(content.replace(size, struct.pack("<I", 3_920_000_128)))
        tracemalloc.start()
        with pytest.raises(ValueError, match=r"arrays take 3,920,000,000 bytes; up to 536,870,912"):
            read_npz(path)
        assert tracemalloc.get_traced_memory()[1] < 10e6
        tracemalloc.stop()

    def test_memory_is_that_of_the_arrays(self, tmp_path):
        path = tmp_path / "file.npz"
        np.savez_compressed(path, X=np.zeros((30_000, 784), np.uint8), y=np.arange(30_000))
        tracemalloc.start()
        read_npz(path)
        assert tracemalloc.get_traced_memory()[1] < 1.3 * 30_000 * 784
        tracemalloc.stop()

    def test_other_packing(self, tmp_path):
        """A piece of it may unpack to gigabytes at once."""
        array = io.BytesIO()
        np.save(array, random_digits(5)[0])
        for packing in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
            with zipfile.ZipFile(tmp_path / "file.npz", "w", packing) as archive:
                archive.writestr("X.npy", array.getvalue())
            with pytest.raises(ValueError, match=r"X\.npy in it is packed by method [0-9]+"):
                read_npz(tmp_path / "file.npz")

    @one_folder
    @given(st.data(), st.booleans(), st.booleans())
    def test_damage(self, npz_files, tmp_path, data, is_compressed, is_cut):
        content = bytearray(npz_files[is_compressed])
        place = data.draw(st.integers(0, len(content) - 1))
        if is_cut:
            del content[place:]
        else:
            content[place] ^= data.draw(st.integers(1, 255))
        (tmp_path / "file.npz").write_bytes(content)
        with suppress(ValueError):
            images, labels = read_npz(tmp_path / "file.npz")
            assert not is_cut
            np.testing.assert_array_equal(images, random_digits(6, shape=(4, 4))[0])
            # None, if it is the name of the labels that is damaged.
            if labels is not None:
                np.testing.assert_array_equal(labels, random_digits(6)[1])
