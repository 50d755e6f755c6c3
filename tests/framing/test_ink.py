import numpy as np
import pytest
from drawn_digits import frame, likeness, sheet, two
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from cnn_digits import FrameDigits
from cnn_digits.framing.ink import _is_thick, find_ink, otsu, quantile, reduced, stroke_width


class TestCutOutClosely:
    """Little paper round a digit, and a pattern on it: strokes are whole, not broken."""

    @pytest.mark.parametrize("pattern", [0, 25])
    @pytest.mark.parametrize("shape", [(24, 25), (41, 35), (64, 30)])
    def test_a_zero_stays_closed(self, shape, pattern):
        y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
        ring = ndimage.gaussian_filter(np.abs(np.hypot(y, x) - 0.8) < 0.2, 0.8, output=float)
        lines = (np.arange(shape[0]) % 5 == 2)[:, None]
        picture = 200 - 100 * ring - pattern * lines
        labels, _ = ndimage.label(find_ink(picture[None].astype(np.float32))[0] == 0)
        hole = labels[shape[0] // 2 // 5 * 5, shape[1] // 2]
        assert hole > 0
        assert (labels == hole).sum() < 0.6 * np.prod(shape)  # the paper outside is not in it

    @pytest.mark.parametrize("side", [20, 40, 100])
    def test_light_that_falls_from_one_side_is_no_stroke(self, side):
        light = np.tile(np.linspace(200, 120, side, dtype=np.float32), (side, 1))
        # Where there is paper around the digit, none is found; else only the darkest end.
        assert (find_ink(light[None]) > 0).mean() <= (0 if side == 100 else 0.2)

    @pytest.mark.parametrize("side", [20, 40, 100])
    def test_noise_is_no_ink(self, side):
        noise = np.random.default_rng(0).normal(200, 10, (20, side, side))
        assert not find_ink(noise.astype(np.float32)).any()


class TestMeasures:
    @pytest.mark.parametrize("width", [2, 4, 6])
    def test_stroke_width(self, width):
        stroke = np.zeros((1, 80, 80), np.float32)
        stroke[0, 10:70, 30 : 30 + width] = 1
        assert stroke_width(stroke)[0] == pytest.approx(width, abs=1)

    @given(st.integers(1, 12), st.integers(0, 40), st.booleans(), st.integers(0, 2**32 - 1))
    def test_is_thick(self, radius, row, is_square, seed):
        y, x = np.mgrid[:41, :41]
        apart = np.stack([np.abs(y - row), np.abs(x - 20)])
        mark = (apart.max(axis=0) if is_square else np.hypot(*apart)) <= radius
        noise = np.random.default_rng(seed).random((41, 41)) < 0.5
        masks = np.stack([mark, noise, mark | noise])
        for width in (3, 2 * radius, 2 * radius + 3):
            expected = [2 * ndimage.distance_transform_edt(mask).max() > width for mask in masks]
            assert _is_thick(masks, width).tolist() == expected


class TestPaperAndInk:
    """The same digit on other paper comes out as the same frame."""

    reference = frame(sheet(two()))

    @pytest.mark.parametrize(
        "change",
        [
            lambda x: 255 - x,
            lambda x: x / 255.0,
            lambda x: x.astype(np.uint16) * 257,
            lambda x: x.astype(np.int64) * 1000 - 5,
            lambda x: x // 4 + 100,
            lambda x: np.dstack([x, x, x]),
            lambda x: np.dstack([x, x, x, np.full_like(x, 255)]),
            lambda x: np.dstack([x, x, np.full_like(x, 220)]),
        ],
        ids=["negative", "0 to 1", "16 bits", "any", "faint", "colour", "opaque", "blue"],
    )
    def test_scale_and_colour_do_not_matter(self, change):
        assert likeness(self.reference, frame(change(sheet(two())))) > 0.99

    def test_transparent_pictures_lie_on_white(self):
        ink = 255 - sheet(two(), paper=255, pen=0)
        black = np.zeros((*ink.shape, 3), np.uint8)
        for colour in (black, black + 255):
            picture = np.dstack([colour, ink])
            assert likeness(self.reference, frame(picture)) > 0.99
            assert likeness(self.reference, frame(picture / 255.0)) > 0.99

    @pytest.mark.parametrize("pen", [40, 150])
    def test_uneven_light(self, pen):
        picture = sheet(two(), pen=pen)
        y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
        sunset = 1 - 0.6 * (x + y) / (x + y).max()
        across = np.where(x + 0.3 * y > 100, 0.6, 1)
        corner = np.where(x + y < 100, 0.6, 1)
        for light in (sunset, across, corner):
            assert likeness(self.reference, frame((picture * light).astype(np.uint8))) > 0.95
        night = 255 - (picture * sunset).astype(np.uint8)
        assert likeness(self.reference, frame(night)) > 0.95

    @pytest.mark.parametrize("negative", [False, True])
    @pytest.mark.parametrize("pen", [40, 150])
    @pytest.mark.parametrize("angle", range(0, 360, 45))
    def test_light_from_any_side(self, angle, pen, negative):
        picture = sheet(two(), (250, 350), (95, 150), pen=pen)
        y, x = np.mgrid[-1:1:250j, -1:1:350j]
        along = np.cos(np.deg2rad(angle)) * x + np.sin(np.deg2rad(angle)) * y
        picture = (picture * (1 - 0.6 * (along + 1.5) / 3)).astype(np.uint8)
        assert likeness(self.reference, frame(255 - picture if negative else picture)) > 0.95

    @pytest.mark.parametrize(
        "change", [lambda x: x / x.max() - 1, lambda x: x * 1e12], ids=["negative", "huge"]
    )
    def test_scale_does_not_matter_in_uneven_light(self, change):
        picture = sheet(two()) * np.linspace(1, 0.4, 140)
        assert likeness(self.reference, frame(change(picture))) > 0.95

    @pytest.mark.parametrize("strength", [0.2, 0.35])
    @pytest.mark.parametrize("noise", [0.5, 3])
    def test_blank_paper_in_uneven_light(self, strength, noise):
        y, x = np.mgrid[-1:1:300j, -1:1:400j]
        lamp, window = 1 - strength * (x**2 + y**2) / 2, 1 - strength * (x + 1) / 2
        for light in (lamp, window):
            paper = 220 * light + np.random.default_rng(0).normal(0, noise, x.shape)
            with pytest.warns(UserWarning, match="No ink was found on 1 of 1"):
                assert not frame(paper.clip(0, 255).astype(np.uint8)).any()

    def test_noise(self):
        rng = np.random.default_rng(0)
        picture = np.clip(sheet(two()) + rng.normal(0, 20, (160, 140)), 0, 255)
        assert likeness(self.reference, frame(picture)) > 0.95

    def test_noise_is_no_ink(self):
        noise = np.random.default_rng(0).normal(128, 3, (100, 100))
        with pytest.warns(UserWarning, match="No ink was found on 1 of 1"):
            FrameDigits().fit_transform([noise])

    @pytest.mark.parametrize("pen", [40, 150])
    @pytest.mark.parametrize("thickness", [10, 30])
    def test_a_digit_that_fills_the_picture(self, thickness, pen):
        digit = two(180, 135, thickness)
        reference = frame(sheet(digit, (400, 350), (100, 90)))
        rows, columns = (np.flatnonzero((digit > 0.5).any(axis=axis)) for axis in (1, 0))
        digit = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        tight = sheet(digit, digit.shape, (0, 0), pen=pen)
        assert likeness(reference, frame(tight)) > 0.95
        assert likeness(reference, frame(255 - tight)) > 0.95

    @pytest.mark.parametrize("squared", [False, True])
    def test_lines_of_the_paper(self, squared):
        picture = sheet(two(), (200, 200)).astype(int)
        picture[15::40] -= 40
        if squared:
            picture[:, 10::40] -= 40
        assert likeness(self.reference, frame(picture)) > 0.95

    def test_a_line_of_dots_up_and_down(self):
        picture = sheet(two(), (200, 200))
        picture[20, ::2] = picture[22, 1::2] = 60
        assert np.ptp(np.nonzero(frame(picture))[0]) >= 19

    def test_a_stem_from_edge_to_edge_is_no_line(self):
        picture = np.full((100, 80), 230, np.uint8)
        picture[:, 35:43] = 30
        assert np.ptp(np.nonzero(frame(picture))[0]) >= 19

    @pytest.mark.parametrize("negative", [False, True])
    @pytest.mark.parametrize("around", [10, 40])
    def test_a_sheet_of_paper_on_a_table(self, around, negative):
        picture = np.pad(sheet(two(), (200, 180), (70, 60)), around, constant_values=30)
        assert likeness(self.reference, frame(255 - picture if negative else picture)) > 0.95
        blank = np.pad(np.full((200, 180), 220, np.uint8), around, constant_values=30)
        with pytest.warns(UserWarning, match="No ink was found on 1 of 1"):
            assert not frame(255 - blank if negative else blank).any()

    @pytest.mark.parametrize("stroke", [20, 40])
    def test_a_bold_zero_is_no_sheet_of_paper(self, stroke):
        y, x = np.mgrid[-1:1:160j, -1:1:120j]
        inside = 1 - stroke / np.array([160, 120]) * 2
        ring = (x**2 + y**2 < 1) & ((x / inside[1]) ** 2 + (y / inside[0]) ** 2 > 1)
        found = frame(sheet(ring.astype(float), (200, 160), (20, 20)))
        assert found[14, 14] == 0
        assert found[5, 14] > 200


class TestSteps:
    def test_reduced(self):
        stack = np.random.default_rng(0).integers(0, 256, (2, 11, 13, 3), dtype=np.uint8)
        result = reduced(stack, 4)
        assert result.shape == (2, 2, 3, 3)
        np.testing.assert_allclose(result[1, 1, 2], stack[1, 4:8, 8:12].mean(axis=(0, 1)))
        np.testing.assert_allclose(reduced(stack.astype(float), 4), result, rtol=1e-6)

    def test_otsu_parts_two_heaps(self):
        counts = np.zeros((1, 256), int)
        counts[0, [10, 11, 12, 200, 201]] = 10**6, 5 * 10**6, 10**6, 10**5, 10**5
        assert 12 <= otsu(counts)[0, 0] < 200

    @given(st.lists(st.integers(0, 255), min_size=1, max_size=50), st.floats(0.01, 1))
    def test_quantile(self, values, q):
        counts = np.bincount(values, minlength=256)[None]
        expected = np.quantile(values, q, method="inverted_cdf")
        assert quantile(counts, q)[0, 0] == expected
