"""Digits as tables and as pictures, and networks that the command line has trained on them."""

import io
from contextlib import redirect_stdout

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage

from cnn_digits.cli import main


@pytest.fixture(scope="session")
def folder(digits, tmp_path_factory):
    """Digits as Kaggle's files, and a network trained on them by the command line."""
    X_train, X_test, y_train, y_test = digits
    place = tmp_path_factory.mktemp("kaggle")
    for name, X, labels in (
        ("train", X_train, {"label": y_train}),
        ("test", X_test, {}),
        ("labelled", X_test, {"label": y_test}),
    ):
        table = pd.DataFrame(labels | {f"pixel{i}": values for i, values in enumerate(X.T)})
        table.to_csv(place / f"{name}.csv", index=False)
    # Enough to read 97 % right; the commands of the README train for as long as is the default.
    argv = ["train", f"{place}/train.csv", "--model", f"{place}/digits.cnn", "--epochs", "8"]
    assert main(argv) == 0
    return place


def on_paper(image, rng):
    """A digit in dark ink somewhere on a sheet in uneven light."""
    height, width = rng.integers(72, 120, 2)
    ink = np.zeros((height, width), np.float32)
    large = ndimage.zoom(image / 16, 6, order=1).clip(0, 1)
    top, left = rng.integers(0, [height - 48, width - 48])
    ink[top : top + 48, left : left + 48] = large
    light = np.linspace(1, rng.uniform(0.6, 1), width)
    return ((220 - 160 * ink) * light).astype(np.uint8)


@pytest.fixture(scope="session")
def sheets(digits, tmp_path_factory):
    """Folders of pictures, to train on and to read, and a network that the command line trained.

    What it printed is in train.txt.
    """
    X_train, X_test, y_train, y_test = digits
    rng = np.random.default_rng(0)
    place = tmp_path_factory.mktemp("sheets")
    for label in range(10):
        (place / "train" / str(label)).mkdir(parents=True)
    (place / "own").mkdir()
    for i, (row, label) in enumerate(zip(X_train[:200], y_train, strict=False)):
        picture = Image.fromarray(on_paper(row.reshape(8, 8), rng))
        picture.save(place / "train" / str(label) / f"{i}.png")
    for i, (row, label) in enumerate(zip(X_test[:40], y_test, strict=False)):
        picture = Image.fromarray(on_paper(row.reshape(8, 8), rng))
        picture.save(place / "own" / f"{i}_{label}.png")
    argv = ["train", f"{place}/train", "--model", f"{place}/digits.cnn", "--epochs", "12"]
    with redirect_stdout(io.StringIO()) as out:
        assert main(argv) == 0
    (place / "train.txt").write_text(out.getvalue())
    return place


@pytest.fixture
def refused(capsys):
    """A function that has the command line refuse arguments, in one line that has these words."""

    def check(argv, *words):
        assert main(argv) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("cnn-digits: ")
        assert err.count("\n") == 1
        for word in words:
            assert word in err

    return check
