"""The folder networks/: lines that are composed, and the network that is trained on them."""

import subprocess
import sys
from collections import Counter
from dataclasses import replace
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


def test_on_clean_paper_there_are_digits_alone(kind):
    import line_recipe

    for clean, are_plain in ((1.0, True), (0.0, False)):
        texts = line_recipe.composed(kind, 60, seed=5, clean=clean).texts
        assert all(text.isdigit() for text in texts) == are_plain


def test_the_loss_is_least_for_what_is_written(kind):
    import line_recipe

    lines = line_recipe.composed(kind, 32, seed=4)
    _, wanted = next(line_recipe.Batches(lines, 32, seed=0, part=0, n_parts=1).epoch())
    n_columns = wanted.shape[1] - line_recipe.MOST
    said = np.maximum(wanted[:, :n_columns], 0)
    right = 20.0 * np.eye(1 + len(SYMBOLS), dtype=np.float32)[said]
    assert np.asarray(line_recipe.loss(wanted, right)).max() < 0.5
    wrong = np.roll(right, 1, axis=0)
    assert np.median(np.asarray(line_recipe.loss(wanted, wrong))) > 2


def test_processes_share_each_batch(kind):
    import line_recipe

    lines = line_recipe.composed(kind, 40, seed=4)
    halves = [line_recipe.Batches(lines, 16, 0, part, 2) for part in (0, 1)]
    for _ in range(2):  # epochs
        batches = list(zip(*(half.epoch() for half in halves), strict=True))
        assert len(batches) == 2
        texts = [_texts(wanted) for batch in batches for _, wanted in batch]
        assert list(map(len, texts)) == [8] * 4
        # Each line once: 32 of the 40, of which some say the same.
        told = Counter(text for part in texts for text in part)
        assert told <= Counter(lines.texts)


def _texts(wanted):
    import line_recipe

    return ["".join(SYMBOLS[i - 1] for i in row if i) for row in wanted[:, -line_recipe.MOST :]]


def test_a_hand_writes_fives_and_nines_as_some_do(kind):
    import composing

    rng = np.random.default_rng(0)
    hands = [composing.Hand(rng, clean=False) for _ in range(300)]
    assert 20 < sum(hand.long_fives for hand in hands) < 75
    assert 3 < sum(hand.turned_nines for hand in hands) < 35
    clean = [composing.Hand(rng, clean=True) for _ in range(300)]
    assert not any(hand.long_fives or hand.turned_nines for hand in clean)


def test_shapes_that_no_collection_has(kind):
    """Each of them is one piece of ink, upright, and no two are alike."""
    import composing
    import shapes
    from glyphs import cut_out

    rng = np.random.default_rng(0)
    for label in shapes.SHAPES:
        inks = [shapes.drawn(label, pen=4, rng=rng) for _ in range(30)]
        assert len({ink.tobytes() for ink in inks}) == 30
        for ink in inks:
            assert not ink[[0, -1]].any()
            assert not ink[:, [0, -1]].any()
            assert cut_out(ink) is not None
    odd = replace(kind, shapes=1.0)
    assert composing.Hand(rng, clean=False, shapes=1.0).shapes == set(shapes.SHAPES)
    assert not composing.Hand(rng, clean=True, shapes=1.0).shapes
    for line in compose(odd, 40, seed=2):
        assert line.ink.max() > 0.5 or not line.symbols


def test_stained_paper_holds_nothing(kind):
    import composing

    rng = np.random.default_rng(0)
    line = composing.Line(np.zeros((80, 400), np.float32), 25)
    shares = []
    for _ in range(20):
        composing.stain(line, rng)
        shares.append((line.ink > 0).mean())
    assert not line.symbols
    assert 0 < min(shares) < max(shares) < 0.9


def test_hardly_more_than_a_dot_has_a_region(kind):
    import composing
    import picturing

    rng = np.random.default_rng(0)
    for side in (1, 2, 3):
        ink = np.zeros((80, 120), np.float32)
        ink[40 : 40 + side, 60 : 60 + side] = 1
        for _ in range(30):
            picture, region, _, _ = picturing.photographed(composing.Line(ink, 25), kind, rng)
            assert min(picture.shape) >= 1
            assert min(region.width, region.height) > 0


@pytest.mark.slow
def test_the_command_makes_a_network(handwriting, tmp_path):
    path = tmp_path / "numbers.cnn"
    arguments = ["--lines", "500", "--digits", "300", "--out", str(path)]
    subprocess.run([sys.executable, str(FOLDER / "lines.py"), *arguments], check=True)
    reader = NumberReader(path)
    paper = np.full((60, 150), 230, dtype=np.uint8)
    paper[10:50, 60:64] = 40
    assert len(reader.read([paper])) == 1
    assert path.stat().st_size < 2_000_000
