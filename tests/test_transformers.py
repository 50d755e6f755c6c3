import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.estimator_checks import check_estimator

from cnn_digits import Augment, Normalize, Reshape
from cnn_digits.transformers import AugmentedImages

shapes = pytest.mark.parametrize("shape", [(-1, 64), (-1, 8, 8), (-1, 8, 8, 1), (-1, 4, 8, 2)])


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [Normalize(), Reshape(), Augment()], ids=repr)
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

    def test_pieces_make_no_difference(self):
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


class TestAugment:
    @shapes
    def test_shape_and_dtype_stay(self, digits, shape):
        X = digits[0].reshape(shape)
        X_aug = Augment(random_state=0).fit_transform(X)
        assert (X_aug.shape, X_aug.ndim, X_aug.dtype, len(X_aug)) == (
            X.shape,
            X.ndim,
            X.dtype,
            len(X),
        )
        out = np.asarray(X_aug[:20])
        assert out.shape == X[:20].shape
        assert out.dtype == X.dtype
        assert (out != X[:20]).any(axis=tuple(range(1, X.ndim))).all()

    def test_flat_rows_that_are_no_squares(self):
        X = np.ones((4, 10))
        with pytest.warns(UserWarning, match="padded with 6 zeros"):
            X_aug = Augment(random_state=0).fit_transform(X)
        assert np.asarray(X_aug).shape == (4, 10)

    def test_transform_returns_the_very_object(self, digits):
        X = digits[0]
        augment = Augment().fit(X)
        assert augment.transform(X) is X
        frame = pd.DataFrame(X)
        assert augment.transform(frame) is frame

    def test_digits_keep_their_mass(self, mnist):
        X = mnist[0][:200]
        out = np.asarray(Augment(random_state=0).fit_transform(X))
        assert abs(out.mean() / X.mean() - 1) < 0.05

    def test_one_draw_however_it_is_looked_at(self, digits):
        X = Augment(elastic=0.03, random_state=0).fit_transform(digits[0][:50])
        whole = np.asarray(X)
        np.testing.assert_array_equal(np.asarray(X), whole)
        np.testing.assert_array_equal(X[7], whole[7])
        np.testing.assert_array_equal(X[-1], whole[-1])
        for rows in (slice(5, 20, 3), [3, 1, 1], np.arange(50) % 3 == 0, np.array([], int), []):
            np.testing.assert_array_equal(np.asarray(X[rows]), whole[rows])
        np.testing.assert_array_equal(np.asarray(X[[4, 2], ...]), whole[[4, 2]])
        np.testing.assert_array_equal(np.asarray(X[10:][[0, 2]]), whole[[10, 12]])
        np.testing.assert_array_equal(np.asarray(list(X)), whole)
        np.testing.assert_array_equal(
            np.asarray(_safe_indexing(X, np.array([8, 3]))), whole[[8, 3]]
        )

    @pytest.mark.parametrize("key", [(0, 1), (slice(None), 0), None, "a", [0.5], True, [[0, 1]]])
    def test_other_keys_are_refused(self, digits, key):
        X = Augment().fit_transform(digits[0][:5])
        with pytest.raises(TypeError, match="first axis alone"):
            X[key]

    def test_index_out_of_range(self, digits):
        with pytest.raises(IndexError):
            Augment().fit_transform(digits[0][:5])[5]

    def test_array_protocol(self, digits):
        X = Augment(random_state=0).fit_transform(digits[0][:5])
        assert np.asarray(X, dtype=np.float32).dtype == np.float32
        with pytest.raises(ValueError, match="no array to share"):
            X.__array__(copy=False)

    def test_seed(self, digits):
        X = digits[0][:20]
        first, again, other = (
            np.asarray(Augment(random_state=seed).fit_transform(X)) for seed in (0, 0, 1)
        )
        np.testing.assert_array_equal(first, again)
        assert (first != other).any()

    def test_later_parameters_do_not_change_a_draw(self, digits):
        augment = Augment(random_state=0)
        X = augment.fit_transform(digits[0][:5])
        before = np.asarray(X)
        augment.set_params(rotation=0, zoom=0, shift=0)
        np.testing.assert_array_equal(np.asarray(X), before)

    def test_originals(self, digits):
        X = digits[0]
        X_aug = Augment().fit_transform(X)
        assert np.shares_memory(X_aug.originals(), X)
        np.testing.assert_array_equal(X_aug[[5, 3]].originals(), X[[5, 3]])
        frame = pd.DataFrame(X).add_prefix("pixel")
        slices = Augment().fit_transform(frame)[[5, 3]].originals()
        pd.testing.assert_frame_equal(slices, frame.iloc[[5, 3]])

    def test_nothing_asked_nothing_done(self, digits):
        X = digits[0][:10]
        out = Augment(rotation=0, zoom=0, shift=0).fit_transform(X)
        np.testing.assert_array_equal(np.asarray(out), X)

    def test_corners_get_the_background(self):
        X = np.full((5, 9, 9, 2), 3.0)
        X[..., 1] = 200
        X[:, 4, 4] = 0
        out = np.asarray(Augment(rotation=45, shift=0.3, random_state=0).fit_transform(X))
        np.testing.assert_allclose(out[:, 0, 0], [[3, 200]] * 5)

    def test_other_estimators_see_an_array(self, digits):
        X_train, X_test, y_train, y_test = digits
        forest = make_pipeline(Augment(random_state=0), RandomForestClassifier(random_state=0))
        assert forest.fit(X_train, y_train).score(X_test, y_test) > 0.8
        assert cross_val_score(forest, X_train, y_train, cv=3).min() > 0.8

    @pytest.mark.parametrize(
        "params", [{"rotation": -1}, {"zoom": 1}, {"shift": -0.1}, {"shear": 90}, {"elastic": -1}]
    )
    def test_bad_parameters(self, digits, params):
        with pytest.raises(ValueError, match=next(iter(params))):
            Augment(**params).fit(digits[0])

    def test_clone_and_repr(self, digits):
        augment = Augment(rotation=3)
        assert clone(augment).rotation == 3
        X = augment.fit_transform(digits[0][:5])
        assert isinstance(X, AugmentedImages)
        assert repr(X) == "AugmentedImages(shape=(5, 64), dtype=uint8, Augment(rotation=3))"
