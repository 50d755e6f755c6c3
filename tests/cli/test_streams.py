"""What is printed ends no work: characters without a code, readers that leave, closed streams."""

import errno
import io
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pandas as pd
import pytest

from cnn_digits import CNNDigitClassifier
from cnn_digits.cli import main
from cnn_digits.cli.streams import lasting_streams

NAME = "цифра 七 é.png"
needs_posix = pytest.mark.skipif(os.name == "nt", reason="files have names of bytes, not there")


@pytest.fixture
def printed(monkeypatch):
    """A function that sets the encoding of standard output, and returns what lies behind it."""

    def encode(encoding):
        memory = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(memory, encoding=encoding))
        return memory

    return encode


@pytest.fixture(
    params=[
        "pipe",
        pytest.param(
            "openpty", marks=pytest.mark.skipif(os.name == "nt", reason="no terminals as files")
        ),
    ]
)
def nobody_reads(monkeypatch, request):
    """In such a block standard output is a pipe that its reader has left, or a closed terminal.

    No fixture alone: pytest puts a stream of its own in place of another when the test begins.
    """

    @contextmanager
    def block():
        end, stdout = getattr(os, request.param)()
        os.close(end)
        with os.fdopen(stdout, "w", encoding="utf-8") as stream, monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            yield

    return block


@pytest.fixture
def picture(sheets, tmp_path):
    """A picture whose name has characters of several scripts."""
    return shutil.copy(min((sheets / "own").iterdir()), tmp_path / NAME)


class TestCharactersWithoutACode:
    @pytest.mark.parametrize("encoding", ["ascii", "cp1251"])
    def test_names_are_written_whole(self, sheets, picture, printed, tmp_path, encoding):
        memory = printed(encoding)
        argv = ["predict", str(picture), "--model", f"{sheets}/digits.cnn"]
        argv += ["--out", f"{tmp_path}/out.csv", "--plots", f"{tmp_path}/plots"]
        assert main(argv) == 0
        assert sys.stdout.errors == "strict"
        text = memory.getvalue().decode(encoding)
        assert NAME.encode(encoding, "backslashreplace").decode(encoding) in text
        assert pd.read_csv(tmp_path / "out.csv")["file"].tolist() == [str(picture)]
        assert (tmp_path / "plots" / "readings.png").exists()

    def test_training(self, sheets, monkeypatch, tmp_path):
        argv = ["train", f"{sheets}/train", "--model", f"{tmp_path}/m", "--epochs", "1"]
        with open(tmp_path / "printed", "w", encoding="ascii") as file:
            monkeypatch.setattr(sys, "stdout", file)
            assert main(argv) == 0
            monkeypatch.undo()
        printed = (tmp_path / "printed").read_bytes()
        assert rb"28 \xd7 28" in printed
        assert b" for 1 epoch in " in printed
        assert CNNDigitClassifier.load(tmp_path / "m").n_iter_ == 1

    def test_in_errors(self, tmp_path, monkeypatch):
        memory = io.BytesIO()
        monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(memory, encoding="ascii"))
        assert main(["train", f"{tmp_path}/七.csv", "--model", f"{tmp_path}/m"]) == 2
        sys.stderr.flush()
        assert rb"\u4e03.csv" in memory.getvalue()

    @needs_posix
    def test_names_that_are_no_utf_8(self, sheets, tmp_path, capsys):
        folder = tmp_path / os.fsdecode(b"p\xe4ges")
        folder.mkdir()
        for i, picture in enumerate(sorted((sheets / "own").iterdir())[:2]):
            shutil.copy(picture, folder / os.fsdecode(b"\xff%d\n.png" % i))
        argv = ["predict", str(folder), "--model", f"{sheets}/digits.cnn"]
        argv += ["--out", f"{tmp_path}/out.csv", "--plots", f"{tmp_path}/plots"]
        assert main(argv) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[1].split()[0].endswith(r"p\udce4ges/\udcff0\n.png")
        names = pd.read_csv(
            tmp_path / "out.csv", encoding="utf-8", encoding_errors="surrogateescape"
        )["file"]
        assert sorted(map(os.fsencode, names)) == sorted(map(os.fsencode, folder.iterdir()))
        assert (tmp_path / "plots" / "readings.png").exists()


class TestNobodyReads:
    def test_training_goes_on_to_its_end(self, folder, tmp_path, nobody_reads, capfd):
        argv = ["train", f"{folder}/labelled.csv", "--model", f"{tmp_path}/m", "--epochs", "2"]
        with nobody_reads():
            assert main([*argv, "--architecture", "lenet5", "--plots", f"{tmp_path}/plots"]) == 0
        assert CNNDigitClassifier.load(tmp_path / "m").n_iter_ == 2
        assert len(list((tmp_path / "plots").iterdir())) == 2
        assert capfd.readouterr().err == ""

    def test_predictions_are_written(self, folder, tmp_path, nobody_reads, capfd):
        argv = ["predict", f"{folder}/test.csv", "--model", f"{folder}/digits.cnn"]
        with nobody_reads():
            assert main(argv) == 0
            assert main([*argv, "--out", f"{tmp_path}/out.csv"]) == 0
        assert len((tmp_path / "out.csv").read_text().splitlines()) == 451
        assert capfd.readouterr().err == ""

    def test_help(self, nobody_reads, capfd):
        with nobody_reads(), pytest.raises(SystemExit) as error:
            main(["--help"])
        assert error.value.code == 0
        assert capfd.readouterr().err == ""


@pytest.mark.skipif(os.name == "nt", reason="there all pipes wait")
def test_a_slow_reader_is_waited_for(monkeypatch):
    end, stdout = os.pipe()
    # As whoever shares a pipe may have set it.
    os.set_blocking(stdout, False)
    text = "x" * 10_000_000

    def read():
        with open(end) as reader:
            return reader.read()

    with ThreadPoolExecutor() as pool:
        found = pool.submit(read)
        with open(stdout, "w") as stream, monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            with lasting_streams():
                print(text, end="")
        assert found.result() == text


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no disk that is always full")
class TestFullDisk:
    def test_output(self, monkeypatch, capfd):
        with open("/dev/full", "w") as full:
            monkeypatch.setattr(sys, "stdout", full)
            assert main(["info"]) == 2
            monkeypatch.undo()
        assert "No space left on device" in capfd.readouterr().err

    def test_files_are_written_first(self, folder, tmp_path, monkeypatch):
        model = ["--model", f"{folder}/digits.cnn", "--plots", f"{tmp_path}/plots"]
        with open("/dev/full", "w") as full:
            monkeypatch.setattr(sys, "stdout", full)
            out = ["--out", f"{tmp_path}/out.csv", "--reject", "0.9"]
            assert main(["predict", f"{folder}/test.csv", *model, *out]) == 2
            assert main(["evaluate", f"{folder}/labelled.csv", *model]) == 2
            monkeypatch.undo()
        assert len((tmp_path / "out.csv").read_text().splitlines()) == 451
        written = {path.name for path in (tmp_path / "plots").iterdir()}
        assert written == {"predictions.png", "confusion-matrix.png", "misclassified.png"}

    def test_a_network_is_written_first(self, folder, tmp_path, monkeypatch, capfd):
        """The disk is full when training has ended."""

        class Full(io.StringIO):
            def write(self, text):
                if "Trained" in text:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return super().write(text)

        monkeypatch.setattr(sys, "stdout", Full())
        argv = ["train", f"{folder}/labelled.csv", "--model", f"{tmp_path}/m", "--epochs", "1"]
        assert main([*argv, "--architecture", "lenet5", "--plots", f"{tmp_path}/plots"]) == 2
        assert "No space left on device" in capfd.readouterr().err
        assert CNNDigitClassifier.load(tmp_path / "m").n_iter_ == 1
        assert len(list((tmp_path / "plots").iterdir())) == 2

    def test_remarks(self, tmp_path, monkeypatch):
        with open("/dev/full", "w") as full:
            monkeypatch.setattr(sys, "stderr", full)
            assert main(["train", f"{tmp_path}/no", "--model", f"{tmp_path}/m"]) == 2
            monkeypatch.undo()


@pytest.mark.skipif(os.name == "nt", reason="a shell that closes streams")
@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_closed_streams(folder, tmp_path, closed):
    argv = [sys.executable, "-m", "cnn_digits", "predict", f"{folder}/test.csv"]
    argv += ["--model", f"{folder}/digits.cnn", "--out", f"{tmp_path}/out.csv"]
    run = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *argv], capture_output=True, text=True
    )
    assert run.returncode == 0
    assert run.stderr == ""
    # Nothing that TensorFlow has to say, either.
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 451
