import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from written_numbers import written

from cnn_digits.reading.pictures import pictures_of

GREY = written("42")
COLOUR = np.stack([GREY] * 3, axis=2)


def shades(X):
    return [picture.shades()[0] for picture in pictures_of(X)]


@pytest.fixture
def path(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "field.png")
    return tmp_path / "field.png"


class TestKinds:
    @pytest.mark.parametrize("as_kind", [str, Path, os.fsencode])
    def test_paths(self, path, as_kind):
        first, second = shades([as_kind(path)] * 2)
        np.testing.assert_array_equal(first, GREY)
        np.testing.assert_array_equal(second, GREY)

    def test_tables_of_paths(self, path):
        for X in (np.array([str(path)] * 2), pd.Series([path] * 2), (path, path)):
            assert len(shades(X)) == 2

    def test_grey_pages_are_not_copied(self):
        (found,) = shades([GREY])
        assert np.shares_memory(found, GREY)

    @pytest.mark.parametrize(
        "picture",
        [
            GREY,
            GREY[..., None],
            COLOUR,
            np.dstack([COLOUR, np.full_like(GREY, 255)]),
            GREY.astype(np.float64),
            GREY.astype(np.int64),
            Image.fromarray(GREY),
            Image.fromarray(COLOUR),
        ],
        ids=["grey", "channel", "colour", "opaque", "float", "int", "Pillow", "Pillow colour"],
    )
    def test_the_same_shades_of_each(self, picture):
        (found,) = shades([picture])
        assert found.dtype in (np.float32, np.uint8)
        np.testing.assert_allclose(found, GREY, atol=0.01)
        # One alone is one.
        np.testing.assert_array_equal(shades(picture)[0], found)

    def test_ink_on_nothing(self):
        ink = np.zeros((*GREY.shape, 4), np.uint8)
        ink[..., 3] = 255 - GREY
        for picture in (ink, Image.fromarray(ink, "RGBA")):
            (found,) = shades([picture])
            np.testing.assert_allclose(found, GREY, atol=1)

    def test_one_array_of_several(self):
        assert len(shades(np.stack([GREY, GREY]))) == 2
        assert len(shades(np.stack([COLOUR, COLOUR]))) == 2

    def test_different_sizes_and_kinds_together(self, path):
        assert [s.shape for s in shades([GREY, COLOUR[:40], str(path), Image.fromarray(GREY)])] == [
            GREY.shape,
            (40, GREY.shape[1]),
            GREY.shape,
            GREY.shape,
        ]

    def test_turned_as_the_camera_says(self, tmp_path):
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.fromarray(np.rot90(GREY)).save(tmp_path / "photo.png", exif=exif)
        for picture in (tmp_path / "photo.png", Image.open(tmp_path / "photo.png")):
            np.testing.assert_array_equal(shades([picture])[0], GREY)

    def test_files_are_opened_when_their_turn_comes(self, path):
        first, second = pictures_of([path, path])
        first.shades()
        path.write_bytes(b"")
        with pytest.raises(ValueError, match=r"field\.png can't be read"):
            second.shades()


class TestHuge:
    def test_more_pixels_than_there_have_to_be(self):
        big = np.full((8000, 9000), 200, np.uint8)
        big[3000:3100, 4000:4003] = 10
        (picture,) = pictures_of([big])
        found, factor = picture.shades()
        assert factor == 3
        assert found.shape == (8000 // 3, 9000 // 3)
        assert found[1005, 1333] < 100

    def test_long_and_narrow(self):
        found, factor = pictures_of([np.zeros((2, 60_000), np.uint8)])[0].shades()
        assert (found.shape, factor) == ((2, 60_000), 1)


class TestBad:
    @pytest.mark.parametrize(
        ("X", "error", "message"),
        [
            ([], ValueError, "There are no pictures"),
            (np.zeros((0, 20, 20)), ValueError, "There are no pictures"),
            (3, ValueError, r"pictures has shape \(\); expected pictures: paths"),
            (np.zeros(10), ValueError, r"pictures has shape \(10,\)"),
            (np.zeros((2, 2, 2, 2, 2)), ValueError, r"pictures has shape \(2, 2, 2, 2, 2\)"),
            ([GREY, None], TypeError, r"pictures\[1\] is None"),
            ([GREY, object()], TypeError, r"pictures\[1\] is <object"),
            ([GREY, 1j * GREY], TypeError, r"pictures\[1\]"),
            ([GREY, GREY[0]], ValueError, r"pictures\[1\] has shape \(\d+,\)"),
            ([GREY[:0]], ValueError, r"pictures\[0\] has shape \(0, "),
            ([GREY, COLOUR[..., :2]], ValueError, r"pictures\[1\] .* 2 channels; expected 1"),
            ([np.zeros((1, 70_000))], ValueError, "65,535 pixels a side at most"),
            (pd.DataFrame({"a": [1.0]}), TypeError, "a table of DataFrame"),
            (([GREY], ["name.png"]), TypeError, "as read_images returns"),
        ],
    )
    def test_named(self, X, error, message):
        with pytest.raises(error, match=message) as caught:
            pictures_of(X)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 500

    @pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
    def test_pixels_that_are_no_numbers(self, value):
        bad = GREY.astype(float)
        bad[3, 4] = value
        with pytest.raises(ValueError, match=r"pictures\[1\] contains .* row 3, column 4"):
            pictures_of([GREY, bad])

    def test_a_missing_file_is_told_before_any_is_read(self, path, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"no\.png"):
            pictures_of([path, tmp_path / "no.png"])

    def test_a_folder(self, tmp_path):
        with pytest.raises(IsADirectoryError, match="is a folder; expected pictures"):
            pictures_of([tmp_path])

    def test_what_is_no_picture(self, tmp_path):
        (tmp_path / "text.png").write_text("hello")
        with pytest.raises(ValueError, match=r"text\.png can't be read: it is none of PNG"):
            shades([tmp_path / "text.png"])
