import csv

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from sklearn.datasets import load_digits

from cnn_digits.reading.lines import find_lines

IMAGES = load_digits().images / 16
PAPER, PEN = 225, 60


def write(ink, numbers, top, left, height, slope=0.0, apart=1.1):
    """Write digits of scikit-learn's into ink; returns the box of what is above half strength."""
    box = [*ink.shape, 0, 0]
    for place, number in enumerate(numbers):
        digit = ndimage.zoom(IMAGES[number], height / 8, order=1).clip(0, 1)
        x = round(left + place * apart * height)
        y = round(top + slope * (x - left))
        where = ink[y : y + digit.shape[0], x : x + digit.shape[1]]
        np.maximum(where, digit, out=where)
        rows, columns = (np.flatnonzero((digit > 0.5).any(axis=axis)) for axis in (1, 0))
        ends = y + rows[0], x + columns[0], y + rows[-1] + 1, x + columns[-1] + 1
        box = [*np.minimum(box[:2], ends[:2]), *np.maximum(box[2:], ends[2:])]
    return box


def on_paper(ink, paper=PAPER, noise=2, seed=0):
    shades = paper + (PEN / PAPER - 1) * paper * ink
    shades = shades + np.random.default_rng(seed).normal(0, noise, ink.shape)
    return shades.clip(0, 255).round().astype(np.float32)


def ruled(shape, apart=45, slant=0.01):
    """Paper with lines, in uneven light and with a shadow across."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    lines = (y + slant * x) % apart < 2
    return PAPER * (1 - 0.25 * lines) * (1 - 0.4 * x / shape[1]) * np.where(y + x < 1100, 1, 0.75)


def check(region, box, tolerance=0.1):
    """That a region without a slope is a box, up to a share of its height."""
    found = region.top, region.left, region.top + region.height, region.left + region.width
    assert np.abs(np.subtract(found, box)).max() <= tolerance * (box[2] - box[0]) + 1


@pytest.mark.parametrize("paper", [PAPER, ruled((900, 800))], ids=["plain", "ruled"])
@pytest.mark.parametrize("is_dark", [True, False])
def test_lines_of_a_page_from_top_to_bottom(paper, is_dark):
    ink = np.zeros((900, 800))
    boxes = [
        write(ink, numbers, top, 100, height)
        for numbers, top, height in (([3, 2, 6, 8], 80, 60), ([5], 300, 60), ([0, 4, 9], 500, 110))
    ]
    shades = on_paper(ink, paper)
    regions = find_lines(shades if is_dark else 255 - shades)
    assert len(regions) == 3
    for region, box in zip(regions, boxes, strict=True):
        check(region, box, 0.15)


@pytest.mark.parametrize("slope", [-0.13, 0.13])
def test_slope_is_found_and_the_height_is_that_of_the_writing(slope):
    ink = np.zeros((700, 900))
    for top in (200, 400):
        write(ink, [3, 2, 6, 8, 5, 9], top, 100, 60, slope)
    for region in find_lines(on_paper(ink)):
        assert abs(region.slope - slope) < 0.03
        assert 50 < region.height < 75
    assert len(find_lines(on_paper(ink))) == 2


def test_columns_of_a_table_are_regions_of_their_own():
    ink = np.zeros((500, 1200))
    boxes = [write(ink, [3, 8], top, left, 40) for top in (100, 300) for left in (60, 500, 940)]
    regions = sorted(find_lines(on_paper(ink)), key=lambda r: (round(r.top, -2), r.left))
    assert len(regions) == 6
    for region, box in zip(regions, boxes, strict=True):
        check(region, box)


@pytest.mark.parametrize("side", [66, 400])
def test_boxes_of_a_form_are_no_writing(side):
    ink = np.zeros((400, 800))
    box = write(ink, [3, 2, 6, 8, 0, 5], 100, 100, 50, apart=80 / 50)
    for left in range(92, 92 + 480, 80 if side == 66 else 480):
        right, bottom = left + (side if side == 66 else 480), 165
        ink[[85, 86, bottom, bottom + 1], left : right + 2] = 1
        ink[85 : bottom + 2, [left, left + 1, right, right + 1]] = 1
    (region,) = find_lines(on_paper(ink))
    check(region, box)


def test_small_digits_on_a_large_photo():
    ink = np.zeros((3000, 4000), dtype=np.float32)
    boxes = [write(ink, [3, 2, 6, 8, 5], top, 1500, 20) for top in (700, 2100)]
    regions = find_lines(on_paper(ink))
    assert len(regions) == 2
    for region, box in zip(regions, boxes, strict=True):
        check(region, box, 0.2)


def test_dots_and_dashes_are_beside_the_digits():
    ink = np.zeros((300, 700))
    top, left, bottom, right = write(ink, [3, 2, 6, 8], 100, 100, 60)
    ink[bottom - 8 : bottom, right + 12 : right + 20] = 1
    ink[125:131, right + 40 : right + 70] = 1
    for lines in ("auto", 1):
        (region,) = find_lines(on_paper(ink), lines)
        check(region, (top, left, bottom, right + 70))


@pytest.mark.parametrize("n_lines", [1, 2])
def test_a_small_picture_is_a_field_if_it_holds_one_line(n_lines):
    ink = np.zeros((100, 220))
    boxes = [write(ink, [3, 2, 6, 8], 12 + 44 * line, 20, 32) for line in range(n_lines)]
    regions = find_lines(on_paper(ink))
    assert len(regions) == n_lines
    for region, box in zip(regions, boxes, strict=True):
        check(region, box)


def test_field_between_edges_of_its_box_and_bits_of_other_lines():
    ink = np.zeros((70, 200))
    write(ink, [8, 0, 8, 9], -22 + 40, 30, 24)
    ink = np.pad(ink[32:], ((0, 32), (0, 0)))  # of this line there is only the lowest part
    box = write(ink, [3, 2, 6], 24, 40, 28)
    ink[:, [3, 4]] = ink[[63, 64]] = ink[14:60, [194, 195]] = 0.8
    (region,) = find_lines(on_paper(ink), 1)
    check(region, box)


def nothing():
    y, x = np.mgrid[:600, :800]
    blank = np.full((600, 800), PAPER)
    disc = ndimage.gaussian_filter((np.hypot(y - 300, x - 300) < 60).astype(float), 2)
    sheet = (np.abs(y - 300 + 0.05 * x) < 200) & (np.abs(x - 400 - 0.05 * y) < 300)
    return {
        "blank": blank,
        "dark": 0 * blank,
        "ruled": ruled((600, 800)),
        "squared": blank * (1 - 0.3 * ((y % 50 < 2) | (x % 50 < 2))),
        "stains": blank * (1 - 0.6 * disc - 0.3 * np.roll(disc, 300, axis=1)),
        "shadow": blank * np.where(y + 0.7 * x > 500, 0.5, 1),
        "sheet on a table": np.where(sheet, 230, 90),
        "field": blank[:60, :200],
        "light on a field": (blank * (1 - 0.4 * x / 800))[:60, ::4],
    }


@pytest.mark.parametrize("name", nothing())
def test_where_nothing_is_written_there_is_no_line(name):
    assert find_lines(on_paper(0 * nothing()[name], nothing()[name], noise=3)) == []


def test_a_field_without_a_line_is_taken_as_a_whole_unless_it_is_blank():
    ink = np.zeros((60, 200))
    assert find_lines(on_paper(ink), 1) == []
    ink[[5, 6, 53, 54], 5:195] = ink[5:55, [5, 6, 193, 194]] = 1
    (region,) = find_lines(on_paper(ink), 1)
    assert (region.left, region.top, region.width, region.height) == (0, 0, 200, 60)


def test_much_dirt_hides_no_number():
    rng = np.random.default_rng(0)
    ink = np.zeros((1500, 2000))
    ink[rng.integers(0, 1500, 10_000), rng.integers(0, 2000, 10_000)] = 1
    ink = ndimage.grey_dilation(ink, size=(4, 4))
    box = write(ink, [3, 2, 6, 8], 600, 500, 150)
    regions = find_lines(on_paper(ink))
    assert len(regions) < 100
    largest = max(regions, key=lambda region: region.height)
    check(largest, [*box[:3], largest.left + largest.width])


def test_a_line_on_each_cheque_and_in_each_cell(handwriting):
    n_cheques = n_close = 0
    for kind in ("cheques", "register"):
        with open(handwriting / kind / "labels.csv", newline="") as file:
            rows = list(csv.DictReader(file))[::5]
        for row in rows:
            with Image.open(handwriting / kind / row["file"]) as picture:
                shades = np.asarray(picture.convert("L"), dtype=np.float32)
            (region,) = find_lines(shades)
            assert find_lines(shades, 1) == [region]
            if not row["boxes"]:
                continue
            boxes = np.array([box.split()[1:] for box in row["boxes"].split(";")], dtype=int)
            top, bottom = boxes[:, 1].min(), (boxes[:, 1] + boxes[:, 3]).max()
            error = abs(region.top - top), abs(region.top + region.height - bottom)
            n_cheques += 1
            n_close += max(error) <= 0.15 * (bottom - top)
    assert n_close >= 0.95 * n_cheques


def test_the_lines_of_peoples_photos(handwriting):
    with open(handwriting / "people" / "labels.csv", newline="") as file:
        for row in csv.DictReader(file):
            with Image.open(handwriting / "people" / row["file"]) as picture:
                flat = Image.new("RGBA", picture.size, "white")
                flat.alpha_composite(picture.convert("RGBA"))
            shades = np.asarray(flat.convert("L"), dtype=np.float32)
            assert len(find_lines(shades)) == 1 + row["number"].count("/"), row["file"]
