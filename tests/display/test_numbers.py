from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from cnn_digits import NumbersDisplay
from cnn_digits.reading.results import Digit, Line, Number, Reading


def number(text, box, confidence=0.98, probabilities=None):
    """A number whose digits share its box evenly."""
    left, top, width, height = box
    step = width // len(text)
    digits = tuple(
        Digit(label, probability, (left + i * step, top, step, height))
        for i, (label, probability) in enumerate(
            zip(text, probabilities or [0.99] * len(text), strict=True)
        )
    )
    return Number(text, confidence, box, digits)


def reading(*numbers, turned=0):
    """A reading of a line for each number."""
    return Reading(tuple(Line(one.box, (one,)) for one in numbers), turned)


@pytest.fixture
def pictures():
    """A field and a page, light and dark, with ink in the boxes of the readings."""
    field = np.full((40, 120), 230, np.uint8)
    field[8:34, 10:100] = 60
    page = np.zeros((600, 400, 3), np.uint8)
    page[100:130, 50:110] = page[300:330, 200:290] = 255, 200, 0
    return [field, page]


@pytest.fixture
def readings():
    return [
        reading(number("0042", (10, 8, 90, 26))),
        reading(
            number("31", (50, 100, 60, 30), 0.7, [0.99, 0.71]),
            number("268", (200, 300, 90, 30)),
        ),
    ]


def drawn_box(display, i, box):
    """A box in pixels of picture i, as left, top, width and height of what is drawn there."""
    pixels = display.images_[i].get_array()
    left, right, _, top = display.images_[i].get_extent()
    scale = (right - left) / pixels.shape[1]
    return (
        (box.get_x() - left) / scale,
        (box.get_y() - top) / scale,
        box.get_width() / scale,
        (box.get_height() / scale),
    )


def ink_of(pixels, colour):
    """Left, top, width and height of what has about this colour."""
    rows, columns = np.nonzero((np.abs(pixels.astype(int) - colour) < 60).all(axis=2))
    return columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1


def test_boxes_are_where_the_numbers_are(pictures, readings):
    display = NumbersDisplay.from_predictions(pictures, readings)
    assert len(display.images_) == 2
    assert len(display.boxes_) == len(display.text_) == 3
    assert len(display.digit_boxes_) == 9
    # Around the ink of the field, and a little larger.
    seen = ink_of(display.images_[0].get_array(), (60, 60, 60))
    left, top, width, height = drawn_box(display, 0, display.boxes_[0])
    around = seen[0] - left
    assert 0 < around < 0.02 * display.images_[0].get_array().shape[1]
    np.testing.assert_allclose((width, height), np.add(seen[2:], 2 * around), atol=3)
    assert top == pytest.approx(seen[1] - around, abs=2)
    # The digits share it.
    digits = [drawn_box(display, 0, box) for box in display.digit_boxes_[:4]]
    np.testing.assert_allclose(digits[0][:2], seen[:2], atol=3)
    assert digits[3][0] == pytest.approx(seen[0] + 3 * 22 / 90 * seen[2], abs=4)


@pytest.mark.parametrize("size", [None, (3, 2)])
def test_text_stands_above_its_number(pictures, readings, size):
    ax = None if size is None else plt.subplots(figsize=size)[1]
    display = NumbersDisplay.from_predictions(pictures, readings, ax=ax)
    assert [text.get_text() for text in display.text_] == ["0042", "31", "268"]
    display.figure_.canvas.draw()
    figure = display.figure_.bbox
    for text, box in zip(display.text_, display.boxes_, strict=True):
        above, below = text.get_window_extent(), box.get_window_extent()
        assert abs(above.y0 - below.y1) < 4
        assert above.x0 == pytest.approx(below.x0, abs=4)
        assert above.width < below.width + 4
        assert above.y1 <= figure.y1
    if ax is not None:
        assert display.ax_ is ax


def test_what_is_doubtful_does_not_depend_on_seeing_colours(pictures, readings):
    display = NumbersDisplay.from_predictions(pictures, readings, reject=0.9)
    assert [text.get_text() for text in display.text_] == ["0042", "31?", "268"]
    assert [text.get_fontweight() for text in display.text_] == ["normal", "bold", "normal"]
    sure, doubtful, other = display.boxes_
    assert sure.get_linestyle() == other.get_linestyle() != doubtful.get_linestyle()
    assert sure.get_linewidth() < doubtful.get_linewidth()
    assert to_hex(doubtful.get_edgecolor()) == "#d55e00"
    assert to_hex(sure.get_edgecolor()) == to_hex(other.get_edgecolor()) == "#0072b2"
    # Of its two digits, the one that makes it so.
    assert [to_hex(box.get_edgecolor()) == "#d55e00" for box in display.digit_boxes_] == [
        i == 5 for i in range(9)
    ]
    assert [text.get_text() for text in display.captions_] == [
        "0042 (98.0 %)",
        "2 numbers, 1 doubtful",
    ]


def test_captions(pictures, readings):
    readings = [replace(readings[0], turned=180), Reading(())]
    display = NumbersDisplay.from_predictions(pictures, readings, names=["$a_b$.png", "b" * 40])
    assert [text.get_text() for text in display.captions_] == [
        "$a_b$.png\n0042 (98.0 %), turned by 180°",
        "bbbbbbbbbb…bbbbbbbbbbbbbbb\nno number",
    ]
    # A name with dollars is no formula.
    display.figure_.canvas.draw()


def test_pictures_of_any_kind(pictures, tmp_path):
    Image.fromarray(pictures[1]).save(tmp_path / "page.png")
    kinds = [
        tmp_path / "page.png",
        str(tmp_path / "page.png"),
        Image.open(tmp_path / "page.png"),
        pictures[1].mean(axis=2) / 255,
        np.dstack([pictures[1], np.where(pictures[1].any(axis=2), 255, 0)]).astype(np.uint8),
        pictures[1][..., :1].astype(np.uint16) * 257,
    ]
    ink = number("31", (50, 100, 60, 30))
    display = NumbersDisplay.from_predictions(kinds, [reading(ink)] * 6)
    for i, box in enumerate(display.boxes_):
        pixels = display.images_[i].get_array()
        left, top, width, height = np.rint(drawn_box(display, i, box)).astype(int)
        inside = pixels[top + height // 2, left + width // 2].astype(int)
        outside = pixels[top + height // 2, left + 3 * width].astype(int)
        # White paper, where it is transparent, is lighter than yellow ink.
        assert (inside[0] > outside[0] + 60) == (i != 4)


def test_large_photos_are_reduced():
    photo = np.full((4000, 3000), 200, np.uint8)
    photo[1000:1400, 600:2400] = 40
    found = reading(number("1234", (600, 1000, 1800, 400)))
    display = NumbersDisplay.from_predictions([photo] * 5, [found] * 5)
    assert sum(image.get_array().nbytes for image in display.images_) < photo.nbytes
    seen = ink_of(display.images_[4].get_array(), (40, 40, 40))
    left, top, width, height = drawn_box(display, 4, display.boxes_[4])
    assert left < seen[0] < left + 10
    assert seen[0] + seen[2] < left + width < seen[0] + seen[2] + 10
    assert top < seen[1] < top + 10
    assert seen[1] + seen[3] < top + height < seen[1] + seen[3] + 10


@pytest.mark.parametrize("n", [1, 2, 7, 60])
def test_any_number_of_pictures(n, pictures, readings):
    """Each is large enough to be looked at, and none touches the text of another."""
    names = [f"picture-{i}.png" for i in range(n)]
    display = NumbersDisplay.from_predictions(
        pictures[:1] * n, readings[:1] * n, names=names, reject=0.99
    )
    display.figure_.canvas.draw()
    images = [image.get_window_extent() for image in display.images_]
    captions = [text.get_window_extent() for text in display.captions_]
    for i, box in enumerate(captions):
        assert box.count_overlaps(images + captions[:i]) == 0
    assert min(image.width for image in images) > 100
    assert min(text.get_fontsize() for text in display.text_ + display.captions_) > 5
    assert max(display.figure_.get_size_inches()) <= 12.5


def test_from_a_reader(pictures, readings):
    class Reader:
        def read(self, given):
            assert given is pictures
            return readings

    display = NumbersDisplay.from_estimator(Reader(), pictures, reject=0.9)
    assert [text.get_text() for text in display.text_] == ["0042", "31?", "268"]
    with pytest.raises(TypeError, match="reader is 7; expected a NumberReader"):
        NumbersDisplay.from_estimator(7, pictures)
    with pytest.raises(ValueError, match="reject=90; expected a probability"):
        NumbersDisplay.from_estimator(Reader(), pictures, reject=90)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"pictures": []}, ValueError, "There are no pictures"),
        ({"pictures": [np.zeros(9)]}, ValueError, r"pictures\[0\] has shape \(9,\)"),
        ({"pictures": ["none.png"]}, FileNotFoundError, "none.png"),
        ({"readings": []}, ValueError, "readings has length 0, but there are 1 pictures"),
        ({"readings": ["31"]}, TypeError, r"readings\[0\] is of type str; expected what Number"),
        ({"names": ["a", "b"]}, ValueError, "names has length 2, but there are 1 pictures"),
        ({"reject": 90}, ValueError, "reject=90; expected a probability, from 0 to 1"),
        ({"ax": 1}, TypeError, "ax is of type int"),
    ],
)
def test_what_does_not_fit(change, error, message):
    arguments = {"pictures": [np.zeros((9, 9))], "readings": [Reading(())]}
    with pytest.raises(error, match=message):
        NumbersDisplay.from_predictions(**{**arguments, **change})
    assert not plt.get_fignums()
