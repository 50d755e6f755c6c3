import numpy as np
import pytest

from cnn_digits.reading.places import boxes_on


def strip(*boxes, width=160):
    """Strokes, dark outlines of boxes (left, top, right, bottom)."""
    pixels = np.zeros((32, width), dtype=np.uint8)
    for left, top, right, bottom in boxes:
        pixels[top:bottom, left:right] = 255
        pixels[top + 3 : bottom - 3, left + 3 : right - 3] = 0
    return pixels


BOXES = [(20, 4, 34, 28), (50, 6, 62, 26), (90, 4, 104, 28)]


@pytest.mark.parametrize("off", [0, -7, -10, 7, 10])
def test_a_box_around_the_ink_wherever_along_it_the_network_fires(off):
    columns = [(left + right) / 2 + off for left, _, right, _ in BOXES]
    np.testing.assert_array_equal(boxes_on(strip(*BOXES), columns), BOXES)


def test_one_alone():
    np.testing.assert_array_equal(boxes_on(strip(BOXES[0]), [20]), BOXES[:1])


def test_no_character():
    assert boxes_on(strip(*BOXES), []).shape == (0, 4)


def test_a_bar_beside_belongs_to_it():
    pixels = strip((20, 8, 32, 28), (60, 4, 74, 28))
    pixels[4:6, 24:36] = 255  # of a five
    assert boxes_on(pixels, [26, 67])[0].tolist() == [20, 4, 36, 28]


def test_dirt_far_away_and_specks_do_not():
    pixels = strip(*BOXES)
    pixels[10:16, 140:150] = 255
    pixels[1, 21:23] = 255
    assert boxes_on(pixels, [27, 56, 97]).tolist() == [list(box) for box in BOXES]


def test_touching_characters_are_cut_where_the_ink_is_least():
    pixels = strip((20, 4, 34, 28), (37, 4, 51, 28))
    pixels[14:16, 30:40] = 255
    first, second = boxes_on(pixels, [27, 44])
    assert 33 <= first[2] <= 37
    assert first[2] <= second[0] <= 37
    assert (first[0], second[2]) == (20, 51)


def test_lines_of_the_paper_are_no_ink():
    pixels = strip(*BOXES)
    pixels[29:31] = 255
    assert boxes_on(pixels, [27, 56, 97]).tolist() == [list(box) for box in BOXES]


def test_no_ink_at_all():
    boxes = boxes_on(np.zeros((32, 64), dtype=np.uint8), [3, 60])
    assert len(boxes) == 2
    assert (boxes[:, 2] > boxes[:, 0]).all()
