import numpy as np
import pytest

from cnn_digits.reading.places import boxes_on
from cnn_digits.reading.strips import STRIP_HEIGHT


def strip(*boxes, width=130):
    """Outlines of boxes (left, top, right, bottom)."""
    pixels = np.zeros((STRIP_HEIGHT, width), dtype=np.uint8)
    for left, top, right, bottom in boxes:
        pixels[top:bottom, left:right] = 255
        pixels[top + 2 : bottom - 2, left + 2 : right - 2] = 0
    return pixels


BOXES = [(20, 3, 31, 21), (46, 5, 55, 20), (76, 3, 87, 21)]


@pytest.mark.parametrize("off", [0, -5, -8, 5, 8])
def test_a_box_around_the_ink_wherever_along_it_the_network_fires(off):
    columns = [(left + right) / 2 + off for left, _, right, _ in BOXES]
    np.testing.assert_array_equal(boxes_on(strip(*BOXES), columns), BOXES)


def test_one_alone():
    np.testing.assert_array_equal(boxes_on(strip(BOXES[0]), [20]), BOXES[:1])


def test_no_character():
    assert boxes_on(strip(*BOXES), []).shape == (0, 4)


def test_a_bar_beside_belongs_to_it():
    pixels = strip((20, 6, 29, 21), (50, 3, 61, 21))
    pixels[3:5, 23:33] = 255  # of a five
    assert boxes_on(pixels, [25, 55])[0].tolist() == [20, 3, 33, 21]


def test_dirt_far_away_and_specks_do_not():
    pixels = strip(*BOXES)
    pixels[8:12, 115:123] = 255
    pixels[1, 21:23] = 255
    assert boxes_on(pixels, [25, 50, 81]).tolist() == [list(box) for box in BOXES]


def test_touching_characters_are_cut_where_the_ink_is_least():
    pixels = strip((20, 3, 31, 21), (34, 3, 45, 21))
    pixels[11:13, 28:36] = 255
    first, second = boxes_on(pixels, [25, 39])
    assert 30 <= first[2] <= 34
    assert first[2] <= second[0] <= 34
    assert (first[0], second[2]) == (20, 45)


def test_lines_of_the_paper_are_no_ink():
    pixels = strip(*BOXES)
    pixels[22:] = 255
    assert boxes_on(pixels, [25, 50, 81]).tolist() == [list(box) for box in BOXES]


def test_no_ink_at_all():
    boxes = boxes_on(np.zeros((STRIP_HEIGHT, 64), dtype=np.uint8), [3, 60])
    assert len(boxes) == 2
    assert (boxes[:, 2] > boxes[:, 0]).all()
