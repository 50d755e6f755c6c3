import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from cnn_digits import Reshape
from cnn_digits.images import (
    border_median,
    check_finite,
    check_images,
    infer_image_shape,
    pixel_dtype,
    sample_rows,
    to_image_shape,
)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((0, 64)), r"Found array with 0 sample"),
        (np.zeros((3, 0)), r"0 feature"),
        (np.zeros((3, 0, 4)), r"without pixels: shape \(3, 0, 4\)"),
        (np.zeros(64), "Expected 2D array, got 1D array"),
        (np.zeros((2, 2, 2, 2, 2)), r"X has 5 dimensions, shape \(2, 2, 2, 2, 2\)"),
        (np.zeros((2, 4), complex), "Complex data not supported"),
        ([["a", "b"]], "strings"),
        ([[1, 2], [1, 2, 3]], r"ragged: X\[0\] has length 2, X\[1\] has length 3"),
        ([[1, 2], 3], "ragged"),
        (
            [np.zeros((8, 8)), np.zeros((8, 9))],
            r"X\[0\] has shape \(8, 8\), X\[1\] has shape \(8, 9\); all .* FrameDigits takes pict",
        ),
        (
            pd.Series([np.zeros((8, 8)), np.zeros(8)]).to_numpy(),
            r"X\[0\] has shape \(8, 8\), X\[1\] has shape \(8,\)",
        ),
        (
            [Image.new("L", (9, 8)), Image.new("RGB", (9, 8))],
            r"\(8, 9\), X\[1\] has shape \(8, 9, 3",
        ),
    ],
)
def test_refused(X, message):
    with pytest.raises(ValueError, match=message):
        check_images(Reshape(), X, reset=True)


def test_dates_are_refused():
    with pytest.raises(TypeError, match="dtype datetime64"):
        check_images(Reshape(), np.zeros((2, 4), "datetime64[s]"), reset=True)


@pytest.mark.parametrize(
    "X",
    [
        [Image.fromarray(np.full((3, 2), i, np.uint8)) for i in range(4)],
        [np.full((3, 2), 0), *(np.full((3, 2), i).tolist() for i in range(1, 4))],
        pd.Series([np.full((3, 2), i) for i in range(4)]).to_numpy(),
    ],
)
def test_lists_of_images_of_any_kind(X):
    images = check_images(Reshape(), X, reset=True)
    np.testing.assert_array_equal(images, np.arange(4)[:, None, None] * np.ones((3, 2)))


@pytest.mark.parametrize("X", [iter([[1, 2]]), "digits.npz", 7])
def test_what_is_no_set_of_images_is_refused(X):
    with pytest.raises(TypeError, match="Reshape expects an array, a table or a list of images"):
        check_images(Reshape(), X, reset=True)


def test_sparse_is_refused():
    from scipy.sparse import csr_array

    with pytest.raises(TypeError, match=r"[Ss]parse"):
        check_images(Reshape(), csr_array(np.eye(4)), reset=True)


@given(
    row=st.integers(0, 9),
    column=st.integers(0, 15),
    value=st.sampled_from([np.nan, np.inf, -np.inf, 1e300]),
)
def test_not_finite_is_located(row, column, value):
    X = np.zeros((10, 16))
    X[row, column] = value
    with pytest.raises(ValueError, match=rf"(NaN|infinity).*row {row}, X\[{row}, {column}\]"):
        check_finite(X)


def test_not_finite_is_located_beyond_the_first_piece():
    X = np.zeros((5, 2_000_000), dtype=np.float32)
    X[4, 7] = np.nan
    with pytest.raises(ValueError, match=r"X\[4, 7\]"):
        check_finite(X)


def test_large_finite_values_pass():
    check_finite(np.full((10, 10), 3e38, dtype=np.float32))


def test_arrays_are_not_copied():
    X = np.zeros((3, 4, 4), dtype=np.uint8)
    assert np.shares_memory(check_images(Reshape(), X, reset=True), X)
    assert np.shares_memory(to_image_shape(X, (4, 4, 1)), X)


def test_names_and_number_of_features_are_learnt():
    reshape = Reshape()
    check_images(reshape, pd.DataFrame(np.zeros((2, 2)), columns=["a", "b"]), reset=True)
    assert list(reshape.feature_names_in_) == ["a", "b"]
    check_images(reshape, np.zeros((2, 3, 5, 2)), reset=True)
    assert reshape.n_features_in_ == 30
    assert not hasattr(reshape, "feature_names_in_")


@given(st.integers(1, 2000))
def test_flat_rows_become_the_next_square(n_features):
    X = np.zeros((1, n_features))
    side = int(np.ceil(np.sqrt(n_features)))
    if side * side == n_features:
        assert infer_image_shape(X) == (side, side, 1)
    else:
        with pytest.warns(UserWarning, match=rf"{n_features} features.*image_shape"):
            assert infer_image_shape(X) == (side, side, 1)


def test_label_column_is_suspected():
    with pytest.warns(UserWarning, match=r"785 features.* 784 would be: was a label column left"):
        infer_image_shape(np.zeros((1, 785)))


@pytest.mark.parametrize(
    ("shape", "image_shape", "expected"),
    [
        ((1, 12), (3, 4), (3, 4, 1)),
        ((1, 12), (2, 2, 3), (2, 2, 3)),
        ((1, 5, 6), None, (5, 6, 1)),
        ((1, 5, 6, 3), None, (5, 6, 3)),
        ((1, 5, 6), (5, 6), (5, 6, 1)),
    ],
)
def test_image_shape(shape, image_shape, expected):
    assert infer_image_shape(np.zeros(shape), image_shape) == expected


@pytest.mark.parametrize("image_shape", [(3,), (3, 0), (2.0, 2), "33", (1, 2, 3, 4)])
def test_bad_image_shape(image_shape):
    with pytest.raises(ValueError, match="expected None, "):
        infer_image_shape(np.zeros((1, 4)), image_shape)


@pytest.mark.parametrize("X", [np.zeros((1, 64)), np.zeros((1, 8, 8))])
def test_image_shape_must_fit(X):
    with pytest.raises(ValueError, match=r"image_shape=\(28, 28\)"):
        infer_image_shape(X, (28, 28))


def test_padding_is_zeros_at_the_end():
    padded = to_image_shape(np.array([[1, 2, 3]]), (2, 2, 1))
    np.testing.assert_array_equal(padded[0, ..., 0], [[1, 2], [3, 0]])


@given(arrays(np.int64, (4, 4), elements=st.integers(-300, 300)))
def test_pixels_keep_their_values(X):
    np.testing.assert_array_equal(X.astype(pixel_dtype(X)), X)


def test_sample_covers_all_rows():
    X = np.arange(100_001)
    sample = sample_rows(X)
    assert len(sample) <= 10_000
    assert sample[-1] > 99_000


def test_background_is_that_of_the_border():
    X = np.zeros((2, 8, 8, 2))
    X[:, 2:6, 2:6] = 9
    X[..., 1] += 5
    np.testing.assert_array_equal(border_median(X), [0, 5])
