import gzip
import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
import warnings
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import filelock
import numpy as np
import pandas as pd
import pytest
from data_samples import TEST, TRAIN, idx, idx_files, random_digits, write_all

from cnn_digits import fetch_mnist
from cnn_digits.data import mnist
from cnn_digits.data.mnist_files import Published


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
        monkeypatch.setattr(mnist, "_download", lambda *args: pytest.fail("a download"))

    @pytest.mark.parametrize("place", [".", "mnist", "MNIST/raw"])
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
        X, y = random_digits(20)
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
        bunch = fetch_mnist(tmp_path)
        np.testing.assert_array_equal(bunch.images, X)
        np.testing.assert_array_equal(bunch.target, y)

    def test_bunch(self, tmp_path):
        write_all(tmp_path, idx_files())
        bunch = fetch_mnist(tmp_path)
        X, y = random_digits(20)
        np.testing.assert_array_equal(bunch.images, X)
        np.testing.assert_array_equal(bunch.data, X.reshape(20, -1))
        np.testing.assert_array_equal(bunch.target, y)
        assert (bunch.data.dtype, bunch.target.dtype) == (np.uint8, np.int64)
        assert bunch.feature_names[::783] == ["pixel0", "pixel783"]
        assert bunch.target_names == list(range(10))
        assert bunch.frame is None
        assert "28 × 28" in bunch.DESCR

    def test_return_X_y(self, tmp_path):
        write_all(tmp_path, idx_files())
        X, y = fetch_mnist(tmp_path, "all", return_X_y=True)
        assert (X.shape, X.dtype) == ((30, 784), np.uint8)
        assert (y.shape, y.dtype) == ((30,), np.int64)
        X[0, 0], y[0] = 1, 1  # both can be written to

    def test_as_frame(self, tmp_path):
        write_all(tmp_path, idx_files())
        plain, bunch = fetch_mnist(tmp_path), fetch_mnist(tmp_path, as_frame=True)
        np.testing.assert_array_equal(bunch.data, plain.data)
        assert list(bunch.data) == plain.feature_names
        assert (bunch.data.dtypes == np.uint8).all()
        np.testing.assert_array_equal(bunch.target, plain.target)
        assert list(bunch.frame) == ["label", *plain.feature_names]
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
        X, y = random_digits(5, shape=(8, 8))
        np.savez(tmp_path / "mnist.npz", x_train=X, y_train=y, x_test=random_digits(5)[0])
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
        bunch = fetch_mnist(download_if_missing=False)
        for array, sha256 in (
            (bunch.images, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
            (bunch.target, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
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
    fault : {None, "cut", "stall", "endless", "announced", "drip", "redirect"}
        After half of what is asked for, close the connection or send nothing more; or a body
        without an end, one that announces a terabyte, a byte now and then, an address that is
        none.
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
                if mirror.fault in ("endless", "announced", "drip", "redirect"):
                    with suppress(ConnectionError):
                        self.misbehave()
                    return
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

            def misbehave(self):
                self.close_connection = True
                if mirror.fault == "redirect":
                    self.send_response(302)
                    self.send_header("Location", "http://[half an address")
                    self.end_headers()
                    return
                self.send_response(200)
                if mirror.fault == "announced":
                    self.send_header("Content-Length", str(2**40))
                self.end_headers()
                piece = b"x" if mirror.fault == "drip" else bytes(2**16)
                while not mirror.closing.wait(0.02 if mirror.fault == "drip" else 0):
                    self.wfile.write(piece)
                    mirror.n_sent += len(piece)

            def log_message(self, *args):
                pass

        self.n_sent = 0
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
        return tuple(
            Published(name, len(files[name]), hashlib.sha256(files[name]).hexdigest())
            for name in names
        )

    return {"train": of(TRAIN), "test": of(TEST)}


@pytest.fixture
def mirrors(home, monkeypatch):
    files = idx_files()
    mirrors = [Mirror(files), Mirror(files)]
    monkeypatch.setattr(mnist, "MNIST_FILES", checksums(files))
    monkeypatch.setattr(mnist, "_MIRRORS", tuple(mirror.url for mirror in mirrors))
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
            np.testing.assert_array_equal(X, random_digits(20)[0].reshape(20, -1))
            np.testing.assert_array_equal(y, random_digits(20)[1])
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
        monkeypatch.setattr(mnist, "_TIMEOUT", 0.2)
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
        monkeypatch.setattr(mnist, "_TIMEOUT", 0.2)
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

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ("endless", r"t10k-images.* is larger than the [0-9,]+ bytes expected"),
            ("announced", r"t10k-images.* is larger than the [0-9,]+ bytes expected"),
            ("drip", r"t10k-images.* took longer than 0\.5 seconds"),
            ("redirect", r"t10k-images.*: Invalid IPv6 URL"),
        ],
    )
    def test_a_mirror_that_misbehaves(self, mirrors, home, monkeypatch, fault, reason):
        monkeypatch.setattr(mnist, "_DEADLINE", 0.5)
        mirrors[0].fault = fault
        assert len(fetch_mnist().data) == 20
        assert mirrors[1].requests == list(TRAIN)
        assert downloaded(home) == sorted(TRAIN)
        # What was read ahead by the sockets, and not what there was.
        assert mirrors[0].n_sent < 2e7
        mirrors[1].fault = fault
        with pytest.raises(OSError, match=reason) as error:
            fetch_mnist(subset="test")
        assert "\n" not in str(error.value)
        assert not set(downloaded(home)) & set(TEST)

    def test_both_reasons_are_told(self, mirrors, home):
        mirrors[0].files, mirrors[1].fault = {}, "redirect"
        with pytest.raises(OSError, match=r"404.*; http.*Invalid IPv6 URL"):
            fetch_mnist()

    def test_who_holds_the_lock_is_not_waited_for_without_end(self, mirrors, home, monkeypatch):
        monkeypatch.setattr(mnist, "_DEADLINE", 0.01)
        home.mkdir(parents=True)
        with (
            filelock.FileLock(home / ".download.lock"),
            pytest.raises(OSError, match=r"can't be downloaded .*lock"),
        ):
            fetch_mnist()

    def test_offline_keeps_what_came_before(self, mirrors, home, monkeypatch):
        left = {f"{TRAIN[0]}.unchecked_8random.part": mirrors[0].files[TRAIN[0]][:100]}
        write_all(home, left)
        monkeypatch.setattr(mnist, "_MIRRORS", ("http://127.0.0.1:1/",))
        with pytest.raises(OSError, match="can't be downloaded"):
            fetch_mnist()
        assert downloaded(home) == list(left)

    @pytest.mark.parametrize("fault", ["cut", "stall"])
    def test_goes_on_inside_a_file(self, mirrors, home, monkeypatch, fault):
        monkeypatch.setattr(mnist, "_TIMEOUT", 0.2)
        files = idx_files(n_train=4000)  # 3 MB; the network is read in pieces of half a megabyte
        monkeypatch.setattr(mnist, "MNIST_FILES", checksums(files))
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
        monkeypatch.setattr(mnist, "_MIRRORS", (url, url))
        start = time.perf_counter()
        with pytest.raises(OSError, match="can't be downloaded") as error:
            fetch_mnist(subset="test")
        assert time.perf_counter() - start < 3
        for name in (*TEST, "mnist.npz", str(home)):
            assert name in str(error.value)

    def test_folder_that_cannot_be_made(self, mirrors, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(OSError, match=r"can't be downloaded there: .*file.* as data_home"):
            fetch_mnist(tmp_path / "file" / "below")

    @pytest.mark.skipif(not os.path.exists("/proc/self"), reason="no folder for reading alone")
    def test_folder_that_cannot_be_written_in(self, mirrors, monkeypatch):
        with pytest.raises(OSError, match=r"MNIST is not in /proc, and .* as data_home, or put t"):
            fetch_mnist("/proc")
        monkeypatch.setenv("SCIKIT_LEARN_DATA", "/proc/digits")
        with pytest.raises(OSError, match=r"folder for data can't be made .*CNN_DIGITS_DATA"):
            fetch_mnist()

    @pytest.mark.skipif(
        os.name == "nt" or os.geteuid() == 0, reason="nothing is forbidden to root, nor here"
    )
    def test_read_only_home(self, mirrors, tmp_path):
        tmp_path.chmod(0o500)
        with pytest.raises(PermissionError, match=r"can't be downloaded there: no file can be"):
            fetch_mnist(tmp_path)
        tmp_path.chmod(0o700)

    def test_two_processes_at_once(self, mirrors, home):
        code = (
            "import sys\n"
            "from cnn_digits.data import mnist\n"
            "from cnn_digits.data.mnist_files import Published\n"
            f"mnist.MNIST_FILES = {checksums(mirrors[0].files)!r}\n"
            f"mnist._MIRRORS = ({mirrors[0].url!r},)\n"
            "print('ready', flush=True)\n"
            "sys.stdin.readline()\n"
            "print(len(mnist.fetch_mnist(subset='all').data))\n"
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
