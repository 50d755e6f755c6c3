import pytest

from cnn_digits.reading.grouping import numbers_of, spaces_in


def places(*gaps, width=20):
    """Where characters begin and end that have these gaps between them."""
    lefts, rights = [0], [width]
    for gap in gaps:
        lefts.append(rights[-1] + gap)
        rights.append(lefts[-1] + width)
    return lefts, rights


def lengths(*gaps, height=30):
    return [part.stop - part.start for part in numbers_of(*places(*gaps), height)]


class TestNumbers:
    def test_one_digit(self):
        assert lengths() == [1]

    def test_none(self):
        assert numbers_of([], [], 30) == []

    @pytest.mark.parametrize(
        "gaps",
        [
            (3, 5, 0, 8),
            (50, 40, 45, 2, 15, 10),  # 9 1 0 3264, as somebody wrote it
            (55, 58, 55, 57),  # far apart, but evenly
            (1, 1, 45, 1, 1),  # a height and a half
            (40,),
        ],
    )
    def test_one_number_however_it_is_spaced(self, gaps):
        assert lengths(*gaps) == [1 + len(gaps)]

    @pytest.mark.parametrize(
        ("gaps", "expected"),
        [
            ((3, 5, 100, 4, 6, 5), [3, 4]),
            ((3, 80, 4, 90, 5), [2, 2, 2]),
            ((200,), [1, 1]),
            ((200, 200, 200), [1, 1, 1, 1]),
        ],
    )
    def test_several_numbers(self, gaps, expected):
        assert lengths(*gaps) == expected

    def test_in_any_unit(self):
        lefts, rights = places(3, 5, 100, 4)
        small = [[x / 10 for x in side] for side in (lefts, rights)]
        assert numbers_of(*small, 3) == numbers_of(lefts, rights, 30)

    def test_overlapping_characters(self):
        assert lengths(-5, -3, -8) == [4]


class TestSpaces:
    def test_groups_of_three(self):
        assert spaces_in(*places(4, 30, 5, 4), 30) == [2]

    def test_even_gaps_are_none(self):
        assert spaces_in(*places(25, 28, 24, 27), 30) == []

    def test_one_character(self):
        assert spaces_in([0], [20], 30) == []
