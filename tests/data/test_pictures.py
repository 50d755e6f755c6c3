import os
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from data_samples import SHEET, one_folder, save
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnn_digits import read_images


@pytest.fixture(scope="module")
def picture_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    return {
        suffix: save(folder / f"sheet{suffix}").read_bytes()
        for suffix in (".png", ".jpg", ".bmp", ".gif", ".tif", ".webp")
    }


def png(width, height):
    """A picture that claims a size and has a single pixel."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)


class TestPictures:
    @pytest.mark.parametrize("suffix", [".png", ".JPG", ".jpeg", ".bmp", ".gif", ".tif", ".webp"])
    def test_formats(self, tmp_path, suffix):
        images, names = read_images(save(tmp_path / f"sheet{suffix}"))
        assert names == [str(tmp_path / f"sheet{suffix}")]
        assert (images[0].dtype, images[0].shape) == (np.uint8, SHEET.shape)
        np.testing.assert_allclose(images[0], SHEET.astype(float), atol=40)
        images[0][0, 0] = 0  # can be written to

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
    def test_modes(self, tmp_path, mode):
        sheet = np.where(SHEET < 128, 0, 255).astype(np.uint8)
        if mode == "I;16":
            image = Image.fromarray(sheet.astype(np.uint16) * 257)
        else:
            image = Image.fromarray(sheet).convert(mode)
        assert image.mode == mode
        (image,), _ = read_images(save(tmp_path / "sheet.png", image))
        np.testing.assert_array_equal(image, sheet)
        assert image.dtype == np.uint8

    def test_cmyk(self, tmp_path):
        path = save(tmp_path / "sheet.jpg", Image.fromarray(SHEET).convert("CMYK"), quality=100)
        (image,), _ = read_images(path)
        np.testing.assert_allclose(image, SHEET.astype(float), atol=10)

    @pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
    def test_transparent_is_white(self, tmp_path, mode):
        # Black all over, opaque only where the sheet is dark.
        image = Image.fromarray(np.stack([SHEET * 0, 255 * (SHEET < 128).astype(np.uint8)], -1))
        if mode == "P":
            image = Image.fromarray((SHEET < 128).astype(np.uint8)).convert("P")
            image.putpalette([0, 0, 0, 0, 0, 0])
            image.info["transparency"] = 0
        (image,), _ = read_images(
            save(tmp_path / "sheet.png", image if mode == "P" else image.convert(mode))
        )
        np.testing.assert_array_equal(image, np.where(SHEET < 128, 0, 255))

    def test_white_on_nothing_is_on_black(self, tmp_path):
        opaque = 255 * (SHEET < 128).astype(np.uint8)
        path = save(tmp_path / "sheet.png", np.stack([opaque * 0 + 255, opaque], -1))
        np.testing.assert_array_equal(read_images(path)[0][0], opaque)

    @pytest.mark.parametrize(
        ("pixels", "expected"),
        [
            (np.array([[0, 257, 65535]], np.uint16), [0, 1, 255]),
            (np.array([[0, 0.5, 1]], np.float32), [0, 128, 255]),
            (np.array([[0, 100, 255]], np.float32), [0, 100, 255]),
            (np.array([[-5, 32896, 70000]], np.float32), [0, 128, 255]),
            (np.array([[0, 514, 65535]], np.int32), [0, 2, 255]),
            (np.array([[0, 128, 255]], np.int32), [0, 128, 255]),
            (np.array([[-0.01, 0.5, 1.02]], np.float32), [0, 128, 255]),
        ],
    )
    def test_other_depths(self, tmp_path, pixels, expected):
        (image,), _ = read_images(save(tmp_path / "sheet.tif", pixels))
        assert image.tolist() == [expected]

    def test_pixels_that_are_no_numbers(self, tmp_path):
        path = save(tmp_path / "sheet.tif", np.array([[0, np.nan]], np.float32))
        with pytest.raises(
            ValueError, match=r"sheet\.tif can't be read: it has pixels that are no"
        ):
            read_images(path)

    @pytest.mark.parametrize("suffix", [".gif", ".tif", ".png", ".webp"])
    def test_the_first_of_several(self, tmp_path, suffix):
        others = [Image.fromarray(255 - SHEET), Image.fromarray(SHEET[::-1])]
        path = save(tmp_path / f"sheet{suffix}", save_all=True, append_images=others)
        (image,), _ = read_images(path)
        np.testing.assert_allclose(image, SHEET.astype(float), atol=40)

    @pytest.mark.parametrize(
        ("orientation", "turn"),
        [(1, lambda x: x), (3, lambda x: x[::-1, ::-1]), (6, lambda x: np.rot90(x, -1))],
    )
    def test_turned_as_the_camera_says(self, tmp_path, orientation, turn):
        exif = Image.Exif()
        exif[0x0112] = orientation
        (image,), _ = read_images(save(tmp_path / "sheet.jpg", exif=exif, quality=100))
        np.testing.assert_allclose(image, turn(SHEET).astype(float), atol=40)

    def test_order(self, tmp_path):
        for number in (10, 9, 1, 2):
            save(tmp_path / f"{number}.png")
        (tmp_path / "notes.txt").write_text("")
        images, names = read_images(tmp_path)
        assert [os.path.basename(name) for name in names] == ["1.png", "2.png", "9.png", "10.png"]
        assert len(images) == 4
        paths = [str(tmp_path / "9.png"), tmp_path / "1.png"]
        assert read_images(paths)[1] == [str(path) for path in paths]

    def test_what_programs_leave_behind_is_no_picture(self, tmp_path):
        save(tmp_path / "0" / "a.png")
        save(tmp_path / ".checkpoints" / "b.png")
        (tmp_path / "0" / "._a.png").write_bytes(b"from macOS")
        (tmp_path / "0" / "folder.png").mkdir()
        assert len(read_images(tmp_path)[0]) == 1

    def test_no_paths(self):
        with pytest.raises(ValueError, match="There are no paths; expected at least one picture"):
            read_images([])

    def test_nothing_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"holds no pictures \(\.png"):
            read_images(tmp_path)
        with pytest.raises(FileNotFoundError, match="missing"):
            read_images(tmp_path / "missing.png")

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "none of PNG, JPEG"),
            (b"text", "none of PNG, JPEG"),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "none of PNG"),
            (png(30_000, 30_000), "decompression bomb"),
            (png(10_000, 10_000), "decompression bomb"),
            (png(10, 10), r"sheet\.png can't be read"),
        ],
    )
    def test_refused(self, tmp_path, content, message):
        (tmp_path / "sheet.png").write_bytes(content)
        with pytest.raises(ValueError, match=message) as error:
            read_images(tmp_path / "sheet.png")
        assert str(error.value).startswith(f"{tmp_path / 'sheet.png'} can't be read: ")
        assert "\n" not in str(error.value)

    @one_folder
    @given(st.data(), st.sampled_from([".png", ".jpg", ".bmp", ".gif", ".tif", ".webp"]))
    @pytest.mark.filterwarnings("ignore")  # Pillow's, of what it overlooks
    def test_damage(self, picture_files, tmp_path, data, suffix):
        content = bytearray(picture_files[suffix])
        place = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            del content[place:]
        else:
            content[place] ^= data.draw(st.integers(1, 255))
        path = tmp_path / f"sheet{suffix}"
        path.write_bytes(content)
        with suppress(ValueError):
            (image,), _ = read_images(path)
            assert image.ndim == 2
            assert image.dtype == np.uint8

    def test_one_bad_among_many(self, tmp_path):
        for number in range(100):
            save(tmp_path / f"{number}.png")
        bad = tmp_path / "50.png"
        bad.write_bytes(bad.read_bytes()[:-30])
        with pytest.raises(ValueError, match=r"50\.png can't be read"):
            read_images(tmp_path)
        with pytest.warns(UserWarning, match=r"Left out: .*50\.png can't be read"):
            images, names = read_images(tmp_path, skip_bad=True)
        assert len(images) == len(names) == 99
        assert str(bad) not in names

    def test_all_bad(self, tmp_path):
        (tmp_path / "1.png").write_bytes(b"")
        with pytest.raises(ValueError, match=r"None of 1 pictures can be read: .*1\.png"):
            read_images(tmp_path, skip_bad=True)

    def test_skip_what_is_missing(self, tmp_path):
        good = save(tmp_path / "good.png")
        with pytest.warns(UserWarning, match=r"missing\.png"):
            images, _ = read_images([good, tmp_path / "missing.png"], skip_bad=True)
        assert len(images) == 1
