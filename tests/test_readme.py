"""Every code block of the README runs."""

import re
import shlex
import struct
from glob import glob
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cnn_digits.cli import main

README = Path(__file__).parents[1] / "README.md"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text("utf-8"), re.M | re.S)


def test_no_block_of_another_kind():
    fences = re.findall(r"^```(\w*)$", README.read_text("utf-8"), re.M)
    assert sorted(set(fences)) == ["", "bash", "python"]
    assert len(fences) == 2 * (len(blocks("bash")) + len(blocks("python")))


@pytest.mark.slow
def test_python(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), namespace)
    assert namespace["search"].best_score_ > 0.8
    plt.close("all")


def test_commands(tmp_path, monkeypatch, digits):
    """The commands; what sets up an environment is run by .ci/run."""
    demo, workflow, pictures, test, pages = blocks("bash")
    setup = "python3 -m venv .venv && . .venv/bin/activate && pip install "
    assert demo.startswith(setup + ". && ")
    assert test == setup + '-e ".[test]" && pytest\n'
    assert pages == 'pip install -e ".[docs]" && make -C docs html\n'
    monkeypatch.chdir(tmp_path)
    program, *argv = shlex.split(demo.split("&&")[-1])
    assert program == "cnn-digits"
    assert main(argv) == 0

    X_train, X_test, y_train, y_test = digits
    for name, X, y in (
        ("train", X_train, y_train),
        ("labelled", X_test, y_test),
        ("test", X_test, None),
    ):
        table = pd.DataFrame(X).add_prefix("pixel")
        if y is not None:
            table["label"] = y
        table.to_csv(f"{name}.csv", index=False)
    for line in workflow.splitlines():
        program, *argv = shlex.split(line)
        assert program == "cnn-digits"
        assert main(argv) == 0
    assert len(pd.read_csv("submission.csv")) == len(X_test)

    frames = np.pad(np.kron(X_train[:300].reshape(-1, 8, 8), np.ones((3, 3))), 2)[2:-2] * 15
    Path("mnist").mkdir()
    for name, array in (("images-idx3", frames), ("labels-idx1", y_train[:300])):
        header = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        Path(f"mnist/train-{name}-ubyte").write_bytes(header + array.astype(np.uint8).tobytes())
    for i in range(2):
        Image.fromarray(255 - np.pad(frames[i], 20).astype(np.uint8)).save(f"{i}.jpg")
    for line in pictures.splitlines():
        program, *argv = shlex.split(line, comments=True)
        assert program == "cnn-digits"
        argv = [found for part in argv for found in (sorted(glob(part)) if "*" in part else [part])]
        assert main(argv) == 0
    assert Path("pictures/readings.png").is_file()


def test_pictures_exist():
    for path in re.findall(r"!\[.+?\]\((.+?)\)", README.read_text("utf-8")):
        assert (README.parent / path).is_file()
