import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from cnn_digits import Augment, Normalize, Reshape, transformers

shapes = pytest.mark.parametrize("shape", [(-1, 64), (-1, 8, 8), (-1, 8, 8, 1), (-1, 4, 8, 2)])


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [Normalize(), Reshape()], ids=repr)
def test_scikit_learn_checks(estimator):
    check_estimator(estimator)


class TestNormalize:
    @shapes
    def test_range_and_shape(self, digits, shape):
        X = digits[0].astype(float).reshape(shape)
        normalize = Normalize().fit(X)
        out = normalize.transform(X)
        assert out.shape == X.shape
        assert out.dtype == np.float32
        assert (out.min(), out.max()) == (0, 1)
        assert (normalize.data_min_, normalize.data_max_) == (0, 16)

    def test_uint8_means_0_to_255(self, digits):
        X = digits[0]
        np.testing.assert_allclose(Normalize().fit_transform(X), X / 255, rtol=1e-6)

    @given(arrays(np.float32, (3, 4), elements=st.floats(-1e6, 1e6, width=32)))
    def test_inverse(self, X):
        normalize = Normalize().fit(X)
        back = normalize.inverse_transform(normalize.transform(X))
        assert back.dtype == np.float32
        np.testing.assert_allclose(back, X, atol=1e-6 * (np.abs(X).max() + 1))

    def test_blank_images(self):
        assert not Normalize().fit_transform(np.full((2, 4), 7)).any()

    def test_one_scale_for_all_pixels(self):
        np.testing.assert_array_equal(
            Normalize().fit_transform([[0, 1], [2, 4]]), [[0, 0.25], [0.5, 1]]
        )

    def test_feature_names(self, digits):
        X = pd.DataFrame(digits[0]).add_prefix("pixel")
        normalize = Normalize().set_output(transform="pandas")
        assert list(normalize.fit_transform(X).columns) == list(X.columns)

    @pytest.mark.parametrize("shape", [(-1, 8, 8), (-1, 8, 8, 1)])
    def test_pictures_are_arrays_whatever_output_is_set(self, digits, shape):
        pictures = digits[0].reshape(shape)
        expected = Normalize().fit_transform(pictures)
        normalize = Normalize().set_output(transform="pandas")
        with sklearn.config_context(transform_output="pandas"):
            configured = Normalize().fit_transform(pictures)
        for out in (normalize.fit_transform(pictures), normalize.transform(pictures), configured):
            assert type(out) is np.ndarray
            np.testing.assert_array_equal(out, expected)

    def test_rows_are_tables_if_that_is_set(self, digits):
        X = pd.DataFrame(digits[0], index=np.arange(len(digits[0])) + 7).add_prefix("pixel")
        with sklearn.config_context(transform_output="pandas"):
            for out in (Normalize().fit_transform(X), Normalize().fit(X).transform(X)):
                assert list(out.columns) == list(X.columns)
                assert list(out.index) == list(X.index)
            assert list(Normalize().fit_transform(digits[0]).columns)[:2] == ["x0", "x1"]
        assert type(Normalize().fit_transform(X)) is np.ndarray

    def test_rows_as_polars(self, digits):
        polars = pytest.importorskip("polars")
        X = polars.DataFrame(digits[0])
        out = Normalize().set_output(transform="polars").fit_transform(X)
        assert isinstance(out, polars.DataFrame)
        assert out.columns == X.columns

    def test_batches_make_no_difference(self):
        X = np.random.default_rng(0).normal(size=(3, 3_000_000))
        out = Normalize().fit_transform(X)
        np.testing.assert_allclose(out, (X - X.min()) / np.ptp(X), atol=1e-6)


class TestReshape:
    def test_flat_becomes_square(self, digits):
        X = digits[0]
        out = Reshape().fit_transform(X)
        assert out.shape == (len(X), 8, 8, 1)
        assert out.dtype == np.uint8
        assert np.shares_memory(out, X)

    @pytest.mark.parametrize("image_shape", [(4, 16), (4, 8, 2)])
    def test_image_shape(self, digits, image_shape):
        out = Reshape(image_shape).fit_transform(digits[0])
        assert out.shape[1:] == (*image_shape, 1)[:3]

    @given(st.integers(1, 50))
    def test_inverse_cuts_the_padding_off(self, n_features):
        X = np.arange(2 * n_features).reshape(2, n_features)
        reshape = Reshape()
        if n_features in {i * i for i in range(8)}:
            out = reshape.fit_transform(X)
        else:
            with pytest.warns(UserWarning, match="no square number"):
                out = reshape.fit_transform(X)
        np.testing.assert_array_equal(reshape.inverse_transform(out), X)

    def test_3d_gets_a_channel(self):
        assert Reshape().fit_transform(np.zeros((2, 5, 6))).shape == (2, 5, 6, 1)

    @pytest.mark.parametrize("X", [np.zeros((2, 49)), np.zeros((2, 7, 7)), np.zeros((2, 8, 8, 3))])
    def test_other_shape_is_refused(self, digits, X):
        with pytest.raises(ValueError, match="is expecting"):
            Reshape().fit(digits[0]).transform(X)

    def test_other_shape_is_refused_by_the_inverse(self, digits):
        with pytest.raises(ValueError, match=r"expects images of shape \(8, 8, 1\)"):
            Reshape().fit(digits[0]).inverse_transform(digits[0])

    def test_set_output_of_a_pipeline_passes(self, digits):
        pipe = make_pipeline(Normalize(), Reshape(), Augment()).set_output(transform="pandas")
        assert pipe.fit(digits[0]).transform(digits[0]).shape == (len(digits[0]), 8, 8, 1)


def test_former_pickles_look_for_augment_here():
    assert transformers.Augment is Augment


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'Resize'"):
        transformers.Resize  # noqa: B018
