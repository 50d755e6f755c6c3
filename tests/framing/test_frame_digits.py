import warnings

import numpy as np
import pandas as pd
import pytest
from drawn_digits import frame, sheet, two
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

from cnn_digits import CNNDigitClassifier, FrameDigits, read_images

DIGITS = load_digits(return_X_y=True)


@pytest.mark.slow
def test_scikit_learn_checks():
    check_estimator(FrameDigits())


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
            ([np.ones((70_000, 1))], ValueError, r"X\[0\] has shape .*: expected images of 65,535"),
            (np.ones((1, 1, 70_000)), ValueError, r"X has shape .*: expected images of 65,535"),
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

    @pytest.mark.parametrize("shape", [(28, 28), (64, 64), (60, 90), (200, 200), (600, 784)])
    @pytest.mark.parametrize("change", [lambda x: x, lambda x: 255 - x, lambda x: x / 255])
    def test_a_single_image_is_asked_about(self, shape, change):
        rows, columns = (np.linspace(-0.3, 1.3, side) for side in shape)
        ink = two()
        at = np.meshgrid(rows * ink.shape[0], columns * ink.shape[1], indexing="ij")
        picture = change(np.rint(230 - 190 * ndimage.map_coordinates(ink, at)).astype(np.uint8))
        message = rf"X has shape \({shape[0]}, {shape[1]}\), which looks like one image"
        for framer in (FrameDigits(), FrameDigits().fit([picture]), FrameDigits().fit(np.eye(9))):
            with pytest.raises(ValueError, match=message):
                framer.transform(picture)
        assert FrameDigits().fit_transform([picture]).shape == (1, 28, 28)
        assert FrameDigits().fit_transform(picture[None]).shape == (1, 28, 28)

    @pytest.mark.parametrize("side", [60, 100, 1000])
    def test_a_drawn_one_is_asked_about(self, side):
        picture = np.full((side, side), 230, np.uint8)
        picture[side // 5 : -side // 5, side // 2 : side // 2 + side // 20] = 40
        with pytest.raises(ValueError, match="looks like one image"):
            FrameDigits().fit(picture)

    @given(st.integers(0, 1780), st.integers(1, 300), st.booleans())
    def test_flat_rows_are_taken(self, start, n, is_sorted):
        X, y = DIGITS
        X = X[np.argsort(y, kind="stable")] if is_sorted else X
        assert FrameDigits().fit(X[start : start + n]).image_shape_ == (8, 8, 1)

    def test_flat_rows_of_one_label_or_copied_are_taken(self, mnist):
        X, y = mnist[1][:2000], mnist[3][:2000]
        for label in np.unique(y):
            FrameDigits().fit(X[y == label])
        FrameDigits().fit(np.repeat(X[:100], 4, axis=0))
        FrameDigits().fit(np.random.default_rng(0).random((100, 100)))

    def test_what_read_images_returns(self):
        with pytest.raises(TypeError, match=r"X is \(images, names\), as read_images returns"):
            FrameDigits().fit(([sheet(two())], ["a.png"]))


def test_no_ink_at_all():
    blank = np.full((30, 40), 200, np.uint8)
    with pytest.warns(UserWarning, match=r"on 2 of 3 images, the first ones X\[0, 2\]"):
        out = FrameDigits().fit_transform([blank, sheet(two()), np.zeros((5, 5))])
    assert [frame.any() for frame in out] == [False, True, False]


class TestExamine:
    """What is wrong with an image is told for each, and warned of once for all."""

    empty, one = np.full((160, 140), 220, np.uint8), sheet(two())
    several = np.hstack([one[:, :90], one[:, 35:]])
    filled = sheet(np.ones((60, 45)))
    images = [empty, one, several, filled, one]

    def test_masks(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = FrameDigits().examine(self.images)
        assert found.is_empty.tolist() == [True, False, False, False, False]
        assert found.is_several.tolist() == [False, False, True, False, False]
        assert found.is_filled.tolist() == [False, False, False, True, False]

    def test_frames_are_those_of_transform(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frames = FrameDigits().fit(self.images).transform(self.images)
        np.testing.assert_array_equal(FrameDigits().examine(self.images).frames, frames)

    def test_one_warning_counts_those_with_several_digits(self):
        images = [self.several, self.one, self.several]
        with pytest.warns(UserWarning, match=r"Several digits .* on 2 of 3 .* X\[0, 2\]") as told:
            FrameDigits().fit(images).transform(images)
        assert len(told) == 1
        assert told[0].filename == __file__

    def test_what_is_framed_already_is_not_asked(self, digits):
        frames = FrameDigits(side=28).examine([self.several]).frames
        assert not FrameDigits().fit(frames).examine(frames).is_several.any()


@pytest.mark.parametrize(
    ("folder", "least"), [("people", 0.95), ("cheques", 0.95), ("register", 0.94)]
)
def test_pictures_of_numbers_are_warned_of(handwriting, folder, least):
    table = pd.read_csv(handwriting / folder / "labels.csv", dtype=str)
    names = table["file"][table["number"].str.len() > 1][::4]
    images, _ = read_images([handwriting / folder / name for name in names])
    assert FrameDigits().examine(images).is_several.mean() > least


@pytest.mark.parametrize("name", ["form_cells", "nsysu", "optdigits_tra"])
def test_single_digits_are_not(handwriting, name):
    with np.load(handwriting / f"{name}.npz") as file:
        images = file["images"][::2]
    assert FrameDigits().fit(images).examine(images).is_several.mean() < 0.01


def test_pipeline_reads_what_it_was_not_trained_on(mnist):
    X_train, X_test, y_train, y_test = mnist
    pipe = make_pipeline(FrameDigits(), CNNDigitClassifier(epochs=2, random_state=0))
    pipe.fit(X_train[:6_000], y_train[:6_000])
    X, y = X_test[:500].reshape(-1, 28, 28), y_test[:500]
    assert pipe.score(X, y) > 0.97
    rng = np.random.default_rng(0)
    others = [
        np.pad(255 - np.kron(x // 2, np.ones((3, 3), np.uint8)), rng.integers(0, 40, (2, 2)),
               constant_values=255)
        for x in X
    ]  # fmt: skip
    assert pipe.score(others, y) > 0.96


class TestPillow:
    """Images as they come from Pillow, of any size and mode, are read as their pixels are."""

    def sheets(self):
        for height, width in ((40, 60), (50, 50), (90, 30)):
            sheet = np.full((height, width), 255, np.uint8)
            sheet[10:30, 12:16] = 0
            yield sheet

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV"])
    def test_modes(self, mode):
        expected = FrameDigits().fit_transform(list(self.sheets()))
        images = [Image.fromarray(sheet).convert(mode) for sheet in self.sheets()]
        for n in (3, 1):
            frames = FrameDigits().fit_transform(images[:n])
            np.testing.assert_allclose(frames, expected[:n].astype(float), atol=16)

    def test_one_without_a_list(self):
        with pytest.raises(TypeError, match=r"one of Pillow's images; expected several: \[X\]"):
            FrameDigits().fit_transform(Image.fromarray(next(self.sheets())))

    def test_of_one_size(self):
        sheet = next(self.sheets())
        expected = FrameDigits().fit_transform([sheet])[0]
        images = [Image.fromarray(sheet), Image.fromarray(sheet[::-1, ::-1])]
        np.testing.assert_array_equal(FrameDigits().fit_transform(images)[0], expected)

    def test_several_modes_in_one_list(self):
        expected = FrameDigits().fit_transform(list(self.sheets()))
        for modes in (("L", "RGB", "1"), ("RGBA", "P", "L"), ("RGB", "RGBA", "LA")):
            images = [
                Image.fromarray(sheet).convert(mode)
                for sheet, mode in zip(self.sheets(), modes, strict=True)
            ]
            frames = FrameDigits().fit_transform(images)
            np.testing.assert_allclose(frames, expected.astype(float), atol=16)

    def test_palette_and_opacity(self):
        sheet = next(self.sheets())
        expected = FrameDigits().fit_transform([sheet])
        # The place of ink in the palette is the higher one, where ink is the darker.
        palette = Image.fromarray((sheet < 128).astype(np.uint8)).convert("P")
        palette.putpalette([255, 255, 255, 0, 0, 0])
        # Black all over, and opaque where the ink is.
        ink = Image.fromarray(np.stack([sheet * 0, 255 * (sheet < 128).astype(np.uint8)], -1))
        for image in (palette, ink):
            frames = FrameDigits().fit_transform([image])
            np.testing.assert_allclose(frames, expected.astype(float), atol=16)

    def test_more_bits(self):
        sheet = next(self.sheets())
        expected = FrameDigits().fit_transform([sheet])
        for image in (sheet.astype(np.uint16) * 257, sheet.astype(np.float32)):
            frames = FrameDigits().fit_transform([Image.fromarray(image)])
            np.testing.assert_allclose(frames, expected.astype(float), atol=16)
