import warnings

import numpy as np
import pytest
from drawn_digits import frame, likeness, sheet, two
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from cnn_digits import FrameDigits
from cnn_digits.framing.frames import holds_several, is_empty, is_framed
from cnn_digits.framing.ink import stroke_width


class TestFrame:
    """What LeCun et al. say of MNIST's frame."""

    @pytest.mark.parametrize(("side", "box"), [(28, 20), (28, 26), (16, 16), (40, 20)])
    def test_box_and_centre(self, side, box):
        result = frame(sheet(two()), side=side, box=box)
        assert result.shape == (side, side)
        assert result.dtype == np.uint8
        rows, columns = np.nonzero(result > 64)
        longest = max(np.ptp(rows), np.ptp(columns)) + 1
        if side >= 1.3 * box:  # else the centre of mass pushes it over the border
            assert abs(longest - box) <= 1
            middle = ndimage.center_of_mass(result.astype(float))
            assert middle == pytest.approx(((side - 1) / 2,) * 2, abs=0.1)

    def test_white_on_black(self):
        result = frame(sheet(two()))
        assert result[0].max() == result[-1].max() == 0
        assert result.max() == 255

    def test_the_digit_keeps_its_proportions(self):
        rows, columns = np.nonzero(frame(sheet(two(60, 30))) > 64)
        assert np.ptp(rows) + 1 == pytest.approx(20, abs=1)
        assert np.ptp(columns) + 1 == pytest.approx(10, abs=1.5)

    def test_framed_images_stay_as_they_are(self):
        framed = np.zeros((28, 28), np.uint8)
        framed[4:24, 7:21] = 200
        framed[8:20, 11:17] = 0
        assert is_framed(framed[None, ..., None], 28, 20).all()
        np.testing.assert_array_equal(frame(framed), framed)
        np.testing.assert_array_equal(frame(framed[:, :, None]), framed)
        np.testing.assert_array_equal(frame(framed / 200.0), framed // 200 * 255)
        assert not is_framed(np.roll(framed, 2)[None, ..., None], 28, 20).any()
        assert likeness(frame(frame(sheet(two()))), frame(sheet(two()))) > 0.98

    def test_black_bars_do_not_make_a_frame(self):
        picture = np.zeros((28, 28), np.uint8)
        picture[:, 3:25] = 25
        picture[4:24, 12:15] = 215
        assert not is_framed(picture[None, ..., None], 28, 20).any()
        assert frame(picture)[14, 5] == 0

    def test_thin_strokes_become_as_thick_as_most(self):
        hairline = frame(sheet(two(600, 450, 4), (800, 700), (100, 100)))
        assert stroke_width(hairline[None] / 255)[0] > 1.9
        bold = frame(sheet(two(60, 45, 10)))
        assert stroke_width(bold[None] / 255)[0] > 3


class TestSeveral:
    """Digits in one frame: apart from each other, touching, and one alone."""

    @staticmethod
    def row_of(*columns):
        ink = np.zeros((60, 45 + max(columns)))
        for column in columns:
            ink[:, column : column + 45] = np.maximum(ink[:, column : column + 45], two())
        return frame(sheet(ink, (120, 105 + max(columns)), (30, 30)))

    @pytest.mark.parametrize("columns", [(0, 55), (0, 38), (0, 40, 80), (0, 55, 110)])
    def test_two_and_three(self, columns):
        assert holds_several(self.row_of(*columns)[None]).tolist() == [True]

    @pytest.mark.parametrize("height", [45, 60, 90])
    def test_one(self, height):
        ink = two(height)
        ink[height // 2] = 0  # broken
        assert holds_several(frame(sheet(ink))[None]).tolist() == [False]

    def test_none(self):
        assert holds_several(np.zeros((2, 28, 28), np.uint8)).tolist() == [False, False]

    def test_mnist(self, mnist):
        images = mnist[1][:2000].reshape(-1, 28, 28)
        assert holds_several(images).mean() < 0.01
        # Side by side, as they are, between the same margins.
        pairs = np.concatenate([images[:1000, :, :22], images[1000:, :, 6:]], axis=2)
        assert np.mean([holds_several(frame(pair)[None])[0] for pair in pairs[:300]]) > 0.95


class TestPlaceAndSize:
    """The same digit elsewhere or of another size comes out as the same frame."""

    reference = frame(sheet(two()))

    @given(st.integers(0, 100), st.integers(0, 90))
    def test_place_does_not_matter(self, row, column):
        assert likeness(self.reference, frame(sheet(two(), at=(row, column)))) > 0.95

    @given(st.sampled_from([1, 2, 4, 9]), st.booleans())
    def test_size_does_not_matter(self, factor, negative):
        picture = np.kron(sheet(two()), np.ones((factor, factor), np.uint8))
        assert likeness(self.reference, frame(255 - picture if negative else picture)) > 0.95

    def test_small_and_far_off_in_a_large_picture(self):
        picture = sheet(two(), (2000, 3000), (1800, 200))
        assert likeness(self.reference, frame(picture)) > 0.95

    @pytest.mark.parametrize("shape", [(1, 1000), (2, 3000), (1000, 1), (6000, 20)])
    def test_strips(self, shape):
        picture = np.full(shape, 220, np.uint8)
        picture[shape[0] // 3 : shape[0] // 3 + 1, shape[1] // 3 : shape[1] // 3 + 1] = 10
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            assert frame(picture).shape == (28, 28)


@pytest.mark.parametrize("change", [lambda x: x, lambda x: x / 255, lambda x: x.tolist()])
def test_empty_frames_have_no_pixel_above_zero(change):
    frames = np.zeros((4, 5, 6), np.uint8)
    frames[1, 4, 5] = 1
    frames[3] = 255
    found = is_empty(change(frames))
    assert found.dtype == bool
    assert found.tolist() == [True, False, True, False]


def test_framed_mnist_is_left_alone(mnist):
    X = mnist[1].reshape(-1, 28, 28)
    assert (FrameDigits().fit_transform(X) == X).all(axis=(1, 2)).mean() > 0.9
