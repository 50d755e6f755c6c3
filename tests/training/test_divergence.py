import pickle

import keras
import numpy as np
import pytest
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV

from cnn_digits import CNNDigitClassifier


def diverging(**params):
    params = {"optimizer": "sgd", "learning_rate": 1e4, "epochs": 2, **params}
    return CNNDigitClassifier(**{"architecture": "lenet5", "random_state": 0, **params})


@pytest.fixture(scope="module")
def few(digits):
    return digits[0][:200], digits[2][:200]


class At(keras.callbacks.Callback):
    """Calls a function with the model at the end of an epoch."""

    def __init__(self, function, epoch=0):
        super().__init__()
        self._function = function
        self._epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self._epoch:
            self._function(self.model)


def spoilt(model, value=np.nan):
    weights = model.get_weights()
    weights[-1] = np.full_like(weights[-1], value)
    model.set_weights(weights)


class TestFit:
    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"callbacks": [keras.callbacks.TerminateOnNaN()]},
            {"early_stopping": True},
            {"schedule": "constant", "loss": "kl_divergence", "label_smoothing": 0.1},
            {"architecture": "simple", "learning_rate": 50.0},
        ],
    )
    def test_epoch_and_learning_rate_are_named(self, few, params):
        rate = params.get("learning_rate", 1e4)
        message = rf"diverged: .* in epoch 1 of 2, with learning_rate={rate:g} .*Lower learning"
        with pytest.raises(ValueError, match=message):
            diverging(**params).fit(*few)

    def test_weights_make_no_difference(self, few):
        clf = CNNDigitClassifier(epochs=3, random_state=0).fit(
            *few, sample_weight=np.full(200, 1e10)
        )
        assert clf.history_["loss"][0] > 1e9
        assert clf.score(*few) > 0.5

    @pytest.mark.parametrize("architecture", ["lenet5", "compact"])
    @pytest.mark.parametrize("rate", [1e15, 1e30])
    def test_the_very_last_step(self, few, architecture, rate):
        clf = diverging(architecture=architecture, learning_rate=rate, epochs=1, batch_size=200)
        with pytest.raises(ValueError, match="in epoch 1 of 1, with learning_rate=1e"):
            clf.fit(*few)

    def test_a_later_epoch(self, few):
        with pytest.raises(ValueError, match="loss is nan in epoch 3 of 5"):
            diverging(learning_rate=0.01, epochs=5, callbacks=[At(spoilt, 1)]).fit(*few)

    def test_weights_that_a_callback_leaves(self, few):
        clf = diverging(learning_rate=0.01, callbacks=[At(spoilt, 1)])
        with pytest.raises(ValueError, match="weights are infinite or NaN in epoch 2 of 2"):
            clf.fit(*few)

    def test_statistics_of_normalisation(self, few):
        def spoil(model):
            model.get_layer("norm1").moving_variance.assign(np.full(32, np.inf))

        clf = CNNDigitClassifier(epochs=1, random_state=0, callbacks=[At(spoil)])
        with pytest.raises(ValueError, match="weights are infinite or NaN in epoch 1 of 1"):
            clf.fit(*few)

    def test_nothing_is_saved_of_it(self, few, tmp_path):
        callbacks = [keras.callbacks.ModelCheckpoint(tmp_path / "last.keras")]
        with pytest.raises(ValueError, match="diverged"):
            diverging(callbacks=callbacks).fit(*few)
        assert not (tmp_path / "last.keras").exists()

    def test_half_precision_is_named(self, few):
        with pytest.raises(ValueError, match="or set dtype_policy='float32'"):
            diverging(dtype_policy="mixed_float16").fit(*few)

    def test_validation_images_alone(self, few):
        X, y = few
        weights = np.full(len(y), 3e38)
        with pytest.raises(
            ValueError, match="validation loss is inf in epoch 1 of 2, with a train"
        ):
            diverging(learning_rate=0.01).fit(X, y, X_val=X, y_val=y, sample_weight_val=weights)

    def test_a_search_goes_on_without_it(self, few):
        search = GridSearchCV(diverging(), {"learning_rate": [0.05, 1e4]}, cv=2)
        with pytest.warns(FitFailedWarning, match="diverged"):
            search.fit(*few)
        assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]


class TestGoingOn:
    """What was learnt before is not lost."""

    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_everything_stays(self, few, method):
        clf = diverging(learning_rate=0.05, warm_start=True).fit(*few)
        copy = pickle.loads(pickle.dumps(clf))
        with pytest.raises(ValueError, match="diverged"):
            getattr(clf.set_params(learning_rate=1e4), method)(*few)
        assert clf.history_ == copy.history_
        for a, b in zip(clf.model_.variables, copy.model_.variables, strict=True):
            np.testing.assert_array_equal(a, b)
        clf.set_params(learning_rate=0.05).partial_fit(*few)
        np.testing.assert_array_equal(
            clf.predict_proba(few[0]), copy.partial_fit(*few).predict_proba(few[0])
        )

    def test_nothing_is_fitted_by_a_first_call(self, few):
        clf = diverging()
        with pytest.raises(ValueError, match="diverged"):
            clf.partial_fit(*few, classes=range(10))
        assert not hasattr(clf, "model_")

    @pytest.mark.parametrize("value", [np.nan, 0.0])
    def test_an_interrupt_keeps_what_is_of_use(self, few, value):
        def interrupt(model):
            spoilt(model, value)
            raise KeyboardInterrupt

        clf = diverging(learning_rate=0.05, warm_start=True).fit(*few)
        before = clf.predict_proba(few[0])
        with pytest.raises(KeyboardInterrupt):
            clf.set_params(callbacks=[At(interrupt)]).fit(*few)
        is_as_before = np.array_equal(clf.predict_proba(few[0]), before)
        assert is_as_before == np.isnan(value)
