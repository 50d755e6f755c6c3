"""Ctrl-C: one line, exit code 130, whatever the program is doing."""

import os
import signal
import subprocess
import sys

import pytest

from cnn_digits.cli import info, main

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="Windows sends no such signal to one process"
)

# Ctrl-C comes when a module begins to be imported, anew for each of some attempts.
PROGRAM = """
import os, signal, sys

def hook(event, args):
    if event == "import" and args[0] == {module!r}:
        os.kill(os.getpid(), signal.SIGINT)

sys.argv = ["cnn-digits", *{argv!r}]
from cnn_digits.cli import main
sys.addaudithook(hook)
sys.exit(main())
"""

# Ctrl-C comes while a file is half-written.
WRITING = """
import os, signal, time
from cnn_digits.cli.interrupts import ending_at_interrupt
from cnn_digits.files import remove_unfinished, written_whole

with ending_at_interrupt([remove_unfinished]), written_whole("file") as file:
    file.write(b"half")
    {interrupt}
    time.sleep(20)
"""


def run(code, cwd, handler=signal.SIG_DFL):
    # Whoever runs the tests in the background may have them ignore Ctrl-C.
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, handler),
    )


def assert_interrupted(process):
    assert process.stderr == "cnn-digits: interrupted\n"
    assert process.stdout == ""
    assert process.returncode == 130


@pytest.mark.parametrize(
    "module",
    [
        "cnn_digits.cli.program",
        "argparse",
        "numpy",
        "sklearn.utils",
        "tensorflow",
        # While the number of the standard error stream leads nowhere.
        "tensorflow.python.eager.context",
        "keras.src.trainers.trainer",
    ],
)
def test_while_loading(module, folder, tmp_path):
    argv = ["predict", f"{folder}/test.csv", "--model", f"{folder}/digits.cnn", "--out", "out.csv"]
    assert_interrupted(run(PROGRAM.format(module=module, argv=argv), tmp_path))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "interrupt",
    [
        "os.kill(os.getpid(), signal.SIGINT)",
        # Where exceptions are swallowed.
        "type('T', (), {'__del__': lambda _: os.kill(os.getpid(), signal.SIGINT)})()",
    ],
)
def test_half_written_files_are_removed(tmp_path, interrupt):
    assert_interrupted(run(WRITING.format(interrupt=interrupt), tmp_path))
    assert os.listdir(tmp_path) == []


def test_when_all_is_done_it_changes_nothing(tmp_path):
    code = """
import atexit, os, signal, sys
from cnn_digits.cli import main
atexit.register(os.kill, os.getpid(), signal.SIGINT)
sys.argv = ["cnn-digits", "--version"]
sys.exit(main())
"""
    process = run(code, tmp_path)
    assert process.returncode == 0
    assert process.stderr == ""


def test_who_ignores_it_is_not_interrupted(tmp_path):
    code = WRITING.format(interrupt="os.kill(os.getpid(), signal.SIGINT)").replace("20", "0")
    process = run(code, tmp_path, signal.SIG_IGN)
    assert process.returncode == 0
    assert os.listdir(tmp_path) == ["file"]


def test_called_from_python_it_ends_no_process(monkeypatch, capsys):
    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(info, "run", interrupted)
    assert main(["info"]) == 130
    assert capsys.readouterr() == ("", "cnn-digits: interrupted\n")
