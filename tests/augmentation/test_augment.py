import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from cnn_digits import Augment, Reshape


@pytest.mark.slow
def test_scikit_learn_checks():
    check_estimator(Augment())


@pytest.mark.parametrize("shape", [(-1, 64), (-1, 8, 8), (-1, 8, 8, 1), (-1, 4, 8, 2)])
def test_shape_and_dtype_stay(digits, shape):
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


def test_flat_rows_that_are_no_squares():
    X = np.ones((4, 10))
    with pytest.warns(UserWarning, match="padded with 6 zeros"):
        X_aug = Augment(random_state=0).fit_transform(X)
    assert np.asarray(X_aug).shape == (4, 10)


def test_transform_returns_the_very_object(digits):
    X = digits[0]
    augment = Augment().fit(X)
    assert augment.transform(X) is X
    frame = pd.DataFrame(X)
    assert augment.transform(frame) is frame


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_names_of_columns_are_handed_on(digits, library):
    """Or else what follows would see names in predict that it did not see in fit, and warn."""
    module = pytest.importorskip(library)
    make = module.table if library == "pyarrow" else module.DataFrame
    table = make({f"pixel{i}": column for i, column in enumerate(digits[0].T)})
    X_aug = Augment().fit_transform(table)
    assert X_aug.originals() is table
    some = X_aug[np.array([3, 1])]
    assert type(some.originals()) is type(table)
    np.testing.assert_array_equal(np.asarray(some.originals()), digits[0][[3, 1]])
    seen = Reshape().fit(X_aug.originals())
    assert list(seen.feature_names_in_) == [f"pixel{i}" for i in range(64)]


def test_digits_keep_their_mass(mnist):
    X = mnist[0][:200]
    out = np.asarray(Augment(random_state=0).fit_transform(X))
    assert abs(out.mean() / X.mean() - 1) < 0.05


def test_seed(digits):
    X = digits[0][:20]
    first, again, other = (
        np.asarray(Augment(random_state=seed).fit_transform(X)) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_nothing_asked_nothing_done(digits):
    X = digits[0][:10]
    out = Augment(rotation=0, zoom=0, shift=0).fit_transform(X)
    np.testing.assert_array_equal(np.asarray(out), X)


def test_corners_get_the_background():
    X = np.full((5, 9, 9, 2), 3.0)
    X[..., 1] = 200
    X[:, 4, 4] = 0
    out = np.asarray(Augment(rotation=45, shift=0.3, random_state=0).fit_transform(X))
    np.testing.assert_allclose(out[:, 0, 0], [[3, 200]] * 5)


def test_other_estimators_see_an_array(digits):
    X_train, X_test, y_train, y_test = digits
    forest = make_pipeline(Augment(random_state=0), RandomForestClassifier(random_state=0))
    assert forest.fit(X_train, y_train).score(X_test, y_test) > 0.8
    assert cross_val_score(forest, X_train, y_train, cv=3).min() > 0.8


@pytest.mark.parametrize(
    "params", [{"rotation": -1}, {"zoom": 1}, {"shift": -0.1}, {"shear": 90}, {"elastic": -1}]
)
def test_bad_parameters(digits, params):
    with pytest.raises(ValueError, match=next(iter(params))):
        Augment(**params).fit(digits[0])
