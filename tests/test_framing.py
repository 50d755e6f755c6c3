import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from sklearn.base import clone
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

from cnn_digits import CNNDigitClassifier, FrameDigits
from cnn_digits.framing import is_framed, otsu, quantile, reduced, stroke_width


@pytest.mark.slow
def test_scikit_learn_checks():
    check_estimator(FrameDigits())


def two(height=60, width=45, thickness=5):
    """Ink of a 2, from 0 to 1: an arc, a slope and a base."""
    y, x = np.mgrid[:height, :width].astype(float)
    radius = width / 2 - thickness
    arc = np.abs(np.hypot(y - radius - thickness, x - width / 2) - radius) < thickness / 2
    arc &= (y < radius + thickness) | ((x > width / 2) & (y < 1.3 * radius + thickness))
    foot = height - thickness
    start = 1.3 * radius + thickness
    along = (y - start) / (foot - start)
    slope = np.abs(x - (width - thickness - along * (width - 2 * thickness))) < thickness * 0.7
    slope &= (along >= 0) & (along <= 1)
    base = (np.abs(y - foot) < thickness / 2) & (x > thickness / 2) & (x < width - thickness / 2)
    return ndimage.gaussian_filter((arc | slope | base).astype(float), 0.7)


def sheet(ink, shape=(160, 140), at=(50, 40), paper=220, pen=40):
    """A picture of ink on paper, uint8."""
    picture = np.zeros(shape)
    picture[at[0] : at[0] + ink.shape[0], at[1] : at[1] + ink.shape[1]] = ink
    return np.rint(paper + (pen - paper) * picture).astype(np.uint8)


def frame(picture, **params):
    return FrameDigits(**params).fit_transform([picture])[0]


def likeness(one, other):
    """Correlation of the pixels of two frames."""
    return np.corrcoef(one.ravel(), other.ravel())[0, 1]


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

    def test_thin_strokes_become_as_thick_as_most(self):
        hairline = frame(sheet(two(600, 450, 4), (800, 700), (100, 100)))
        assert stroke_width(hairline[None] / 255)[0] > 1.9
        bold = frame(sheet(two(60, 45, 10)))
        assert stroke_width(bold[None] / 255)[0] > 3


class TestPaperAndInk:
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

    def test_specks_and_other_strokes(self):
        picture = sheet(two())
        for row, column in ((5, 5), (150, 120), (20, 130)):
            picture[row : row + 3, column : column + 3] = 60
        picture[:, -2:] = 30
        assert likeness(self.reference, frame(picture)) > 0.98

    def test_what_the_border_cuts_off_is_not_the_digit(self):
        picture = sheet(two(), (200, 200), (60, 100))
        picture[60:, :8] = 40  # more ink than the digit has
        assert likeness(self.reference, frame(picture)) > 0.98

    def test_strokes_apart_belong_together(self):
        ink = two()
        ink[34:37] = 0  # cut in two
        rows = np.nonzero(frame(sheet(ink)) > 64)[0]
        assert np.ptp(rows) + 1 == pytest.approx(20, abs=1)
        assert likeness(self.reference, frame(sheet(ink))) > 0.95

    def test_noise(self):
        rng = np.random.default_rng(0)
        picture = np.clip(sheet(two()) + rng.normal(0, 20, (160, 140)), 0, 255)
        assert likeness(self.reference, frame(picture)) > 0.95

    def test_no_ink_at_all(self):
        blank = np.full((30, 40), 200, np.uint8)
        with pytest.warns(UserWarning, match=r"on 2 of 3 images, the first ones X\[0, 2\]"):
            out = FrameDigits().fit_transform([blank, sheet(two()), np.zeros((5, 5))])
        assert [frame.any() for frame in out] == [False, True, False]

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

    @pytest.mark.parametrize("strength", [0.2, 0.35])
    @pytest.mark.parametrize("noise", [0.5, 3])
    def test_blank_paper_in_uneven_light(self, strength, noise):
        y, x = np.mgrid[-1:1:300j, -1:1:400j]
        lamp, window = 1 - strength * (x**2 + y**2) / 2, 1 - strength * (x + 1) / 2
        for light in (lamp, window):
            paper = 220 * light + np.random.default_rng(0).normal(0, noise, x.shape)
            with pytest.warns(UserWarning, match="No ink was found on 1 of 1"):
                assert not frame(paper.clip(0, 255).astype(np.uint8)).any()

    @pytest.mark.parametrize(
        "change", [lambda x: x / x.max() - 1, lambda x: x * 1e12], ids=["negative", "huge"]
    )
    def test_scale_does_not_matter_in_uneven_light(self, change):
        picture = sheet(two()) * np.linspace(1, 0.4, 140)
        assert likeness(self.reference, frame(change(picture))) > 0.95

    @pytest.mark.parametrize("shape", [(1, 1000), (2, 3000), (1000, 1), (6000, 20)])
    def test_strips(self, shape):
        picture = np.full(shape, 220, np.uint8)
        picture[shape[0] // 3 : shape[0] // 3 + 1, shape[1] // 3 : shape[1] // 3 + 1] = 10
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            assert frame(picture).shape == (28, 28)

    def test_noise_is_no_ink(self):
        noise = np.random.default_rng(0).normal(128, 3, (100, 100))
        with pytest.warns(UserWarning, match="No ink was found on 1 of 1"):
            FrameDigits().fit_transform([noise])


class TestInput:
    def test_kinds_of_input_give_the_same(self, digits):
        X = digits[0][:20]
        expected = FrameDigits().fit_transform(X)
        for same in (
            pd.DataFrame(X).add_prefix("pixel"),
            X.tolist(),
            X.reshape(-1, 8, 8),
            X.reshape(-1, 8, 8, 1),
            np.repeat(X.reshape(-1, 8, 8, 1), 3, axis=3),
            list(X.reshape(-1, 8, 8)),
        ):
            np.testing.assert_array_equal(FrameDigits().fit_transform(same), expected)

    @pytest.mark.filterwarnings("ignore:No ink")
    @given(
        st.integers(1, 150), st.integers(1, 150), st.sampled_from([0.001, 0.1, 0.5]), st.integers(0)
    )
    def test_any_picture_gives_a_frame(self, height, width, share, seed):
        rng = np.random.default_rng(seed)
        picture = rng.integers(0, 256, (height, width)) * (rng.random((height, width)) < share)
        picture[:: rng.integers(1, 30)] += rng.integers(0, 2) * 100
        out = frame(picture)
        assert out.shape == (28, 28)
        assert not out.any() or out.max() > 200

    def test_images_of_different_sizes_keep_their_order(self, digits):
        X = digits[0][:6].reshape(-1, 8, 8)
        pictures = [np.kron(x, np.ones((1 + i % 3,) * 2)) for i, x in enumerate(X)]
        together = FrameDigits().fit_transform(pictures)
        for picture, result in zip(pictures, together, strict=True):
            np.testing.assert_array_equal(frame(picture), result)

    def test_fitted_flat_asked_for_others(self, digits):
        framer = FrameDigits().fit(digits[0])
        assert (framer.n_features_in_, framer.image_shape_) == (64, (8, 8, 1))
        assert framer.transform(np.ones((2, 5, 5))[:, :, :] * np.eye(5)).shape == (2, 28, 28)
        assert framer.transform([sheet(two())]).shape == (1, 28, 28)
        with pytest.raises(ValueError, match="X has 49 features, but FrameDigits is expecting 64"):
            framer.transform(digits[0][:, :49])

    def test_fitted_on_a_list_asked_for_others(self, digits):
        X = digits[0][:5]
        framer = FrameDigits().fit(X).fit(list(X.reshape(-1, 8, 8)))
        assert framer.image_shape_ is None
        assert not hasattr(framer, "n_features_in_")
        assert framer.transform(X.reshape(-1, 8, 8)).shape == (5, 28, 28)
        for flat in (X, X.tolist(), pd.DataFrame(X)):
            with pytest.raises(ValueError, match="flat rows, but FrameDigits was fitted on a list"):
                framer.transform(flat)

    def test_rows_that_are_no_squares(self, digits):
        with pytest.warns(UserWarning, match="60 features, which is no square number"):
            framer = FrameDigits().fit(digits[0][:, :60])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert framer.transform(digits[0][:3, :60]).shape == (3, 28, 28)

    def test_the_input_is_left_alone(self):
        picture = sheet(two()).astype(np.float32)
        before = picture.copy()
        frame(picture)
        np.testing.assert_array_equal(picture, before)

    @pytest.mark.parametrize(
        ("X", "error", "message"),
        [
            ("a.png", TypeError, r"X is 'a.png'.*read_images"),
            ([], ValueError, "X is empty"),
            ([np.ones((3, 3)), np.ones((0, 3))], ValueError, r"X\[1\] has shape \(0, 3\)"),
            ([np.ones((3, 3)), np.array([[1, np.nan]])], ValueError, r"X\[1\].*NaN"),
            ([np.ones((3, 3)), np.ones((3, 3, 2))], ValueError, r"X\[1\].*2 channels; expected 1"),
            ([np.ones((3, 3)), np.ones((3, 3, 3))], ValueError, r"X\[1\] has 3 channels, X\[0\]"),
            ([np.ones((3, 3)), np.ones(3)], ValueError, r"X\[1\] has shape \(3,\)"),
            ([np.ones((3, 3)), "a.png"], TypeError, r"X\[1\] has dtype <U5.*read_images"),
            (["a.png", "b.png"], TypeError, r"X\[0\] has dtype <U5.*read_images"),
            (np.ones((2, 5, 5, 2)), ValueError, r"\(2, 5, 5, 2\): 2 channels; expected 1"),
            (np.ones((480, 640, 3)), ValueError, "looks like one colour image"),
            (np.ones((2, 0)), ValueError, "0 feature"),
            (np.full((2, 4), np.inf), ValueError, "infinity"),
        ],
    )
    def test_bad_input(self, X, error, message):
        with pytest.raises(error, match=message):
            FrameDigits().fit(X)
        with pytest.raises(error, match=message):
            FrameDigits().fit(np.eye(4)).transform(X)

    @pytest.mark.parametrize("params", [{"side": 0}, {"box": 2.5}, {"side": 10, "box": 12}])
    def test_bad_parameters(self, params):
        with pytest.raises(ValueError, match=r"side|box"):
            FrameDigits(**params).fit([np.eye(3)])

    def test_before_fit(self, digits):
        framer = clone(FrameDigits(side=20, box=16))
        pictures = [sheet(two()), sheet(two(90, 70))]
        fitted = clone(framer).fit(pictures)
        np.testing.assert_array_equal(framer.transform(pictures), fitted.transform(pictures))
        assert framer.transform(digits[0][:3]).shape == (3, 20, 20)
        assert not hasattr(framer, "image_shape_")

    @pytest.mark.filterwarnings("error")
    def test_before_a_fitted_classifier(self, digits):
        flat = FunctionTransformer(lambda frames: frames.reshape(len(frames), -1))
        frames = FrameDigits().fit_transform(digits[0][:100])
        fitted = make_pipeline(flat, KNeighborsClassifier()).fit(frames, digits[2][:100])
        pipe = make_pipeline(FrameDigits(), fitted)
        assert len(pipe.predict([sheet(two())])) == 1

    def test_what_read_images_returns(self):
        with pytest.raises(TypeError, match=r"X is \(images, names\), as read_images returns"):
            FrameDigits().fit(([sheet(two())], ["a.png"]))


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


def test_pipeline_reads_what_it_was_not_trained_on(mnist):
    X_train, X_test, y_train, y_test = mnist
    pipe = make_pipeline(FrameDigits(), CNNDigitClassifier(epochs=1, random_state=0))
    pipe.fit(X_train[:20_000], y_train[:20_000])
    X, y = X_test[:500].reshape(-1, 28, 28), y_test[:500]
    assert pipe.score(X, y) > 0.97
    rng = np.random.default_rng(0)
    others = [
        np.pad(255 - np.kron(x // 2, np.ones((3, 3), np.uint8)), rng.integers(0, 40, (2, 2)),
               constant_values=255)
        for x in X
    ]  # fmt: skip
    assert pipe.score(others, y) > 0.96


def test_framed_mnist_is_left_alone(mnist):
    X = mnist[1].reshape(-1, 28, 28)
    assert (FrameDigits().fit_transform(X) == X).all(axis=(1, 2)).mean() > 0.9
