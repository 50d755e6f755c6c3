import gzip
import hashlib
import io
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import warnings
import zipfile
import zlib
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from cnn_digits import FrameDigits, datasets, fetch_mnist, read_images, summary
from cnn_digits.datasets import read_dataset, read_idx, read_npz

# Each example writes over the file of the one before.
one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

TRAIN = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
TEST = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")


def idx(array, dtype_code=8):
    array = np.asarray(array, dtype=np.uint8)
    return struct.pack(f">4B{array.ndim}I", 0, 0, dtype_code, array.ndim, *array.shape) + (
        array.tobytes()
    )


def digits(n, seed=0, shape=(28, 28)):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, *shape), dtype=np.uint8), np.arange(n, dtype=np.uint8) % 10


def idx_files(n_train=20, n_test=10):
    """What MNIST's mirrors have, only less of it."""
    content = (*digits(n_train, seed=0), *digits(n_test, seed=1))
    return {
        name: gzip.compress(idx(array), mtime=0)
        for name, array in zip((*TRAIN, *TEST), content, strict=True)
    }


def write_all(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A data home of scikit-learn in which nothing is, and no environment variable."""
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "home"))
    monkeypatch.delenv("CNN_DIGITS_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path / "home" / "mnist"


class TestFetchWithoutDownload:
    @pytest.fixture(autouse=True)
    def _nothing_to_download(self, home, monkeypatch):
        monkeypatch.setattr(datasets, "_download", lambda *args: pytest.fail("a download"))

    @pytest.mark.parametrize("place", [".", "mnist"])
    @pytest.mark.parametrize("how", ["data_home", "environment", "scikit-learn"])
    def test_places(self, home, tmp_path, monkeypatch, place, how):
        folder = home if how == "scikit-learn" else tmp_path / "data"
        write_all(folder / place, idx_files())
        if how == "environment":
            monkeypatch.setenv("CNN_DIGITS_DATA", str(folder))
        data_home = folder if how == "data_home" else None
        for subset, n in (("train", 20), ("test", 10), ("all", 30)):
            assert len(fetch_mnist(data_home, subset).data) == n

    @pytest.mark.skipif(os.name == "nt", reason="HOME is not the home of a user there")
    def test_home_of_the_user(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        write_all(tmp_path / "digits", idx_files())
        assert len(fetch_mnist("~/digits").data) == 20

    def test_environment_comes_first_and_makes_no_folder(self, home, tmp_path, monkeypatch):
        write_all(tmp_path / "data" / "mnist", idx_files())
        monkeypatch.setenv("CNN_DIGITS_DATA", str(tmp_path / "data"))
        fetch_mnist()
        assert not home.parent.exists()

    def test_what_the_environment_lacks_is_in_the_data_home(self, home, tmp_path, monkeypatch):
        files = idx_files()
        write_all(tmp_path / "data", {name: files[name] for name in TRAIN})
        write_all(home, {name: files[name] for name in TEST})
        monkeypatch.setenv("CNN_DIGITS_DATA", str(tmp_path / "data"))
        assert len(fetch_mnist(subset="all").data) == 30

    def test_data_home_is_the_only_place(self, home, tmp_path):
        write_all(home, idx_files())
        with pytest.raises(OSError, match=r"MNIST is not in .*other"):
            fetch_mnist(tmp_path / "other", download_if_missing=False)

    @pytest.mark.parametrize("kind", ["plain", "dotted", "dotted.gz", "npz"])
    def test_kinds_of_files(self, tmp_path, kind):
        X, y = digits(20)
        if kind == "npz":
            np.savez(tmp_path / "mnist.npz", x_train=X, y_train=y, x_test=X[:5], y_test=y[:5])
        else:
            for name, array in zip(TRAIN, (X, y), strict=True):
                name = name.removesuffix(".gz")
                name = name.replace("-idx", ".idx") if "dotted" in kind else name
                if kind.endswith(".gz"):
                    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
                else:
                    (tmp_path / name).write_bytes(idx(array))
        mnist = fetch_mnist(tmp_path)
        np.testing.assert_array_equal(mnist.images, X)
        np.testing.assert_array_equal(mnist.target, y)

    def test_bunch(self, tmp_path):
        write_all(tmp_path, idx_files())
        mnist = fetch_mnist(tmp_path)
        X, y = digits(20)
        np.testing.assert_array_equal(mnist.images, X)
        np.testing.assert_array_equal(mnist.data, X.reshape(20, -1))
        np.testing.assert_array_equal(mnist.target, y)
        assert (mnist.data.dtype, mnist.target.dtype) == (np.uint8, np.int64)
        assert mnist.feature_names[::783] == ["pixel0", "pixel783"]
        assert mnist.target_names == list(range(10))
        assert mnist.frame is None
        assert "28 × 28" in mnist.DESCR

    def test_return_X_y(self, tmp_path):
        write_all(tmp_path, idx_files())
        X, y = fetch_mnist(tmp_path, "all", return_X_y=True)
        assert (X.shape, X.dtype) == ((30, 784), np.uint8)
        assert (y.shape, y.dtype) == ((30,), np.int64)
        X[0, 0], y[0] = 1, 1  # both can be written to

    def test_as_frame(self, tmp_path):
        write_all(tmp_path, idx_files())
        plain, mnist = fetch_mnist(tmp_path), fetch_mnist(tmp_path, as_frame=True)
        np.testing.assert_array_equal(mnist.data, plain.data)
        assert list(mnist.data) == plain.feature_names
        assert (mnist.data.dtypes == np.uint8).all()
        np.testing.assert_array_equal(mnist.target, plain.target)
        assert list(mnist.frame) == ["label", *plain.feature_names]
        X, y = fetch_mnist(tmp_path, as_frame=True, return_X_y=True)
        assert isinstance(X, pd.DataFrame)
        assert isinstance(y, pd.Series)

    def test_unknown_subset(self):
        with pytest.raises(ValueError, match="subset='val'; expected 'train', 'test' or 'all'"):
            fetch_mnist(subset="val")

    def test_not_allowed_to_download(self, home):
        with pytest.raises(OSError, match=r"is not in .*mnist; put train-images") as error:
            fetch_mnist(download_if_missing=False)
        for name in (*TRAIN, "mnist.npz", str(home)):
            assert name in str(error.value)

    def test_other_images(self, tmp_path):
        X, y = digits(5, shape=(8, 8))
        np.savez(tmp_path / "mnist.npz", x_train=X, y_train=y, x_test=digits(5)[0])
        with pytest.raises(ValueError, match=r"does not hold MNIST: .* shape \(8, 8\)"):
            fetch_mnist(tmp_path)
        with pytest.raises(ValueError, match=r"no labels"):
            fetch_mnist(tmp_path, "test")

    def test_damage_is_not_downloaded_over(self, tmp_path):
        files = idx_files()
        write_all(tmp_path, files | {TRAIN[0]: files[TRAIN[0]][:-20]})
        with pytest.raises(ValueError, match=r"train-images.*can't be read"):
            fetch_mnist(tmp_path)

    def test_real(self, monkeypatch):
        monkeypatch.undo()  # the environment variable is back
        if "CNN_DIGITS_DATA" not in os.environ:
            pytest.skip("set CNN_DIGITS_DATA to a folder with mnist/train-images-idx3-ubyte.gz")
        mnist = fetch_mnist(download_if_missing=False)
        for array, sha256 in (
            (mnist.images, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
            (mnist.target, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        ):
            assert hashlib.sha256(idx(array)).hexdigest() == sha256


class Mirror:
    """A server of some files on this machine that can be told to fail.

    Attributes
    ----------
    url : str
    requests : list of str
        Names of the files asked for, one after the other.
    starts : list of int
        Where in a file it began to send, one for each request that it answered.
    files : dict of bytes
    fault : {None, "cut", "stall"}
        After half of what is asked for, close the connection or send nothing more.
    has_ranges : bool
        Whether it can send the rest of a file.
    """

    def __init__(self, files):
        self.files, self.requests, self.fault = files, [], None
        self.starts, self.has_ranges = [], True
        self.closing = threading.Event()
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.rpartition("/")[2]
                mirror.requests.append(name)
                content = mirror.files.get(name)
                if content is None:
                    self.send_error(404)
                    return
                start = 0
                if mirror.has_ranges and "Range" in self.headers:
                    start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
                    if start >= len(content):
                        self.send_error(416)
                        return
                    self.send_response(206)
                    end = f"{len(content) - 1}/{len(content)}"
                    self.send_header("Content-Range", f"bytes {start}-{end}")
                else:
                    self.send_response(200)
                mirror.starts.append(start)
                content = content[start:]
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                time.sleep(0.05)  # so that two processes meet
                content = content[: len(content) // 2 if mirror.fault else None]
                # One who goes on with a file first asks for all of it and hangs up.
                with suppress(ConnectionError):
                    self.wfile.write(content)
                if mirror.fault == "stall":
                    self.wfile.flush()
                    mirror.closing.wait(10)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/mnist/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def checksums(files):
    def of(names):
        return tuple((name, hashlib.sha256(files[name]).hexdigest()) for name in names)

    return {"train": of(TRAIN), "test": of(TEST)}


@pytest.fixture
def mirrors(home, monkeypatch):
    files = idx_files()
    mirrors = [Mirror(files), Mirror(files)]
    monkeypatch.setattr(datasets, "_MNIST_FILES", checksums(files))
    monkeypatch.setattr(datasets, "_MNIST_MIRRORS", tuple(mirror.url for mirror in mirrors))
    yield mirrors
    for mirror in mirrors:
        mirror.close()


def downloaded(folder):
    return sorted(name for name in os.listdir(folder) if name != ".download.lock")


class TestDownload:
    @pytest.fixture(autouse=True)
    def _no_warning(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            yield

    def test_once(self, mirrors, home):
        for _ in range(2):
            X, y = fetch_mnist(return_X_y=True)
            np.testing.assert_array_equal(X, digits(20)[0].reshape(20, -1))
            np.testing.assert_array_equal(y, digits(20)[1])
        assert mirrors[0].requests == list(TRAIN)
        assert len(fetch_mnist(subset="all").data) == 30
        assert mirrors[0].requests == [*TRAIN, *TEST]
        assert mirrors[1].requests == []
        assert downloaded(home) == sorted((*TRAIN, *TEST))

    def test_into_data_home(self, mirrors, tmp_path, home):
        fetch_mnist(tmp_path / "a" / "b")
        assert downloaded(tmp_path / "a" / "b") == sorted(TRAIN)
        assert not home.exists()
        fetch_mnist(tmp_path / "a" / "b", download_if_missing=False)

    @pytest.mark.parametrize("fault", ["cut", "stall", "404", "other content"])
    def test_second_mirror(self, mirrors, home, monkeypatch, fault):
        monkeypatch.setattr(datasets, "_TIMEOUT", 0.2)
        if fault == "404":
            mirrors[0].files = {}
        elif fault == "other content":
            mirrors[0].files = dict.fromkeys(TRAIN, b"a page that asks for a password")
        else:
            mirrors[0].fault = fault
        assert len(fetch_mnist().data) == 20
        assert [mirror.requests for mirror in mirrors] == [list(TRAIN)] * 2
        assert downloaded(home) == sorted(TRAIN)

    @pytest.mark.parametrize("fault", ["cut", "stall", "404", "other content"])
    def test_no_mirror(self, mirrors, home, monkeypatch, fault):
        monkeypatch.setattr(datasets, "_TIMEOUT", 0.2)
        for mirror in mirrors:
            mirror.fault = fault if fault in ("cut", "stall") else None
            if fault == "404":
                mirror.files = {}
            elif fault == "other content":
                mirror.files = dict.fromkeys(TRAIN, b"a page that asks for a password")
        reason = {"cut": "incomplete", "stall": "timed out", "404": "404"}
        with pytest.raises(OSError, match=reason.get(fault, "SHA256")) as error:
            fetch_mnist()
        assert "\n" not in str(error.value)
        assert not set(downloaded(home)) & set(TRAIN)
        # Only what a mirror began to send is kept, to go on with.
        if fault not in ("cut", "stall"):
            assert downloaded(home) == []

    @pytest.mark.parametrize("fault", ["cut", "stall"])
    def test_goes_on_inside_a_file(self, mirrors, home, monkeypatch, fault):
        monkeypatch.setattr(datasets, "_TIMEOUT", 0.2)
        files = idx_files(n_train=4000)  # 3 MB; the network is read in pieces of half a megabyte
        monkeypatch.setattr(datasets, "_MNIST_FILES", checksums(files))
        for mirror in mirrors:
            mirror.files, mirror.fault = files, fault
        with pytest.raises(OSError, match="can't be downloaded"):
            fetch_mnist()
        for mirror in mirrors:
            mirror.fault = None
            mirror.starts.clear()
        assert len(fetch_mnist().data) == 4000
        # Kept were a third from the first mirror, whole pieces, and a quarter of the rest.
        assert 0.45 < mirrors[0].starts[1] / len(files[TRAIN[0]]) < 0.75
        assert mirrors[1].starts == []
        assert downloaded(home) == sorted(TRAIN)

    @pytest.mark.parametrize("left", ["all of it", "something else", "too much"])
    def test_what_was_left_is_of_no_use(self, mirrors, home, left):
        content = mirrors[0].files[TRAIN[0]]
        left = {"all of it": content, "something else": b"?" * 50, "too much": content * 2}[left]
        write_all(home, {f"{TRAIN[0]}.unchecked_8random.part": left})
        assert len(fetch_mnist().data) == 20
        assert mirrors[1].requests == []
        assert downloaded(home) == sorted(TRAIN)

    def test_a_mirror_that_cannot_go_on_begins_anew(self, mirrors, home):
        mirrors[0].has_ranges = False
        write_all(home, {f"{TRAIN[0]}.unchecked_8random.part": mirrors[0].files[TRAIN[0]][:100]})
        assert len(fetch_mnist().data) == 20
        assert mirrors[1].requests == []
        assert downloaded(home) == sorted(TRAIN)

    def test_goes_on_where_it_stopped(self, mirrors, home):
        files = mirrors[0].files
        for mirror in mirrors:
            mirror.files = {TRAIN[0]: files[TRAIN[0]]}
        with pytest.raises(OSError, match="404"):
            fetch_mnist()
        for mirror in mirrors:
            mirror.files = files
            mirror.requests.clear()
        fetch_mnist()
        assert mirrors[0].requests == [TRAIN[1]]

    def test_offline(self, mirrors, home, monkeypatch):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        monkeypatch.setattr(datasets, "_MNIST_MIRRORS", (url, url))
        start = time.perf_counter()
        with pytest.raises(OSError, match="can't be downloaded") as error:
            fetch_mnist(subset="test")
        assert time.perf_counter() - start < 3
        for name in (*TEST, "mnist.npz", str(home)):
            assert name in str(error.value)

    def test_folder_that_cannot_be_made(self, mirrors, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(OSError, match=r"can't be downloaded .*file"):
            fetch_mnist(tmp_path / "file" / "below")

    def test_two_processes_at_once(self, mirrors, home):
        code = (
            "import sys\n"
            "from cnn_digits import datasets\n"
            f"datasets._MNIST_FILES = {checksums(mirrors[0].files)!r}\n"
            f"datasets._MNIST_MIRRORS = ({mirrors[0].url!r},)\n"
            "print('ready', flush=True)\n"
            "sys.stdin.readline()\n"
            "print(len(datasets.fetch_mnist(subset='all').data))\n"
        )
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        processes = [subprocess.Popen([sys.executable, "-c", code], **pipes) for _ in range(2)]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [process.communicate(timeout=30)[0] for process in processes] == ["30\n"] * 2
        assert sorted(mirrors[0].requests) == sorted((*TRAIN, *TEST))
        assert downloaded(home) == sorted((*TRAIN, *TEST))


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
        array = digits(6, shape=(4, 4))[0]
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

    def test_memory_is_that_of_the_data_not_of_the_claim(self, tmp_path):
        (tmp_path / "file").write_bytes(b"\0\0\x08\x03" + b"\xff" * 12 + b"data")
        tracemalloc.start()
        with pytest.raises(ValueError, match="and holds 4: cut short"):
            read_idx(tmp_path / "file")
        assert tracemalloc.get_traced_memory()[1] < 10e6
        tracemalloc.stop()

    def test_missing(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="missing"):
            read_idx(tmp_path / "missing")


@pytest.fixture(scope="module")
def npz_files():
    contents = []
    for save in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        save(file, X=digits(6, shape=(4, 4))[0], y=digits(6)[1])
        contents.append(file.getvalue())
    return contents


class TestNpz:
    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    @pytest.mark.parametrize("names", [("X", "y"), ("images", "labels"), ("data", "target"), None])
    def test_names(self, tmp_path, save, names):
        X, y = digits(5)
        if names is None:
            save(tmp_path / "file.npz", X, y)
        else:
            save(tmp_path / "file.npz", **dict(zip(names, (X, y), strict=True)))
        for subset in ("train", "test"):
            images, labels = read_npz(tmp_path / "file.npz", subset)
            np.testing.assert_array_equal(images, X)
            np.testing.assert_array_equal(labels, y)

    def test_subsets(self, tmp_path):
        X, y = digits(5)
        np.savez(tmp_path / "file.npz", x_train=X, y_train=y, x_test=X[:2], y_test=y[:2])
        assert [len(part) for part in read_npz(tmp_path / "file.npz")] == [5, 5]
        assert [len(part) for part in read_npz(tmp_path / "file.npz", "test")] == [2, 2]

    @pytest.mark.parametrize("order", ["C", "F"])
    @pytest.mark.parametrize("dtype", ["u1", "<f8", ">f4", "<i8"])
    @pytest.mark.parametrize("labels", [None, ["one", "two", "three"], [1.0, 2.0, 3.0]])
    def test_kinds(self, tmp_path, order, dtype, labels):
        X = np.array(digits(3)[0], dtype=dtype, order=order)
        arrays = {"X": X} if labels is None else {"X": X, "y": np.array(labels)}
        np.savez(tmp_path / "file.npz", **arrays)
        images, read = read_npz(tmp_path / "file.npz")
        np.testing.assert_array_equal(images, X)
        assert images.dtype == X.dtype
        np.testing.assert_array_equal(read, labels)

    @pytest.mark.parametrize(
        ("arrays", "message"),
        [
            ({"a": np.ones((2, 4))}, r"holds the arrays a; expected x_train and y_train, or X and"),
            ({"x_test": np.ones((2, 4)), "y_test": [1, 2]}, r"holds the arrays x_test, y_test"),
            ({}, r"holds the arrays none"),
            ({"X": np.ones(4)}, r"float64 of shape \(4,\); expected numbers of shape \(n, f"),
            ({"X": [["a", "b"]]}, r"<U1 of shape \(1, 2\); expected numbers"),
            ({"X": np.ones((2, 4)) * 1j}, r"complex128"),
            ({"X": np.ones((0, 4))}, r"X is empty: shape \(0, 4\)"),
            ({"X": np.ones((2, 4)), "y": [1, 2, 3]}, r"X and y hold 2 images and 3 labels"),
            ({"X": np.ones((2, 4)), "y": [[1], [2]]}, r"y is an array of int64 of shape \(2, 1\)"),
            ({"X": np.array([[1], [None]])}, r"allow_pickle=False"),
            ({"X": np.ones((2, 4)), "y": np.array([1, None])}, r"allow_pickle=False"),
        ],
    )
    def test_refused(self, tmp_path, arrays, message):
        np.savez(tmp_path / "file.npz", **arrays)
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
        with pytest.raises(ValueError, match=r"file\.npz can't be read"):
            read_npz(tmp_path / "file.npz")

    def test_header_that_claims_less(self, tmp_path):
        path = tmp_path / "file.npz"
        np.savez(path, X=digits(1000)[0])
        content = path.read_bytes()
        assert content.count(b"(1000, 28, 28)") == 1
        path.write_bytes(content.replace(b"(1000, 28, 28)", b"(   1, 28, 28)"))
        with pytest.raises(ValueError, match="CRC"):
            read_npz(path)

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
            np.testing.assert_array_equal(images, digits(6, shape=(4, 4))[0])
            # None, if it is the name of the labels that is damaged.
            if labels is not None:
                np.testing.assert_array_equal(labels, digits(6)[1])


# Something dark in a corner of a white sheet, so that turns show.
SHEET = np.full((12, 8), 255, np.uint8)
SHEET[1:4, 1:3] = 20


def save(path, image=SHEET, **kwargs):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(path, **kwargs)
    return path


@pytest.fixture(scope="module")
def picture_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    return {
        suffix: save(folder / f"sheet{suffix}").read_bytes()
        for suffix in (".png", ".jpg", ".bmp", ".gif", ".tif", ".webp")
    }


def png(width, height):
    """A picture that claims a size and has a single pixel."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)


class TestPictures:
    @pytest.mark.parametrize("suffix", [".png", ".JPG", ".jpeg", ".bmp", ".gif", ".tif", ".webp"])
    def test_formats(self, tmp_path, suffix):
        images, names = read_images(save(tmp_path / f"sheet{suffix}"))
        assert names == [str(tmp_path / f"sheet{suffix}")]
        assert (images[0].dtype, images[0].shape) == (np.uint8, SHEET.shape)
        np.testing.assert_allclose(images[0], SHEET.astype(float), atol=40)
        images[0][0, 0] = 0  # can be written to

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
    def test_modes(self, tmp_path, mode):
        sheet = np.where(SHEET < 128, 0, 255).astype(np.uint8)
        if mode == "I;16":
            image = Image.fromarray(sheet.astype(np.uint16) * 257)
        else:
            image = Image.fromarray(sheet).convert(mode)
        assert image.mode == mode
        (image,), _ = read_images(save(tmp_path / "sheet.png", image))
        np.testing.assert_array_equal(image, sheet)
        assert image.dtype == np.uint8

    def test_cmyk(self, tmp_path):
        path = save(tmp_path / "sheet.jpg", Image.fromarray(SHEET).convert("CMYK"), quality=100)
        (image,), _ = read_images(path)
        np.testing.assert_allclose(image, SHEET.astype(float), atol=10)

    @pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
    def test_transparent_is_white(self, tmp_path, mode):
        # Black all over, opaque only where the sheet is dark.
        image = Image.fromarray(np.stack([SHEET * 0, 255 * (SHEET < 128).astype(np.uint8)], -1))
        if mode == "P":
            image = Image.fromarray((SHEET < 128).astype(np.uint8)).convert("P")
            image.putpalette([0, 0, 0, 0, 0, 0])
            image.info["transparency"] = 0
        (image,), _ = read_images(
            save(tmp_path / "sheet.png", image if mode == "P" else image.convert(mode))
        )
        np.testing.assert_array_equal(image, np.where(SHEET < 128, 0, 255))

    def test_white_on_nothing_is_on_black(self, tmp_path):
        opaque = 255 * (SHEET < 128).astype(np.uint8)
        path = save(tmp_path / "sheet.png", np.stack([opaque * 0 + 255, opaque], -1))
        np.testing.assert_array_equal(read_images(path)[0][0], opaque)

    @pytest.mark.parametrize(
        ("pixels", "expected"),
        [
            (np.array([[0, 257, 65535]], np.uint16), [0, 1, 255]),
            (np.array([[0, 0.5, 1]], np.float32), [0, 128, 255]),
            (np.array([[0, 100, 255]], np.float32), [0, 100, 255]),
            (np.array([[-5, 32896, 70000]], np.float32), [0, 128, 255]),
            (np.array([[0, 514, 65535]], np.int32), [0, 2, 255]),
            (np.array([[0, 128, 255]], np.int32), [0, 128, 255]),
            (np.array([[-0.01, 0.5, 1.02]], np.float32), [0, 128, 255]),
        ],
    )
    def test_other_depths(self, tmp_path, pixels, expected):
        (image,), _ = read_images(save(tmp_path / "sheet.tif", pixels))
        assert image.tolist() == [expected]

    def test_pixels_that_are_no_numbers(self, tmp_path):
        path = save(tmp_path / "sheet.tif", np.array([[0, np.nan]], np.float32))
        with pytest.raises(
            ValueError, match=r"sheet\.tif can't be read: it has pixels that are no"
        ):
            read_images(path)

    @pytest.mark.parametrize("suffix", [".gif", ".tif", ".png", ".webp"])
    def test_the_first_of_several(self, tmp_path, suffix):
        others = [Image.fromarray(255 - SHEET), Image.fromarray(SHEET[::-1])]
        path = save(tmp_path / f"sheet{suffix}", save_all=True, append_images=others)
        (image,), _ = read_images(path)
        np.testing.assert_allclose(image, SHEET.astype(float), atol=40)

    @pytest.mark.parametrize(
        ("orientation", "turn"),
        [(1, lambda x: x), (3, lambda x: x[::-1, ::-1]), (6, lambda x: np.rot90(x, -1))],
    )
    def test_turned_as_the_camera_says(self, tmp_path, orientation, turn):
        exif = Image.Exif()
        exif[0x0112] = orientation
        (image,), _ = read_images(save(tmp_path / "sheet.jpg", exif=exif, quality=100))
        np.testing.assert_allclose(image, turn(SHEET).astype(float), atol=40)

    def test_order(self, tmp_path):
        for number in (10, 9, 1, 2):
            save(tmp_path / f"{number}.png")
        (tmp_path / "notes.txt").write_text("")
        images, names = read_images(tmp_path)
        assert [os.path.basename(name) for name in names] == ["1.png", "2.png", "9.png", "10.png"]
        assert len(images) == 4
        paths = [str(tmp_path / "9.png"), tmp_path / "1.png"]
        assert read_images(paths)[1] == [str(path) for path in paths]

    def test_what_programs_leave_behind_is_no_picture(self, tmp_path):
        save(tmp_path / "0" / "a.png")
        save(tmp_path / ".checkpoints" / "b.png")
        (tmp_path / "0" / "._a.png").write_bytes(b"from macOS")
        (tmp_path / "0" / "folder.png").mkdir()
        assert len(read_images(tmp_path)[0]) == 1

    def test_no_paths(self):
        with pytest.raises(ValueError, match="There are no paths; expected at least one picture"):
            read_images([])

    def test_nothing_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"holds no pictures \(\.png"):
            read_images(tmp_path)
        with pytest.raises(FileNotFoundError, match="missing"):
            read_images(tmp_path / "missing.png")

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "none of PNG, JPEG"),
            (b"text", "none of PNG, JPEG"),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "none of PNG"),
            (png(30_000, 30_000), "decompression bomb"),
            (png(10_000, 10_000), "decompression bomb"),
            (png(10, 10), r"sheet\.png can't be read"),
        ],
    )
    def test_refused(self, tmp_path, content, message):
        (tmp_path / "sheet.png").write_bytes(content)
        with pytest.raises(ValueError, match=message) as error:
            read_images(tmp_path / "sheet.png")
        assert str(error.value).startswith(f"{tmp_path / 'sheet.png'} can't be read: ")
        assert "\n" not in str(error.value)

    @one_folder
    @given(st.data(), st.sampled_from([".png", ".jpg", ".bmp", ".gif", ".tif", ".webp"]))
    @pytest.mark.filterwarnings("ignore")  # Pillow's, of what it overlooks
    def test_damage(self, picture_files, tmp_path, data, suffix):
        content = bytearray(picture_files[suffix])
        place = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            del content[place:]
        else:
            content[place] ^= data.draw(st.integers(1, 255))
        path = tmp_path / f"sheet{suffix}"
        path.write_bytes(content)
        with suppress(ValueError):
            (image,), _ = read_images(path)
            assert image.ndim == 2
            assert image.dtype == np.uint8

    def test_one_bad_among_many(self, tmp_path):
        for number in range(100):
            save(tmp_path / f"{number}.png")
        bad = tmp_path / "50.png"
        bad.write_bytes(bad.read_bytes()[:-30])
        with pytest.raises(ValueError, match=r"50\.png can't be read"):
            read_images(tmp_path)
        with pytest.warns(UserWarning, match=r"Left out: .*50\.png can't be read"):
            images, names = read_images(tmp_path, skip_bad=True)
        assert len(images) == len(names) == 99
        assert str(bad) not in names

    def test_all_bad(self, tmp_path):
        (tmp_path / "1.png").write_bytes(b"")
        with pytest.raises(ValueError, match=r"None of 1 pictures can be read: .*1\.png"):
            read_images(tmp_path, skip_bad=True)

    def test_skip_what_is_missing(self, tmp_path):
        good = save(tmp_path / "good.png")
        with pytest.warns(UserWarning, match=r"missing\.png"):
            images, _ = read_images([good, tmp_path / "missing.png"], skip_bad=True)
        assert len(images) == 1


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
        X, y = digits(5)
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
        np.testing.assert_array_equal(read_dataset(tmp_path / TEST[0]).target, digits(10)[1])
        plain.unlink()
        write_all(tmp_path, {TEST[1]: files[TEST[1]]})
        np.testing.assert_array_equal(read_dataset(tmp_path / TEST[0]).target, digits(10)[1])
        with pytest.raises(ValueError, match="holds no images but an array of 1 dimensions"):
            read_dataset(tmp_path / TEST[1])
        (tmp_path / "own.idx0").write_bytes(idx(digits(3)[0]))
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


class TestSummary:
    def test_numbers(self):
        X = np.array([[0, 1], [2, 3], [0, 1], [0, 1]], np.uint8)
        found = summary(X, [7, 7, 7, 3])
        assert (found.n_images, found.image_shape, found.dtype) == (4, (2,), np.uint8)
        assert (found.minimum, found.maximum) == (0, 3)
        assert (found.n_missing, found.n_duplicates) == (0, 2)
        assert found.class_counts == {3: 1, 7: 3}
        assert type(found.maximum) is int

    def test_missing(self):
        X = [[np.nan, 1.5], [2, np.nan], [np.nan, 1.5]]
        found = summary(X, [1, None, np.nan])
        assert (found.minimum, found.maximum) == (1.5, 2)
        assert found.n_missing == 5
        assert found.n_duplicates == 1
        assert found.class_counts == {1: 1}

    def test_nothing_but_missing(self):
        found = summary(np.full((2, 3), np.nan), [None, None])
        assert (found.minimum, found.maximum, found.n_missing) == (None, None, 8)
        assert found.class_counts == {}
        assert "missing values: 8" in str(found)

    @pytest.mark.parametrize("shape", [(4,), (2, 2), (2, 2, 3)])
    def test_shapes(self, shape):
        found = summary(digits(3, shape=shape)[0])
        assert found.image_shape == shape
        assert found.n_duplicates == 0
        assert found.class_counts is None

    def test_frame(self):
        frame = pd.DataFrame({"pixel0": [1, 2], "pixel1": [None, 2]})
        assert summary(frame, pd.Series(["a", "b"])).n_missing == 1

    def test_printed(self):
        X = np.zeros((1_234, 28, 28), np.uint8)
        X[0, 0, 0] = 255
        y = np.repeat(["seven", "three"], [1_200, 34])
        assert str(summary(X, y)).splitlines() == [
            "1,234 images of 28 × 28 pixels, uint8, from 0 to 255",
            "missing values: none",
            "duplicates: 1232",
            "2 classes, of 34 to 1,200 images",
            "  seven   1,200   97.2 %",
            "  three      34    2.8 %",
        ]
        assert str(summary(X)).count("\n") == 2

    @pytest.mark.parametrize(
        ("X", "y", "message"),
        [
            (np.zeros((0, 4)), None, "0 sample"),
            (np.zeros((1, 2, 2, 1, 1)), None, "expected"),
            (np.zeros((3, 4)), [1, 2], "inconsistent"),
            ([["a", "b"]], None, "numeric"),
        ],
    )
    def test_refused(self, X, y, message):
        with pytest.raises(ValueError, match=message):
            summary(X, y)
