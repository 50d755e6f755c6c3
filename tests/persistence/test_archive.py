import io
import os
import pickle
import socket
import struct
import threading
import tracemalloc
import zipfile

import keras
import numpy as np
import pytest

from cnn_digits.persistence.archive import (
    READER,
    check_length,
    opened_archive,
    read_array,
    read_description,
    write_array,
)

DESCRIPTION = "classifier.json"


def zipped(*members, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def refused(path, content, message):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message), opened_archive(path):
        pytest.fail("the block must not run")


class TestKind:
    """Nothing is read of what is no regular file."""

    def test_folder(self, tmp_path):
        with pytest.raises(ValueError, match="it is a folder; expected"), opened_archive(tmp_path):
            pass

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes as files")
    def test_pipe(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        # A daemon, because before the check it waited for ever.
        errors = []

        def attempt():
            try:
                with opened_archive(tmp_path / "pipe"):
                    pass
            except ValueError as error:
                errors.append(str(error))

        thread = threading.Thread(target=attempt, daemon=True)
        thread.start()
        thread.join(10)
        assert errors[0].startswith("it is a pipe; expected")

    @pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no devices as files")
    def test_device(self):
        with pytest.raises(ValueError, match="it is a device"), opened_archive("/dev/zero"):
            pass

    @pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no sockets as files")
    def test_socket(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)  # a path to a socket has to be short
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("s")
            with pytest.raises(ValueError, match="it is a socket"), opened_archive("s"):
                pass

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "it is empty"),
            (b"no zip", "it is no zip"),
            (pickle.dumps([1]), "it is a pickle, which"),
            (b"\x89HDF\r\n\x1a\n", "it is an HDF5 file"),
            (zipped(("config.json", b"{}")), "it is a zip without classifier.json"),
        ],
    )
    def test_foreign(self, tmp_path, content, message):
        refused(tmp_path / "file", content, message)


class TestEnds:
    content = zipped((DESCRIPTION, b"{}"), ("network/0.npy", bytes(1000)))

    @pytest.mark.parametrize("n_bytes", [4, 10, 500, len(content) - 1])
    def test_cut_off(self, tmp_path, n_bytes):
        refused(tmp_path / "file", self.content[:n_bytes], "it is cut off or damaged")

    @pytest.mark.parametrize("n_bytes", [1, 10, 500])
    def test_missing_in_the_middle(self, tmp_path, n_bytes):
        content = self.content[:200] + self.content[200 + n_bytes :]
        seen, expected = len(content), len(self.content)
        refused(tmp_path / "file", content, f"has {seen:,} bytes in place of {expected:,}")

    def test_too_many_members(self, tmp_path):
        members = [(DESCRIPTION, b"{}"), *((f"{i}", b"") for i in range(25_000))]
        refused(tmp_path / "file", zipped(*members), "its list of contents claims")


class TestMembers:
    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_same_name(self, tmp_path):
        content = zipped((DESCRIPTION, b"{}"), ("a", b"1"), ("a", b"2"))
        refused(tmp_path / "file", content, "several members of the same name")

    def test_encrypted(self, tmp_path):
        content = bytearray(zipped((DESCRIPTION, b"{}")))
        content[content.rindex(b"PK\1\2") + 8] |= 1
        refused(tmp_path / "file", content, "it is encrypted")

    @pytest.mark.parametrize("n_bytes", [1, 1_000_000])
    def test_compressed_arrays(self, tmp_path, n_bytes):
        members = [(DESCRIPTION, b"{}"), ("network/0.npy", bytes(n_bytes))]
        content = zipped(*members, compression=zipfile.ZIP_DEFLATED)
        refused(tmp_path / "file", content, f"its arrays claim {n_bytes:,} bytes in a file of")

    def test_overlapping_arrays(self, tmp_path):
        """One array that is listed often."""
        content = zipped((DESCRIPTION, b"{}"), ("network/0.npy", bytes(1000)))
        begin = content.rindex(b"PK\1\2")
        end = content.rindex(b"PK\5\6")
        entry = content[begin:end]
        entries = b"".join(entry.replace(b"0.npy", b"%d.npy" % i) for i in range(10))
        tail = bytearray(content[end:])
        size = len(content[content.index(b"PK\1\2") : begin]) + len(entries)
        tail[8:16] = struct.pack("<HHL", 11, 11, size)
        refused(tmp_path / "file", content[:begin] + entries + tail, "its arrays claim 10,000")

    @pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_other_compression(self, tmp_path, compression):
        content = zipped((DESCRIPTION, b"{}"), compression=compression)
        refused(tmp_path / "file", content, "compressed in a way")


class TestDescription:
    def read(self, path, content):
        path.write_bytes(zipped((DESCRIPTION, content), compression=zipfile.ZIP_DEFLATED))
        with opened_archive(path) as archive:
            return read_description(archive)

    def test_content(self, tmp_path):
        assert self.read(tmp_path / "file", '{"é": [1]}'.encode()) == {"é": [1]}

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "is no JSON"),
            (b"{'a': 1}", "is no JSON"),
            (b'{"a": 1', "is no JSON"),
            (b"\xff\xfe{}", "is no JSON"),
            (b"9" * 5000, "is no JSON"),
            (b"[" * 10**5, "is nested too deeply"),
            (b"[" * 64 * 2**20, r"67,108,864 bytes; expected 16,777,216 at most"),
        ],
    )
    def test_refused(self, tmp_path, content, message):
        with pytest.raises(ValueError, match=rf"classifier.json .*{message}"):
            self.read(tmp_path / "file", content)

    def test_a_claim_of_less_than_there_is(self, tmp_path):
        content = zipped((DESCRIPTION, b"[" * 64 * 2**20), compression=zipfile.ZIP_DEFLATED)
        content = content.replace(struct.pack("<L", 64 * 2**20), struct.pack("<L", 1000))
        (tmp_path / "file").write_bytes(content)
        tracemalloc.start()
        with (
            opened_archive(tmp_path / "file") as archive,
            pytest.raises((zipfile.BadZipFile, ValueError)),
        ):
            read_description(archive)
        assert tracemalloc.get_traced_memory()[1] < 40e6
        tracemalloc.stop()

    def test_what_is_written_is_as_short(self):
        check_length(16 * 2**20)
        with pytest.raises(ValueError, match="expected 16,777,216 at most"):
            check_length(16 * 2**20 + 1)


class TestAnotherKind:
    def test_its_description(self, tmp_path):
        (tmp_path / "r").write_bytes(zipped(("reader.json", "[1]")))
        with opened_archive(tmp_path / "r", READER) as archive:
            assert read_description(archive, READER) == [1]

    def test_one_is_not_taken_for_the_other(self, tmp_path):
        refused(tmp_path / "r", zipped(("reader.json", "{}")), "it holds a NumberReader, which")
        (tmp_path / "c").write_bytes(zipped((DESCRIPTION, "{}")))
        with (
            pytest.raises(ValueError, match="it holds a CNNDigitClassifier, which"),
            opened_archive(tmp_path / "c", READER),
        ):
            pytest.fail("the block must not run")

    def test_who_has_written_what_is_expected(self, tmp_path):
        (tmp_path / "r").write_bytes(b"no zip")
        with (
            pytest.raises(ValueError, match=r"expected a file that NumberReader\.save has"),
            opened_archive(tmp_path / "r", READER),
        ):
            pytest.fail("the block must not run")


class TestShortArrays:
    """Weights in float16 where that holds them exactly."""

    @pytest.mark.parametrize(
        ("values", "itemsize"), [([0.5, -2.0], 2), ([0.5, 0.1], 4), ([1e6, 0.0], 4)]
    )
    def test_nothing_is_lost(self, tmp_path, values, itemsize):
        variable = keras.Variable(np.array(values, np.float32))
        with zipfile.ZipFile(tmp_path / "a", "w") as archive:
            write_array(archive, "network/0.npy", variable, short=True)
        with zipfile.ZipFile(tmp_path / "a") as archive:
            with archive.open("network/0.npy") as entry:
                assert np.load(entry).dtype.itemsize == itemsize
            found = read_array(archive, "network/0.npy", variable)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, np.float32(values))
