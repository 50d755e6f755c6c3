"""Images of one colour say nothing, unless the network was trained on such ones."""

import copy
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.pipeline import make_pipeline

from cnn_digits import Augment, CNNDigitClassifier, FrameDigits
from cnn_digits.blank import is_blank

FORMER = Path(__file__).parent / "former_files"


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.float32, np.int16]),
        hnp.array_shapes(min_dims=4, max_dims=4, max_side=4),
        elements=st.integers(0, 2),
        fill=st.just(0),
    )
)
def test_of_one_colour(images):
    expected = [(image == image[0, 0]).all() for image in images]
    assert is_blank(images).tolist() == expected


def test_of_many():
    images = np.zeros((9000, 28, 28, 1), np.uint8)
    images[5::7, 3, 4] = 1
    assert np.flatnonzero(~is_blank(images)).tolist() == list(range(5, 9000, 7))


@pytest.fixture(scope="module")
def clf(digits):
    """Trained without blank images."""
    return CNNDigitClassifier("lenet5", epochs=3, random_state=0).fit(digits[0], digits[2])


def warned(call, *args):
    """What a call returns, and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call(*args)
    return result, [str(warning.message) for warning in caught]


@pytest.fixture
def some(digits):
    """Ten digits, of which three are blank."""
    X = digits[1][:10].copy()
    X[[2, 5]], X[7] = 0, 9
    return X


class TestPrediction:
    def test_each_class_is_as_probable(self, clf, some, digits):
        proba, messages = warned(clf.predict_proba, some)
        assert proba.dtype == np.float32
        assert (proba[[2, 5, 7]] == np.float32(0.1)).all()
        others = [0, 1, 3, 4, 6, 8, 9]
        np.testing.assert_array_equal(proba[others], clf.predict_proba(digits[1][:10])[others])
        assert len(messages) == 1
        assert messages[0].startswith("3 of 10 images are blank, all pixels equal, the first: X[2,")

    def test_of_any_scale_and_shape(self, clf, some):
        for X in (some / 16, some.reshape(-1, 8, 8), some.astype(int).tolist()):
            proba, messages = warned(clf.predict_proba, X)
            assert (proba[[2, 5, 7]] == np.float32(0.1)).all()
            assert "are blank" in messages[-1]

    def test_predict_and_score_warn_once(self, clf, some, digits):
        for call in (clf.predict, lambda X: clf.score(X, digits[3][:10])):
            assert len(warned(call, some)[1]) == 1

    def test_without_one_there_is_no_word(self, clf, digits):
        assert warned(clf.predict_proba, digits[1])[1] == []


class TestWhatIsKnown:
    def fit(self, X, y, **params):
        return CNNDigitClassifier("lenet5", epochs=1, random_state=0, **params).fit(X, y)

    def is_known(self, clf, some):
        proba, messages = warned(clf.predict_proba, some)
        assert bool(messages) == (proba[2] == proba[2, 0]).all()
        return not messages

    def test_a_class_of_its_own(self, digits):
        X, y = digits[0][:300].copy(), digits[2][:300].astype(str)
        X[::3], y[::3] = 0, "blank"
        clf = CNNDigitClassifier(epochs=5, random_state=0).fit(X, y)
        label, messages = warned(clf.predict, np.zeros((1, 64)))
        assert (label.tolist(), messages) == (["blank"], [])

    def test_one_in_training_is_enough(self, digits, some, tmp_path):
        X, y = digits[0][:100].copy(), digits[2][:100]
        X[41] = 3
        (data,) = np.memmap(tmp_path / "X", X.dtype, "w+", shape=(1, *X.shape))
        data[:] = X
        for images in (X, data, X.tolist(), list(X.reshape(-1, 8, 8)), Augment().fit_transform(X)):
            assert self.is_known(self.fit(images, y), some)

    def test_in_a_later_piece(self, digits, some):
        X, y = digits[0][:60], digits[2][:60]
        clf = CNNDigitClassifier("lenet5", random_state=0)
        assert not self.is_known(clf.partial_fit(X, y, classes=range(10)), some)
        assert self.is_known(clf.partial_fit(np.zeros((1, 64)), [0]), some)
        assert self.is_known(clf.partial_fit(X, y), some)
        # A new fit forgets.
        assert not self.is_known(clf.set_params(epochs=1).fit(X, y), some)

    def test_images_that_do_not_train_do_not_count(self, digits, some):
        X, y = digits[0][:100].copy(), digits[2][:100]
        X[41] = 0
        weight = np.ones(100)
        weight[41] = 0
        clf = CNNDigitClassifier("lenet5", epochs=1, random_state=0)
        assert not self.is_known(clf.fit(X, y, sample_weight=weight), some)
        assert not self.is_known(clf.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:]), some)

    def test_an_interrupted_fit_leaves_it(self, clf, digits, some):
        with pytest.raises(ValueError, match="labels"):
            clf.partial_fit(np.zeros((2, 64)), [0, 11])
        assert not self.is_known(clf, some)

    @pytest.mark.parametrize("blank", [0, 41])
    def test_is_kept(self, digits, some, tmp_path, blank):
        X, y = digits[0][:100].copy(), digits[2][:100]
        X[41] *= blank != 41
        clf = self.fit(X, y)
        clf.save(tmp_path / "clf")
        expected, _ = warned(clf.predict_proba, some)
        loaded = CNNDigitClassifier.load(tmp_path / "clf")
        for twin in (loaded, pickle.loads(pickle.dumps(clf)), copy.deepcopy(clf)):
            assert self.is_known(twin, some) == (blank == 41)
            np.testing.assert_array_equal(warned(twin.predict_proba, some)[0], expected)

    def test_images_of_one_pixel(self):
        X, y = np.arange(20)[:, None] % 2, np.arange(20) % 2
        clf = self.fit(X, y)
        proba, messages = warned(clf.predict_proba, X)
        assert messages == []
        assert (proba != 0.5).any()

    @pytest.mark.parametrize("version", [1, 2])
    def test_former_files_predict_as_before(self, version):
        former = CNNDigitClassifier.load(FORMER / f"version-{version}.cnn")
        X = np.zeros((1, former.n_features_in_), np.uint8)
        proba, messages = warned(former.predict_proba, X)
        np.testing.assert_array_equal(proba, former._predictor(X.reshape(1, *former.image_shape_)))
        assert messages == []


@pytest.fixture(scope="module")
def reader(digits):
    X, y = digits[0].reshape(-1, 8, 8)[:200], digits[2][:200]
    return make_pipeline(FrameDigits(), CNNDigitClassifier("lenet5", epochs=1)).fit(X, y)


class TestInAPipeline:
    """FrameDigits says what it saw, and the classifier what it makes of it."""

    def test_a_warning_each(self, reader, digits):
        pictures = [*(16 - digits[1].reshape(-1, 8, 8)[:3]), np.full((60, 40), 200, np.uint8)]
        for method in (reader.predict_proba, reader.predict):
            _, messages = warned(method, pictures)
            assert len(messages) == 2
            assert messages[0].startswith("No ink was found on 1 of 4 images, the first ones X[3]")
            assert messages[1].startswith("1 of 4 images are blank")
        assert (warned(reader.predict_proba, pictures)[0][3] == np.float32(0.1)).all()
        assert (warned(reader.predict_proba, pictures)[0][:3].max(axis=1) > 0.1).all()
