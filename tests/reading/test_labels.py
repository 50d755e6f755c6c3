import numpy as np
import pandas as pd
import pytest

from cnn_digits.reading.labels import digits_of, texts_of


class TestTexts:
    @pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series])
    def test_of_any_kind_of_list(self, kind):
        assert texts_of(kind(["007", "12"]), 2) == ["007", "12"]

    def test_whole_numbers(self):
        assert texts_of(np.array([7, 12]), 2) == ["7", "12"]

    @pytest.mark.parametrize(
        ("numbers", "error", "message"),
        [
            (["1"], ValueError, "1 numbers for 2 pictures"),
            (["1"] * 3, ValueError, "3 numbers for 2 pictures"),
            ("12", TypeError, "expected a list of texts"),
            (None, TypeError, "expected a list of texts"),
            (7, TypeError, "expected a list of texts"),
            ([["1"], ["2"]], ValueError, r"shape \(2, 1\); expected"),
            (["1", 2.5], TypeError, r"numbers\[1\] is 2\.5, a float; expected a text of digits"),
            (["1", None], TypeError, r"numbers\[1\] is None"),
            ([True, "1"], TypeError, r"numbers\[0\] is True"),
        ],
    )
    def test_others(self, numbers, error, message):
        with pytest.raises(error, match=message):
            texts_of(numbers, 2)


class TestDigits:
    def test_lines(self):
        assert digits_of(["007", "12 34\n5", ""]) == [["007"], ["1234", "5"], [""]]

    @pytest.mark.parametrize(
        ("text", "named"),
        [("12a4", "'a'"), ("1.250", "'.'"), ("-5", "'-'"), ("١٢", "'١'"), ("1\t2", r"'\\t'")],
    )
    def test_other_characters_are_named(self, text, named):
        with pytest.raises(ValueError, match=r"numbers\[1\] is .*, which holds " + named):
            digits_of(["1", text])

    def test_the_longest(self):
        assert digits_of(["1" * 40]) == [["1" * 40]]
        with pytest.raises(ValueError, match=r"numbers\[0\] is .*, a number of 41 digits; expec"):
            digits_of(["1" * 41])
        with pytest.raises(ValueError, match="of 100000 digits") as error:
            digits_of(["1" * 100_000])
        assert len(str(error.value)) < 200
