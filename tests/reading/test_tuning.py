import itertools

import keras
import numpy as np
import pytest
from written_numbers import written

from cnn_digits.reading.calibration import Calibration
from cnn_digits.reading.pictures import pictures_of
from cnn_digits.reading.reader_file import FittedReader, new_network, values_of
from cnn_digits.reading.symbols import BLANK, DIGITS, SYMBOLS
from cnn_digits.reading.tuning import (
    loss_of_digits,
    samples_of,
    settings_for,
    targets_of,
    tuned,
)

BLANK_PAPER = np.full((60, 80), 200, dtype=np.uint8)


class TestLoss:
    def test_the_probability_of_the_digits_by_every_path(self):
        draws = np.random.default_rng(0)
        logits = draws.normal(size=(1, 4, 1 + len(SYMBOLS))).astype(np.float32)
        shares = np.exp(logits[0]) / np.exp(logits[0]).sum(axis=1, keepdims=True)
        total = 0
        for path in itertools.product(range(1 + len(SYMBOLS)), repeat=3):
            # Separators part digits as blank does.
            kept = [s if s <= len(DIGITS) else BLANK for s in path]
            text = "".join(SYMBOLS[s - 1] for s, _ in itertools.groupby(kept) if s != BLANK)
            if text == "77":
                total += shares[range(3), path].prod()
        # The fourth frame is of the paper beside the strip.
        loss = loss_of_digits(targets_of(["77"], [3]), logits)
        assert float(keras.ops.convert_to_numpy(loss)[0]) == pytest.approx(-np.log(total), rel=1e-4)

    def test_lines_of_different_lengths_do_not_matter_to_each_other(self):
        draws = np.random.default_rng(0)
        logits = draws.normal(size=(3, 30, 1 + len(SYMBOLS))).astype(np.float32)
        texts, frames = ["123456789", "4", ""], [30, 12, 20]
        together = np.asarray(loss_of_digits(targets_of(texts, frames), logits))
        for i in range(3):
            alone = loss_of_digits(
                targets_of(texts[i : i + 1], frames[i : i + 1]), logits[i : i + 1]
            )
            assert float(np.asarray(alone)[0]) == pytest.approx(float(together[i]), rel=1e-4)


class TestSamples:
    def test_fields_and_pages(self):
        pictures = pictures_of([written("123"), written("45\n678")])
        samples, left_out = samples_of(pictures, [["123"], ["45", "678"]], "auto")
        assert [sample.digits for sample in samples] == ["123", "45", "678"]
        assert left_out == {}

    def test_left_out(self):
        pictures = pictures_of([BLANK_PAPER, written("12"), written("12"), written("45\n678")])
        digits = [["1"], ["1" * 40], ["12"], ["45", "678", "9"]]
        samples, left_out = samples_of(pictures, digits, "auto")
        assert [sample.digits for sample in samples] == ["12"]
        assert left_out == {
            0: "no ink was found",
            1: "too narrow for its number",
            3: "2 lines were found, its number has 3",
        }

    def test_equal_digits_take_more_room(self):
        (strip,), _ = samples_of(pictures_of([written("1")]), [["1"]], 1)
        n_frames = max(pixels.shape[1] for pixels in strip.strips) // 2
        for digits, is_kept in (("12" * 40, False), ("1" * n_frames, False)):
            samples, _ = samples_of(pictures_of([written("1")]), [[digits]], 1)
            assert bool(samples) == is_kept
        fitting = ("12" * n_frames)[:n_frames]
        (sample,), _ = samples_of(pictures_of([written("1")]), [[fitting]], 1)
        # In the smaller sizes there is too little room.
        assert len(sample.strips) < len(strip.strips)

    def test_nothing_on_a_blank_picture_is_no_loss(self):
        assert samples_of(pictures_of([BLANK_PAPER]), [[""]], "auto") == ([], {})


def test_settings():
    few = settings_for(20, "auto", "auto", "auto", 0)
    many = settings_for(5000, "auto", "auto", "auto", 0)
    assert few.epochs > many.epochs >= 1
    assert settings_for(20, 3, 0.1, 7, 1).__dict__ == {
        "epochs": 3,
        "learning_rate": 0.1,
        "batch_size": 7,
        "verbose": 1,
    }


@pytest.fixture(scope="module")
def start():
    return FittedReader(new_network(), Calibration(0.9, 0.1), {})


@pytest.fixture(scope="module")
def samples():
    texts = ["123", "45", "6", "789"]
    pictures = pictures_of([written(text) for text in texts])
    return samples_of(pictures, [[text] for text in texts], 1)[0]


def test_learning(start, samples, capsys):
    before = [value.copy() for value in values_of(start.network)]
    settings = settings_for(4, 30, 3e-3, 2, 1)
    fitted = tuned(start, samples, settings, seed=0)
    losses = fitted.history["loss"]
    assert len(losses) == len(fitted.history["learning_rate"]) == 30
    assert np.mean(losses[-5:]) < 0.5 * losses[0]
    assert fitted.calibration == start.calibration
    for value, expected in zip(values_of(start.network), before, strict=True):
        np.testing.assert_array_equal(value, expected)
    assert "Epoch 30/30: loss " in capsys.readouterr().out


def test_the_same_seed_the_same_weights(start, samples):
    settings = settings_for(4, 2, 1e-3, 2, 0)
    one, same, other = (tuned(start, samples, settings, seed=seed) for seed in (0, 0, 1))
    equal = [
        all(map(np.array_equal, values_of(one.network), values_of(fitted.network)))
        for fitted in (same, other)
    ]
    assert equal == [True, False]


def test_training_that_diverges(start, samples):
    with pytest.raises(ValueError, match=r"Training has diverged: .* learning_rate=1e\+30; exp"):
        tuned(start, samples, settings_for(4, 5, 1e30, 4, 0), seed=0)
