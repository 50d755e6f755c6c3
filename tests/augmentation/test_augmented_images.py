import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils import _safe_indexing

from cnn_digits import Augment
from cnn_digits.augmentation import AugmentedImages
from cnn_digits.augmentation.augmented_images import originals


def test_one_draw_however_it_is_looked_at(digits):
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
    np.testing.assert_array_equal(np.asarray(_safe_indexing(X, np.array([8, 3]))), whole[[8, 3]])


@pytest.mark.parametrize("key", [(0, 1), (slice(None), 0), None, "a", [0.5], True, [[0, 1]]])
def test_other_keys_are_refused(digits, key):
    X = Augment().fit_transform(digits[0][:5])
    with pytest.raises(TypeError, match="first axis alone"):
        X[key]


def test_index_out_of_range(digits):
    with pytest.raises(IndexError):
        Augment().fit_transform(digits[0][:5])[5]


def test_array_protocol(digits):
    X = Augment(random_state=0).fit_transform(digits[0][:5])
    assert np.asarray(X, dtype=np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="no array to share"):
        X.__array__(copy=False)


def test_later_parameters_do_not_change_a_draw(digits):
    augment = Augment(random_state=0)
    X = augment.fit_transform(digits[0][:5])
    before = np.asarray(X)
    augment.set_params(rotation=0, zoom=0, shift=0)
    np.testing.assert_array_equal(np.asarray(X), before)


def test_originals(digits):
    X = digits[0]
    X_aug = Augment().fit_transform(X)
    assert np.shares_memory(X_aug.originals(), X)
    np.testing.assert_array_equal(X_aug[[5, 3]].originals(), X[[5, 3]])
    frame = pd.DataFrame(X).add_prefix("pixel")
    slices = Augment().fit_transform(frame)[[5, 3]].originals()
    pd.testing.assert_frame_equal(slices, frame.iloc[[5, 3]])


def test_clone_and_repr(digits):
    augment = Augment(rotation=3)
    assert clone(augment).rotation == 3
    X = augment.fit_transform(digits[0][:5])
    assert isinstance(X, AugmentedImages)
    assert repr(X) == "AugmentedImages(shape=(5, 64), dtype=uint8, Augment(rotation=3))"


def test_whatever_it_was_the_originals_are_found(digits):
    X = digits[0][:5]
    assert originals(X) is X
    np.testing.assert_array_equal(originals(Augment().fit_transform(X)), X)
