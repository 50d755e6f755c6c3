import numpy as np
import pytest
from drawn_digits import frame, likeness, sheet, two

from cnn_digits.framing.parts import find_digit, find_parts


class TestDigitAndDirt:
    """What is left in the frame of a sheet with other marks on it."""

    reference = frame(sheet(two()))

    def test_specks_and_other_strokes(self):
        picture = sheet(two())
        for row, column in ((5, 5), (150, 120), (20, 130)):
            picture[row : row + 3, column : column + 3] = 60
        picture[:, -2:] = 30
        assert likeness(self.reference, frame(picture)) > 0.98

    def test_what_the_border_cuts_off_is_not_the_digit(self):
        picture = sheet(two(), (200, 200), (60, 100))
        picture[60:, :8] = 40  # more ink than the digit has
        assert likeness(self.reference, frame(picture)) > 0.98

    def test_strokes_apart_belong_together(self):
        ink = two()
        ink[34:37] = 0  # cut in two
        rows = np.nonzero(frame(sheet(ink)) > 64)[0]
        assert np.ptp(rows) + 1 == pytest.approx(20, abs=1)
        assert likeness(self.reference, frame(sheet(ink))) > 0.95


class TestAtTheEdges:
    """Bits of a box, of lines and of neighbours; the digit is the one in the middle."""

    reference = frame(sheet(two()))

    @pytest.mark.parametrize("slant", [0, 0.03])
    @pytest.mark.parametrize("inset", [0, 6, 30])
    @pytest.mark.parametrize("n_sides", [1, 2, 4])
    def test_bits_of_a_box(self, n_sides, inset, slant):
        box = np.zeros((200, 200))
        row, column = np.mgrid[:200, :200]
        for turns in range(n_sides):
            line = np.abs(row + slant * column - inset - 2) < 3
            if n_sides == 4:
                line &= (column >= inset) & (column < 200 - inset)
            box = np.maximum(box, np.rot90(line, turns))
        picture = np.where(box, 70, sheet(two(), (200, 200), (63, 70))).astype(np.uint8)
        assert likeness(self.reference, frame(picture)) > 0.97

    def test_neighbours(self):
        picture = sheet(two(), (110, 200), (18, 70))
        half = sheet(two(), (110, 200), (18, 0))[:, 25:50]
        picture[:, :25] = half
        picture[:, -25:] = half[:, ::-1]
        assert likeness(self.reference, frame(picture)) > 0.97

    def test_the_heavier_one_at_the_side(self):
        picture = sheet(two(), (120, 240), (25, 90))
        picture[5:115, 4:30] = 40
        assert likeness(self.reference, frame(picture)) > 0.97

    def test_a_digit_that_touches_all_edges_is_whole(self):
        ink = two()
        rows, columns = (np.flatnonzero(ink.max(axis=axis) > 0) for axis in (1, 0))
        close = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert likeness(self.reference, frame(sheet(close, close.shape, (0, 0)))) > 0.97


class TestFindParts:
    def test_marks_are_found_and_measured(self):
        ink = np.zeros((3, 6, 8), np.float32)
        ink[0, 1, 1:4] = 1
        ink[0, 2, 4] = 0.5  # touches them by a corner
        ink[0, 5, 7] = 0.25
        ink[2, 5, 7] = 1
        labels, parts = find_parts(ink)
        assert parts["image"].tolist() == [0, 0, 2]
        assert parts["box"].tolist() == [[1, 1, 3, 5], [5, 7, 6, 8], [5, 7, 6, 8]]
        assert parts["mass"].tolist() == [3.5, 0.25, 1]
        assert parts["is_faint"].tolist() == [False, True, False]
        np.testing.assert_array_equal(labels > 0, ink > 0)
        for number, place in enumerate([(0, 2, 4), (0, 5, 7), (2, 5, 7)], start=1):
            assert labels[place] == number

    def test_stacked_images_do_not_touch(self):
        _, parts = find_parts(np.ones((2, 3, 3), np.float32))
        assert parts["image"].tolist() == [0, 1]
        assert parts["mass"].tolist() == [9, 9]

    def test_no_mark(self):
        labels, parts = find_parts(np.zeros((2, 3, 4), np.float32))
        assert not labels.any()
        assert len(parts) == 0
        assert parts["box"].shape == (0, 4)


class TestFindDigit:
    """Marks of 4 × 4 pixels, beside a stroke of 24 × 6 and farther and farther away from it."""

    @pytest.mark.parametrize(
        ("column", "strength", "is_kept"),
        [(19, 1, True), (24, 1, False), (19, 0.3, False), (19, 0.5, True)],
        ids=["near", "far", "near but faint", "near and strong enough"],
    )
    def test_what_is_near_and_strong_is_part_of_the_digit(self, column, strength, is_kept):
        ink = np.zeros((1, 40, 40), np.float32)
        ink[0, 8:32, 10:16] = 1
        ink[0, 18:22, column : column + 4] = strength
        before = ink.copy()
        kept, _ = find_digit(ink)
        np.testing.assert_array_equal(ink, before)
        expected = ink.copy()
        if not is_kept:
            expected[0, :, 16:] = 0
        np.testing.assert_array_equal(kept, expected)

    @pytest.mark.parametrize(
        ("columns", "is_other"),
        [((1, 5), True), ((0, 4), False), ((1, 2), False)],
        ids=["another digit", "cut off by the edge", "too light"],
    )
    def test_others_are_told_of(self, columns, is_other):
        ink = np.zeros((1, 40, 80), np.float32)
        ink[0, 8:32, 40:46] = 1
        ink[0, 8:32, slice(*columns)] = 1
        kept, has_others = find_digit(ink)
        assert not kept[0, :, :10].any()
        assert has_others.tolist() == [is_other]

    def test_pieces_join_by_pieces_between_them(self):
        ink = np.zeros((2, 40, 40), np.float32)
        ink[:, 8:32, 10:16] = 1
        ink[:, 18:22, 24:28] = 1
        ink[1, 18:22, 19:21] = 1
        kept, _ = find_digit(ink)
        assert not kept[0, :, 16:].any()
        np.testing.assert_array_equal(kept[1], ink[1])

    def test_no_ink(self):
        ink, has_others = find_digit(np.zeros((2, 5, 5), np.float32))
        assert not ink.any()
        assert not has_others.any()
