"""The folder networks/: lines that are composed, and the network that is trained on them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnn_digits import NumberReader
from cnn_digits.reading.symbols import BLANK, SYMBOLS

FOLDER = Path(__file__).parents[2] / "networks"


@pytest.fixture(scope="module")
def kind(handwriting):
    import line_recipe

    return line_recipe.kind_for_training(300)


def compose(kind, n, seed):
    import composing

    rng = np.random.default_rng(seed)
    return [composing.written(kind, rng) for _ in range(n)]


def test_symbols_stand_where_their_ink_is(kind):
    lines = compose(kind, 60, seed=0)
    assert {symbol for line in lines for symbol in line.symbols} >= set("0123456789.-")
    for line in lines:
        assert np.all(np.diff(line.centres) > 0)
        for left, top, right, bottom in line.extents:
            assert line.ink[top:bottom, left:right].max() > 0.3


def test_pictures_hold_their_region(kind):
    import picturing

    rng = np.random.default_rng(1)
    for line in compose(kind, 40, seed=1):
        picture, region, _, _ = picturing.photographed(line, kind, rng)
        assert picture.dtype == np.uint8
        assert min(region.width, region.height) > 1
        assert region.left >= -2
        assert region.left + region.width <= picture.shape[1] + 2
        assert region.top + region.height <= picture.shape[0] + 2


def test_columns_say_the_text(kind):
    import line_recipe

    lines = line_recipe.composed(kind, 40, seed=3)
    for strip, said, text in zip(lines.strips, lines.columns, lines.texts, strict=True):
        assert strip.shape == (24, 2 * len(said))
        assert "".join(SYMBOLS[i - 1] for i in said if i > BLANK) == text
    again = line_recipe.composed(kind, 40, seed=3, n_processes=1)
    assert again.texts == lines.texts
    assert all(map(np.array_equal, again.strips, lines.strips))


def test_the_loss_is_least_for_what_is_written(kind):
    import line_recipe

    lines = line_recipe.composed(kind, 32, seed=4)
    _, wanted = line_recipe.Batches(lines, 32, seed=0)[0]
    n_columns = wanted.shape[1] - line_recipe.MOST
    said = np.maximum(wanted[:, :n_columns], 0)
    right = 20.0 * np.eye(1 + len(SYMBOLS), dtype=np.float32)[said]
    assert np.asarray(line_recipe.loss(wanted, right)).max() < 0.5
    wrong = np.roll(right, 1, axis=0)
    assert np.median(np.asarray(line_recipe.loss(wanted, wrong))) > 2


@pytest.mark.slow
def test_the_command_makes_a_network(handwriting, tmp_path):
    path = tmp_path / "numbers.cnn"
    arguments = ["--lines", "500", "--epochs", "1", "--digits", "300", "--out", str(path)]
    subprocess.run([sys.executable, str(FOLDER / "lines.py"), *arguments], check=True)
    reader = NumberReader(path)
    paper = np.full((60, 150), 230, dtype=np.uint8)
    paper[10:50, 60:64] = 40
    assert len(reader.read([paper])) == 1
    assert path.stat().st_size < 2_000_000
