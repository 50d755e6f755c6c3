import warnings
from io import BytesIO

import numpy as np
import pytest
from drawn_digits import frame, likeness
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage
from sklearn.datasets import load_digits

from cnn_digits import FrameDigits
from cnn_digits.framing.margins import inner_windows

IMAGES = load_digits().images


def picture(number, shape, share=0.6, paper=230, pen=40):
    """A digit of scikit-learn's in the middle of a sheet, `share` of its shorter side high."""
    digit = ndimage.zoom(IMAGES[number] / 16, share * min(shape) / 8, order=1).clip(0, 1)
    sheet = np.zeros(shape)
    top, left = (np.array(shape) - digit.shape) // 2
    sheet[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return np.rint(paper + (pen - paper) * sheet).astype(np.uint8)


def lined(sheet, edges, thickness, grey, inset=0):
    """With lines along some edges, "t", "b", "l" and "r"; from corner to corner of the inset."""
    out = sheet.copy()
    inside = out[inset : out.shape[0] - inset, inset : out.shape[1] - inset]
    for edge in edges:
        turned = inside if edge in "tb" else inside.T
        turned[slice(thickness) if edge in "tl" else slice(-thickness, None)] = grey
    return out


def as_jpeg(sheet, seed=0):
    """With the noise of a camera, and what JPEG makes of it."""
    noisy = ndimage.gaussian_filter(sheet.astype(float), 0.5)
    noisy += np.random.default_rng(seed).normal(0, 2, sheet.shape)
    file = BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
    return np.asarray(Image.open(file))


def assert_same_frame(sheet, other, at_least=0.93):
    assert likeness(frame(sheet), frame(other)) > at_least


class TestLines:
    """A picture with lines along its edges has the frame that it has without them."""

    @given(
        st.integers(0, 99),
        st.sampled_from([40, 64, 100, 200, 333]),
        st.integers(1, 4),
        st.integers(0, 120),
        st.sampled_from(["tblr", "tb", "lr", "tl", "br", "tlr", "t", "r"]),
        st.booleans(),
    )
    @example(3, 28, 1, 0, "tblr", False)
    @example(3, 28, 1, 0, "tblr", True)
    @example(3, 28, 2, 120, "tb", False)
    @example(3, 1000, 1, 0, "tblr", False)
    @example(3, 1000, 9, 120, "lr", True)
    def test_any_line_at_any_edges(self, number, side, thickness, grey, edges, negative):
        sheet = picture(number, (side, side))
        with_lines = lined(sheet, edges, thickness, grey)
        if negative:
            sheet, with_lines = 255 - sheet, 255 - with_lines
        assert_same_frame(sheet, with_lines)

    @pytest.mark.parametrize("inset", [1, 3, 8])
    @pytest.mark.parametrize("negative", [False, True])
    @pytest.mark.parametrize("goes_on", [False, True])
    def test_a_cell_cut_out_with_a_bit_of_its_neighbours(self, inset, negative, goes_on):
        for number in range(10):
            sheet = picture(number, (120, 120))
            cell = lined(sheet, "tblr", 2, 60, inset)
            if goes_on:
                cell[[inset, -inset - 1]] = cell[:, [inset, -inset - 1]] = 60
            if negative:
                sheet, cell = 255 - sheet, 255 - cell
            assert_same_frame(sheet, cell)

    @pytest.mark.parametrize("edges", ["tblr", "tb", "lr"])
    def test_lines_of_uneven_thickness_in_a_photo(self, edges):
        for number in range(10):
            sheet = picture(number, (160, 120))
            with_lines = lined(sheet, edges, 1, 50)
            with_lines[:, 40:90] = lined(sheet, edges, 2, 50)[:, 40:90]
            with_lines[70:120] = lined(sheet, edges, 2, 50)[70:120]
            assert_same_frame(sheet, as_jpeg(with_lines, number))

    def test_a_stroke_may_touch_a_line(self):
        for number in range(10):
            sheet = picture(number, (100, 100), share=1)
            assert_same_frame(sheet, np.pad(sheet, 3, constant_values=20))

    def test_a_drawn_frame_does_not_turn_paper_to_ink(self):
        a = np.full((200, 200), 230, np.uint8)
        a[40:160, 95:105] = 40
        one = frame(a)
        a[[0, -1]] = 0
        a[:, [0, -1]] = 0
        np.testing.assert_allclose(frame(a), one, atol=2)

    def test_an_empty_cell_has_no_ink(self):
        cell = lined(np.full((100, 100), 230, np.uint8), "tblr", 2, 30)
        with pytest.warns(UserWarning, match="No ink was found on 1 of 1"):
            assert not frame(cell).any()

    def test_each_image_of_a_stack_has_its_own(self):
        sheets = [picture(number, (60, 60)) for number in range(6)]
        others = [
            lined(sheet, "tblr"[: number % 5], 1 + number % 3, 20)
            for number, sheet in enumerate(sheets)
        ]
        one_by_one = [frame(other) for other in others]
        np.testing.assert_array_equal(FrameDigits().fit_transform(np.stack(others)), one_by_one)


class TestBars:
    """A picture that was made square has the frame that it had before."""

    @given(
        st.integers(0, 99),
        st.sampled_from([(100, 60), (60, 100), (200, 150), (90, 40), (28, 22)]),
        st.sampled_from([0, 60, 120, 255]),
        st.booleans(),
        st.booleans(),
    )
    def test_bars_of_any_width(self, number, shape, grey, negative, only_one):
        sheet = picture(number, shape, share=0.75)
        missing = max(shape) - np.array(shape)
        bars = [(0, n) if only_one else (n // 2, n - n // 2) for n in missing]
        padded = np.pad(sheet, bars, constant_values=grey)
        if negative:
            sheet, padded = 255 - sheet, 255 - padded
        assert_same_frame(sheet, padded)

    def test_a_cell_with_bars(self):
        sheet = picture(5, (120, 80))
        cell = np.pad(lined(sheet, "tblr", 2, 20), [(0, 0), (20, 20)], constant_values=255)
        assert_same_frame(sheet, cell)


class TestStrokesAreNoMargins:
    @pytest.mark.parametrize("negative", [False, True])
    @pytest.mark.parametrize("shape", [(100, 60), (28, 20), (200, 200)])
    def test_a_one_from_edge_to_edge(self, shape, negative):
        a = np.full(shape, 230, np.uint8)
        a[:, shape[1] // 2 - shape[0] // 20 - 1 : shape[1] // 2 + shape[0] // 20 + 1] = 40
        result = frame(255 - a if negative else a)
        rows, columns = np.nonzero(result > 127)
        assert np.ptp(rows) >= 18
        assert np.ptp(columns) <= 6

    @pytest.mark.parametrize("size", [24, 40, 80, 200])
    @pytest.mark.parametrize("negative", [False, True])
    def test_digits_cut_out_closely(self, size, negative):
        for image in IMAGES[:30]:
            rows, columns = (np.flatnonzero((image > 4).any(axis=axis)) for axis in (1, 0))
            digit = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 16
            digit = ndimage.zoom(digit, size / 8, order=1).clip(0, 1)
            tight = np.rint(digit * 220).astype(np.float32)
            tight = 255 - tight if negative else tight
            assert inner_windows(tight[None]).tolist() == [[0, 0, *tight.shape]]

    def test_a_seven_whose_bar_is_the_first_rows(self):
        seven = np.full((100, 70), 230, np.uint8)
        seven[:9] = 40
        for row in range(9, 100):
            column = 60 - row // 3
            seven[row, column : column + 10] = 40
        assert inner_windows(seven[None].astype(np.float32)).tolist() == [[0, 0, 100, 70]]

    @pytest.mark.parametrize("size", [24, 40])
    def test_digits_of_mnist_cut_out_closely(self, mnist, size):
        n_cut = 0
        for image in mnist[1][:400].reshape(-1, 28, 28):
            rows, columns = (np.flatnonzero((image > 60).any(axis=axis)) for axis in (1, 0))
            digit = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            shape = np.maximum(1, np.rint(np.array(digit.shape) * size / max(digit.shape)))
            tight = Image.fromarray(digit).resize(shape.astype(int)[::-1], Image.Resampling.BICUBIC)
            tight = np.asarray(tight)
            n_cut += likeness(frame(tight), frame(np.pad(tight, size // 2))) < 0.9
        assert n_cut <= 5

    def test_a_wavy_one_from_edge_to_edge(self):
        one = np.zeros((16, 16), np.uint8)
        one[:, 6:9] = 255
        one[3:5, 9] = one[10:12, 5] = one[7, 8] = 150
        one = np.kron(one, np.ones((4, 4), np.uint8))
        assert inner_windows(one[None].astype(np.float32)).tolist() == [[0, 0, 64, 64]]

    def test_framed_images_stay_as_they_are(self, mnist):
        X = mnist[1][:500].reshape(-1, 28, 28)
        windows = inner_windows(X.astype(np.float32))
        assert (windows == [0, 0, 28, 28]).all()


class TestFilled:
    """What is taken for ink and fills most of its box is named."""

    @pytest.mark.parametrize("shape", [(60, 60), (60, 40)])
    def test_a_filled_box(self, shape):
        block = np.full((200, 200), 230, np.uint8)
        block[50 : 50 + shape[0], 60 : 60 + shape[1]] = 40
        with pytest.warns(UserWarning, match=r"fills most of its box.* on 1 of 2 .*X\[1\]"):
            FrameDigits().fit_transform([picture(3, (80, 80)), block])

    def test_no_digit_does(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            FrameDigits().fit_transform([picture(number, (100, 100)) for number in range(200)])
            one = np.full((100, 100), 230, np.uint8)
            one[20:80, 46:54] = 40
            FrameDigits().fit_transform([one])

    def test_no_digit_of_mnist_does(self, mnist):
        X = 255 - np.roll(mnist[1][:1000].reshape(-1, 28, 28), (2, -3), axis=(1, 2))
        assert not FrameDigits().fit(X).examine(X).is_filled.any()
