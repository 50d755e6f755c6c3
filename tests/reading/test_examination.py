import numpy as np
import pytest

from cnn_digits.reading.assembly import Sheet
from cnn_digits.reading.calibration import Calibration
from cnn_digits.reading.examination import Examiner
from cnn_digits.reading.pictures import pictures_of
from cnn_digits.reading.symbols import BLANK, SYMBOLS


def named(strips):
    """Answers of something that takes each stroke for a one, or for a hyphen if it is low."""
    logits = []
    for pixels in strips:
        answers = np.zeros((pixels.shape[1] // 2, 1 + len(SYMBOLS)))
        answers[:, BLANK] = 20
        inked = np.flatnonzero(np.diff((pixels > 128).sum(axis=0) > 2, prepend=False))
        for first, last in inked.reshape(-1, 2):
            height = np.ptp(np.flatnonzero((pixels[:, first:last] > 128).any(axis=1)))
            symbol = "1" if height > 9 else "-"
            answers[(first + last) // 4, [BLANK, 1 + SYMBOLS.index(symbol)]] = 0, 20
        logits.append(answers)
    return logits


def strokes(*columns, height=40):
    """Ones, six columns wide each."""
    paper = np.full((100, 400), 225, dtype=np.uint8)
    for column in columns:
        paper[30 : 30 + height, column : column + 6] = 40
    return paper


def read(*pictures, turned=False, **how):
    how = {"lines": 1, "separators": False} | how
    examiner = Examiner(named, Calibration(), **how)
    return (examiner.read_turned if turned else examiner.read)(pictures_of(list(pictures)))


def boxes(reading):
    return np.array([digit.box for number in reading.numbers for digit in number.digits])


def test_numbers_and_boxes():
    (reading,) = read(strokes(50, 80, 110, 300, 330))
    assert reading.text == "111 11"
    np.testing.assert_allclose(
        boxes(reading), [(x, 30, 6, 40) for x in (50, 80, 110, 300, 330)], atol=2.5
    )
    first, second = reading.numbers
    np.testing.assert_allclose(first.box, (50, 30, 66, 40), atol=4)
    np.testing.assert_allclose(second.box, (300, 30, 36, 40), atol=4)
    assert first.confidence > 0.99
    assert reading.lines[0].box[2] == pytest.approx(286, abs=5)


def test_many_pictures_and_empty_ones():
    blank = np.full((50, 50), 200, np.uint8)
    readings = read(*[strokes(50, 80), blank] * 40)
    assert [reading.text for reading in readings] == ["11", ""] * 40


def test_separators():
    picture = strokes(50, 80, 140)
    picture[46:54, 105:117] = 40
    assert read(picture)[0].text == "111"
    (reading,) = read(picture, separators=True)
    assert reading.text == "11-1"
    assert [digit.label for digit in reading.numbers[0].digits] == list("11-1")


def test_separators_alone_are_no_number():
    picture = strokes(50)
    picture[46:54, 300:312] = 40
    assert read(picture, separators=True)[0].text == "1"


@pytest.mark.parametrize("factor", [1, 3])
@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_places_on_a_turned_picture(turned, factor):
    page = np.zeros((50, 80), dtype=int)
    page[10:22, 30:37] = 1
    lying = np.rot90(page, turned // 90)
    rows, columns = np.nonzero(lying)
    sheet = Sheet(*page.shape, factor, turned)
    box = sheet.box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert box == tuple(factor * value for value in (30, 10, 7, 12))


def test_boxes_end_where_the_picture_does():
    assert Sheet(50, 80, 1, 0).box(-3.2, -1, 90, 49.5) == (0, 0, 80, 50)


def test_the_way_in_which_it_reads_best():
    as_it_lies, turned = read(strokes(50, 80, 110), np.rot90(strokes(50, 80, 110)), turned=True)
    assert as_it_lies.turned == 0
    assert turned.turned in (90, 270)
    assert turned.text == "111"
    # On the picture as it was given, on its side: wide, not high.
    assert (boxes(turned)[:, 2] > 3 * boxes(turned)[:, 3]).all()


class TestLyingOtherwise:
    """Ones are taken for such only if they stand upright: hyphens are no number."""

    @staticmethod
    def asked(*pictures):
        examiner = Examiner(named, Calibration(), lines=1, separators=False)
        pictures = pictures_of(list(pictures))
        return examiner.lying_otherwise(pictures, examiner.read(pictures))

    def test_on_its_side(self):
        found = self.asked(strokes(50, 80, 110), np.rot90(strokes(50, 80, 110, height=20)))
        assert list(found) == [1]
        assert found[1].text == "111"
        assert found[1].turned in (90, 270)

    def test_nothing_is_nothing_however_it_lies(self):
        assert self.asked(np.full((50, 50), 200, np.uint8)) == {}

    def test_what_is_read_is_not_asked_about(self):
        def answers(strips):
            asked.append(len(strips))
            return named(strips)

        asked = []
        examiner = Examiner(answers, Calibration(), lines=1, separators=False)
        pictures = pictures_of([strokes(50, 80)])
        examiner.lying_otherwise(pictures, examiner.read(pictures))
        assert asked[1:] in ([], [0])
