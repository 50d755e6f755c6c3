import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_digits.reading.decoding import (
    agreed,
    decode,
    likeliest,
    log_probability,
    mean_log_probability,
    probabilities_of,
    separator_frames,
)
from cnn_digits.reading.symbols import BLANK, SYMBOLS


def likely(answers, strength=12.0):
    """Logits of a network that is sure of a symbol in each frame: " " is blank."""
    logits = np.zeros((len(answers), 1 + len(SYMBOLS)))
    for frame, answer in zip(logits, answers, strict=True):
        frame[BLANK if answer == " " else 1 + SYMBOLS.index(answer)] = strength
    return logits


def read(answers, separators=False):
    probabilities = probabilities_of(likely(answers), separators)
    return decode(probabilities, likeliest(probabilities))


def by_all_paths(probabilities):
    """The probability of each text, by every path there is."""
    found = {}
    n_frames, n = probabilities.shape
    for path in itertools.product(range(n), repeat=n_frames):
        text = "".join(SYMBOLS[s - 1] for s, _ in itertools.groupby(path) if s != BLANK)
        found[text] = found.get(text, 0) + probabilities[range(n_frames), path].prod()
    return found


class TestText:
    def test_leading_zeros_stay(self):
        assert read("  0 04  22 ").text == "0042"

    def test_a_symbol_that_lasts_is_one(self):
        assert read(" 1111 ").text == "1"

    def test_equal_symbols_take_a_blank_between(self):
        assert read("  1 1 ").text == "11"

    def test_nothing(self):
        for answers in ("", " ", "          "):
            decoded = read(answers)
            assert decoded.text == ""
            assert len(decoded.frames) == len(decoded.probabilities) == 0

    def test_separators_are_as_good_as_blank_unless_asked_for(self):
        assert read(" 1.2 50- ").text == "1250"
        assert read(" 1.2 50- ", separators=True).text == "1.250-"
        # Between equal digits they are the blank that there has to be.
        assert read(" 1.1 ").text == "11"

    def test_the_likeliest_text_is_not_always_the_likeliest_path(self):
        # "": 0.36. "0": 0.16 + 2 * 0.24, by three paths.
        probabilities = np.array([[0.6, 0.4], [0.6, 0.4]])
        assert likeliest(probabilities) == "0"

    @given(st.integers(0, 10**6), st.integers(1, 5))
    def test_as_by_every_path(self, seed, n_frames):
        probabilities = np.random.default_rng(seed).dirichlet([0.3] * 4, size=n_frames)
        expected = by_all_paths(probabilities)
        text = likeliest(probabilities)
        # Of texts that are as likely, any will do; and what is followed is not all.
        assert expected[text] >= 0.95 * max(expected.values())
        got = np.exp(log_probability(probabilities, text))
        assert got == pytest.approx(expected[text], rel=0.01)


class TestPlaces:
    def test_in_the_middle_of_where_a_character_lasts(self):
        decoded = read("   777    3  ")
        np.testing.assert_allclose(decoded.frames, [4, 10], atol=0.05)

    def test_behind_long_blanks(self):
        decoded = read(" " * 100 + "5" + " " * 100 + "5" + " " * 50)
        np.testing.assert_allclose(decoded.frames, [100, 201], atol=0.05)

    def test_probabilities_are_those_of_the_digits(self):
        logits = likely("  4   9  ")
        logits[6, 1 + 4] = logits[6, 1 + 9] = 3.0
        probabilities = probabilities_of(logits, separators=False)
        decoded = decode(probabilities, "49")
        assert decoded.probabilities[0] > 0.99
        assert decoded.probabilities[1] == pytest.approx(probabilities[6, 1 + 9])

    def test_of_separators(self):
        np.testing.assert_allclose(separator_frames(likely("  1 ..5  -- ")), [4.5, 9.5])
        assert separator_frames(likely("  1 2  ")).size == 0
        assert separator_frames(likely("")).size == 0


class TestProbability:
    def test_of_a_part_of_the_frames(self):
        probabilities = probabilities_of(likely(" 12    34 ", strength=5), separators=False)
        whole = log_probability(probabilities, "1234")
        parts = log_probability(probabilities[:5], "12") + log_probability(probabilities[5:], "34")
        assert whole == pytest.approx(parts, abs=0.05)

    def test_what_does_not_fit(self):
        probabilities = probabilities_of(likely("11"), separators=False)
        assert log_probability(probabilities, "11") == -np.inf
        assert log_probability(probabilities, "12") > -np.inf

    def test_of_nothing(self):
        probabilities = probabilities_of(likely("    "), separators=False)
        expected = np.log(probabilities[:, BLANK]).sum()
        assert log_probability(probabilities, "") == pytest.approx(expected)

    def test_longest_lines_do_not_underflow(self):
        probabilities = probabilities_of(likely("1 2 3 4 5 " * 400, strength=1), separators=False)
        value = log_probability(probabilities, likeliest(probabilities))
        assert -np.inf < value < 0


class TestOpinions:
    @staticmethod
    def opinions(*answers, strength=6):
        return [probabilities_of(likely(a, strength), separators=False) for a in answers]

    def test_most_of_them(self):
        assert agreed(self.opinions(" 1 7 ", " 1 1  ", "  1  7  ")) == "17"

    def test_the_surer_one(self):
        sure, unsure = self.opinions(" 4 "), self.opinions(" 9 ", strength=4)
        assert agreed(sure + unsure) == agreed(unsure + sure) == "4"

    def test_of_one_alone(self):
        assert agreed(self.opinions(" 12 ")) == "12"
        assert agreed(self.opinions("   ", "  ")) == ""

    def test_what_does_not_fit_into_the_first_is_none(self):
        assert agreed(self.opinions("1", " 1 2 3", " 1 2 3")) == "1"

    def test_none_rules_a_text_out_alone(self):
        opinions = self.opinions(" 12 ", "1")
        assert -20 < mean_log_probability(opinions, "12") < -10
