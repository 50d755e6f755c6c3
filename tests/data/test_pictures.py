import os
import socket
import struct
import sys
import zlib
from contextlib import suppress

import numpy as np
import pytest
from data_samples import SHEET, one_folder, save
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps, features

from cnn_digits import read_images
from cnn_digits.data import picture_decoding, pictures


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

    @pytest.mark.parametrize("suffix", [".jfif", ".JFIF", ".jpe", ".jif", ".jfi"])
    def test_other_names_of_jpeg(self, tmp_path, suffix):
        """As browsers, phones and messengers call it."""
        path = save(tmp_path / "sheet.jpg").rename(tmp_path / f"sheet{suffix}")
        for paths in (path, tmp_path, [path, path]):
            np.testing.assert_allclose(read_images(paths)[0][0], SHEET.astype(float), atol=40)

    @pytest.mark.skipif(not features.check("avif"), reason="Pillow was built without AVIF")
    def test_avif(self, tmp_path):
        (image,), _ = read_images(save(tmp_path / "sheet.avif"))
        np.testing.assert_allclose(image, SHEET.astype(float), atol=60)

    @pytest.mark.parametrize("suffix", [".heic", ".HEIF", ".hif", ".jpg"])
    def test_heic(self, tmp_path, suffix):
        """As phones write it, also where its name says JPEG."""
        pillow_heif = pytest.importorskip("pillow_heif")
        path = tmp_path / f"sheet{suffix}"
        sheet = np.kron(SHEET, np.ones((8, 8), np.uint8))
        pillow_heif.from_pillow(Image.fromarray(sheet).convert("RGB")).save(path, quality=100)
        for paths in (path, tmp_path):
            (image,), _ = read_images(paths)
            assert image.shape == sheet.shape
            assert np.abs(image - sheet.astype(float)).mean() < 5

    @pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1"])
    def test_heic_without_its_package(self, tmp_path, monkeypatch, brand):
        monkeypatch.setitem(sys.modules, "pillow_heif", None)
        save(tmp_path / "1.png")
        path = tmp_path / "2.heic"
        path.write_bytes(
            struct.pack(">I", 24) + b"ftyp" + brand + bytes(4) + b"mif1heic" + bytes(99)
        )
        message = r"2\.heic can't be read: it is a HEIC .*pip install pillow-heif"
        for paths in (path, tmp_path):
            with pytest.raises(ValueError, match=message):
                read_images(paths)
        with pytest.warns(UserWarning, match=message):
            assert len(read_images(tmp_path, skip_bad=True)[0]) == 1

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

    @pytest.mark.parametrize("suffix", [".jpg", ".mpo"])
    def test_the_first_of_several_in_a_jpeg(self, tmp_path, suffix):
        """As phones add a picture of the depth, or a brighter one."""
        path = tmp_path / f"sheet{suffix}"
        others = [Image.fromarray(255 - SHEET)]
        Image.fromarray(SHEET).save(path, "MPO", save_all=True, append_images=others)
        np.testing.assert_allclose(read_images(path)[0][0], SHEET.astype(float), atol=40)

    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
    @pytest.mark.parametrize("orientation", range(10))
    def test_turned_as_the_camera_says(self, tmp_path, orientation, suffix):
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = save(tmp_path / f"sheet{suffix}", exif=exif, quality=100)
        # By its name Pillow would map an uncompressed TIFF, and turn it twice.
        with path.open("rb") as file, Image.open(file) as image:
            expected = np.asarray(ImageOps.exif_transpose(image).convert("L"))
        (image,), _ = read_images(path)
        np.testing.assert_array_equal(image, expected)
        assert image.flags.c_contiguous

    def test_kinds_that_a_folder_is_searched_for(self, tmp_path):
        names = "1.png 2.JPG 3.jpeg 4.jfif 5.mpo 6.bmp 7.gif 8.tiff 9.WEBP 10.avif 11.heic 12.HEIF"
        for name in names.split():
            save(tmp_path / "0.png").rename(tmp_path / name)
        # What is in a file tells how to read it.
        _, found = read_images(tmp_path)
        assert [os.path.basename(name) for name in found] == names.split()

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

    @pytest.mark.parametrize("place", [".", "7"])
    def test_kinds_that_are_not_read_are_not_passed_over_in_silence(self, tmp_path, place):
        save(tmp_path / place / "1.png")
        for name in ("1.dng", "2.JXL", "3.jp2", "4.cr2"):
            (tmp_path / place / name).write_bytes(b"")
        with pytest.warns(
            UserWarning, match=r"4 of the files in .* not read, .*: .*, .*, .*, …\. S"
        ):
            images, _ = read_images(tmp_path)
        assert len(images) == 1

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
            (png(30_000, 30_000), r"claims 900,000,000 pixels; up to 268,435,456 .*MAX_PIXELS to"),
            (png(89_000_000, 1), r"claims 89,000,000 × 1 pixels, a side of 89,000,000 .*MAX_SIDE"),
            (png(0, 1), r"sheet\.png can't be read"),
            (png(10, 10), r"sheet\.png can't be read"),
        ],
    )
    def test_refused(self, tmp_path, content, message):
        (tmp_path / "sheet.png").write_bytes(content)
        with pytest.raises(ValueError, match=message) as error:
            read_images(tmp_path / "sheet.png")
        assert str(error.value).startswith(f"{tmp_path / 'sheet.png'} can't be read: ")
        assert "\n" not in str(error.value)

    @pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif", ".bmp"])
    def test_as_large_as_phones_make_them(self, tmp_path, monkeypatch, suffix):
        """More than Pillow takes for an attack, whose bound is neither changed nor asked."""
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
        (image,), _ = read_images(save(tmp_path / f"sheet{suffix}"))
        np.testing.assert_allclose(image, SHEET.astype(float), atol=40)
        assert Image.MAX_IMAGE_PIXELS == 10

    @pytest.mark.parametrize("suffix", [".tif", ".webp"])
    def test_what_pillow_refuses_is_said_in_words_of_our_own(self, tmp_path, monkeypatch, suffix):
        path = save(tmp_path / f"sheet{suffix}")
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
        with pytest.raises(ValueError, match=r"more pixels than Pillow decodes.*MAX_IMAGE_PIXELS"):
            read_images(path)

    @pytest.mark.parametrize("suffix", [".tif", ".webp", ".png"])
    def test_bound_is_raised_by_the_environment(self, tmp_path, monkeypatch, suffix):
        path = save(tmp_path / f"sheet{suffix}")
        monkeypatch.setenv("CNN_DIGITS_MAX_PIXELS", "95")
        with pytest.raises(ValueError, match=r"pixels; up to 95 .*CNN_DIGITS_MAX_PIXELS to [0-9]+"):
            read_images(path)
        n = {".png": 96, ".tif": 192, ".webp": 384}[suffix]
        monkeypatch.setenv("CNN_DIGITS_MAX_PIXELS", str(n - 1))
        with pytest.raises(ValueError, match=f"CNN_DIGITS_MAX_PIXELS to {n} or more"):
            read_images(path)
        monkeypatch.setenv("CNN_DIGITS_MAX_PIXELS", str(n))
        assert read_images(path)[0][0].shape == SHEET.shape

    def test_scans(self, tmp_path, monkeypatch):
        path = save(tmp_path / "sheet.jpg", progressive=True, quality=95)
        content = path.read_bytes()
        first = content.index(b"\xff\xda")
        last = content.rindex(b"\xff\xda")
        # The last scan only makes what is there sharper, and so does each copy of it.
        path.write_bytes(content[:-2] + content[last:-2] * 1_000 + content[-2:])
        with pytest.raises(ValueError, match=r"it has 1,0[01][0-9] scans; up to 100 .*MAX_SCANS"):
            read_images(path)
        monkeypatch.setattr(picture_decoding, "_PER_SCAN", 12)
        path.write_bytes(content[:-2] + content[last:-2] * 10 + content[-2:])
        with pytest.raises(ValueError, match=r"it has 16 scans of 8 × 12 pixels, which coun"):
            read_images(path)
        monkeypatch.undo()
        # What is in other segments, or behind the picture, is no scan of it.
        comment = b"\xff\xfe" + struct.pack(">H", 1_002) + b"\xff\xda" * 500
        place = content.rindex(b"\xff\xc4", 0, first)
        path.write_bytes(content[:place] + comment + content[place:] + b"\xff\xda" * 500)
        np.testing.assert_allclose(read_images(path)[0][0], SHEET.astype(float), atol=40)

    def test_scans_of_the_first_of_several(self, tmp_path):
        others = [Image.fromarray(255 - SHEET)]
        path = save(tmp_path / "sheet.mpo", save_all=True, append_images=others, progressive=True)
        content = path.read_bytes()
        end = content.index(b"\xff\xd9")
        last = content.rindex(b"\xff\xda", 0, end)
        path.write_bytes(content[:end] + content[last:end] * 1_000 + content[end:])
        with pytest.raises(ValueError, match=r"it has 1,0[01][0-9] scans; up to 100"):
            read_images(path)

    @pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
    def test_bands(self, tmp_path, monkeypatch, mode):
        """Large pictures are converted band by band, to the same pixels."""
        rng = np.random.default_rng(0)
        sheet = Image.fromarray(rng.integers(0, 256, (37, 11, 4), np.uint8), "RGBA")
        sheet = sheet.convert("L").convert(mode) if mode[0] in "IF" else sheet.convert(mode)
        suffix = ".png" if mode in ("1", "P", "RGBA") else ".tif"
        path = save(tmp_path / f"sheet{suffix}", sheet)
        (whole,), _ = read_images(path)
        monkeypatch.setattr(picture_decoding, "_BAND", 50)
        np.testing.assert_array_equal(read_images(path)[0][0], whole)

    def test_large_photos(self, tmp_path, monkeypatch):
        rng = np.random.default_rng(0)
        colours = np.repeat(np.repeat(rng.integers(0, 256, (5, 7, 3), np.uint8), 8, 0), 8, 1)
        path = save(tmp_path / "sheet.jpg", colours, quality=95)
        (small,), _ = read_images(path)
        monkeypatch.setattr(picture_decoding, "_LARGE", 100)
        np.testing.assert_allclose(read_images(path)[0][0], small.astype(float), atol=3)

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

    def test_too_little_memory_is_one_bad_picture(self, tmp_path, monkeypatch):
        def decoded(file, original=pictures.grey_picture):
            if b"IDAT" in file.read(100):
                raise MemoryError
            file.seek(0)
            return original(file)

        monkeypatch.setattr(pictures, "grey_picture", decoded)
        save(tmp_path / "1.jpg")
        save(tmp_path / "2.png")
        with pytest.raises(ValueError, match=r"2\.png can't be read: it takes more memory than t"):
            read_images(tmp_path)
        with pytest.warns(UserWarning, match=r"2\.png can't be read: it takes more memory than th"):
            assert len(read_images(tmp_path, skip_bad=True)[0]) == 1

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes among files")
    def test_pipe_is_not_waited_for(self, tmp_path):
        save(tmp_path / "1.png")
        os.mkfifo(tmp_path / "2.png")
        message = r"2\.png can't be read: it is a pipe; expected a regular file"
        with pytest.raises(ValueError, match=message):
            read_images(tmp_path)
        with pytest.warns(UserWarning, match=message):
            assert len(read_images(tmp_path, skip_bad=True)[0]) == 1

    @pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no sockets among files")
    def test_socket_and_device(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)  # a socket's path is short
        with socket.socket(socket.AF_UNIX) as end:
            end.bind("1.png")
            with pytest.raises(ValueError, match=r"1\.png can't be read: it is a socket"):
                read_images("1.png")
        (tmp_path / "2.png").symlink_to("/dev/zero")
        with pytest.raises(ValueError, match=r"2\.png can't be read: it is a device"):
            read_images("2.png")

    @pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
    def test_name_that_is_not_utf8(self, tmp_path):
        name = os.fsdecode(b"7_\xe9.png")
        save(tmp_path / "7.png").rename(tmp_path / name)
        _, names = read_images(tmp_path)
        assert names == [str(tmp_path / name)]
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(ValueError, match=r"can't be read: it is none of"):
            read_images(tmp_path)
