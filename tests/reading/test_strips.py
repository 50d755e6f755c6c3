import numpy as np
import pytest
from written_numbers import written

from cnn_digits.reading.lines import LineRegion
from cnn_digits.reading.strips import STRIP_HEIGHT, TEXT_HEIGHT, VIEWS, strip_of, strips_of


def bar(shape=(120, 300), left=100, top=30, height=60, width=8, paper=220.0, ink=40.0):
    """A picture of one upright stroke, and the region around it."""
    shades = np.full(shape, paper, np.float32)
    shades[top : top + height, left : left + width] = ink
    return shades, LineRegion(left, top, width, height)


def extent(mask):
    found = np.flatnonzero(mask)
    return found[0], found[-1] + 1


def test_writing_is_as_high_as_the_network_expects_it_in_the_middle():
    strip = strip_of(*bar())
    assert strip.pixels.shape[0] == STRIP_HEIGHT
    assert strip.pixels.shape[1] % 4 == 0
    top, bottom = extent((strip.pixels > 127).any(axis=1))
    assert bottom - top == TEXT_HEIGHT
    assert top == (STRIP_HEIGHT - TEXT_HEIGHT) / 2


@pytest.mark.parametrize(("paper", "ink"), [(220, 40), (40, 220), (130, 90), (0.9, 0.2)])
def test_ink_is_high_whichever_is_darker(paper, ink):
    strip = strip_of(*bar(paper=paper, ink=ink))
    is_ink = strip.pixels > 127
    assert 0.02 < is_ink.mean() < 0.4
    assert not is_ink[:, :4].any()


def test_columns_are_those_of_the_picture():
    shades, region = bar(left=170)
    strip = strip_of(shades, region)
    begin, end = extent((strip.pixels > 127).any(axis=0))
    assert strip.to_picture(begin) == pytest.approx(170, abs=strip.scale)
    assert strip.to_picture(end) == pytest.approx(178, abs=strip.scale)


def test_slopes_are_levelled():
    shades = np.full((200, 400), 200, np.float32)
    for i in range(6):  # strokes whose feet climb by one row in ten columns
        column = 50 + 50 * i
        top = 100 - round(0.1 * (column - 175))
        shades[top - 20 : top + 20, column : column + 5] = 50
    region = LineRegion(50, 80, 255, 40, slope=-0.1)
    ink = strip_of(shades, region).pixels > 127
    inked = ink.any(axis=0)
    tops = ink.argmax(axis=0)[inked]
    assert tops.max() - tops.min() <= 1


def test_light_that_falls_off_is_no_ink():
    shades, region = bar()
    shades *= np.linspace(1, 0.5, shades.shape[1], dtype=np.float32)
    pixels = strip_of(shades, region).pixels
    assert (pixels[:, :4] < 40).all()


@pytest.mark.parametrize("shades", [np.full((50, 90), 130.0), np.zeros((50, 90))])
def test_nothing_on_paper(shades):
    region = LineRegion(20, 10, 40, 30)
    assert strips_of(shades.astype(np.float32), region) == ()


def test_regions_beyond_the_picture():
    shades = np.full((30, 40), 220, np.float32)
    shades[:, 18:22] = 30
    pixels = strip_of(shades, LineRegion(-30, -10, 120, 50)).pixels
    # What is beyond is paper.
    assert (pixels[0] == 0).all()
    assert (pixels > 127).any()
    assert strip_of(shades, LineRegion(200, 200, 20, 20)) is None


def test_views():
    shades = written("123").astype(np.float32)
    region = LineRegion(0, 0, shades.shape[1], shades.shape[0])
    strips = strips_of(shades, region)
    assert len(strips) == len(VIEWS)
    widths = np.array([strip.pixels.shape[1] for strip in strips])
    np.testing.assert_allclose(widths / widths[0], [size for size, _ in VIEWS], rtol=0.1)


def test_views_lean():
    """A bar's columns, above and below, in each view; in the middle row it stays where it is."""
    shades, region = bar()
    strips = strips_of(shades.astype(np.float32), region)
    for strip, (_, slant) in zip(strips, VIEWS, strict=True):
        rows, columns = np.nonzero(strip.pixels > 127)
        down, _ = np.polyfit(rows, columns, 1)
        assert abs(down + slant) < 0.05
        middle = strip.pixels[11:13].sum(axis=0)
        at = (middle * np.arange(len(middle))).sum() / middle.sum() + 0.5
        straight = strips[0].pixels[11:13].sum(axis=0)
        at_first = (straight * np.arange(len(straight))).sum() / straight.sum() + 0.5
        assert abs(strip.to_picture(at) - strips[0].to_picture(at_first)) < 2
