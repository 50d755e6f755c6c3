import copy
import pickle
import subprocess
import sys

import joblib
import keras
import numpy as np
import pytest
from classifiers import assert_equal, linear, quick

from cnn_digits import Augment, CNNDigitClassifier


def pickled(clf):
    return pickle.loads(pickle.dumps(clf))


class TestPickle:
    def test_equal(self, fitted, digits):
        assert_equal(pickle.loads(pickle.dumps(fitted)), fitted, digits[1])

    def test_deepcopy(self, fitted, digits):
        twin = copy.deepcopy(fitted)
        assert twin.model_ is not fitted.model_
        assert_equal(twin, fitted, digits[1])

    def test_unfitted(self):
        assert pickle.loads(pickle.dumps(CNNDigitClassifier(epochs=3))).epochs == 3

    def test_small(self, fitted):
        n_bytes = 4 * fitted.model_.count_params()
        assert len(pickle.dumps(fitted)) < 3 * n_bytes + 30_000  # Adam keeps two moments

    def test_other_process_without_scikeras(self, fitted, digits, tmp_path):
        joblib.dump(fitted, tmp_path / "clf")
        np.save(tmp_path / "X.npy", digits[1])
        code = (
            "import sys; sys.modules['scikeras'] = None\n"
            "import joblib, numpy as np\n"
            "clf = joblib.load('clf')\n"
            "np.save('p.npy', clf.predict_proba(np.load('X.npy')))\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, capture_output=True)
        np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), fitted.predict_proba(digits[1]))

    def test_same_for_those_who_use_scikeras(self, digits):
        code = (
            "import scikeras, pickle, cnn_digits\n"
            "from sklearn.datasets import load_digits\n"
            "X, y = load_digits(return_X_y=True)\n"
            "clf = cnn_digits.CNNDigitClassifier(epochs=1).fit(X[:50], y[:50])\n"
            "print(b'scikeras' in pickle.dumps(clf))"
        )
        out = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout
        assert out.strip() == "False"

    def test_callable_architecture(self, digits):
        clf = quick(architecture=linear).fit(digits[0], digits[2])
        assert_equal(pickle.loads(pickle.dumps(clf)), clf, digits[1])
        clf.set_params(architecture="compact")
        assert_equal(pickle.loads(pickle.dumps(clf)), clf, digits[1])

    @pytest.mark.parametrize(
        "params",
        [
            {"dtype_policy": "mixed_float16"},
            {"dtype_policy": "mixed_bfloat16"},
            {"optimizer": keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01))},
            {
                "optimizer": keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()),
                "dtype_policy": "mixed_float16",
            },
            {"optimizer": keras.optimizers.Adam(use_ema=True, loss_scale_factor=8.0)},
        ],
        ids=str,
    )
    @pytest.mark.parametrize(
        "twin_of", [copy.deepcopy, lambda clf: pickle.loads(pickle.dumps(clf))]
    )
    def test_precision_and_scaled_loss(self, digits, params, twin_of):
        X, y = digits[0][:200], digits[2][:200]
        clf = quick(architecture="lenet5", **params).partial_fit(X, y, classes=np.arange(10))
        twin = twin_of(clf)
        assert_equal(twin, clf, X)
        assert_equal(twin.partial_fit(X, y), clf.partial_fit(X, y), X)

    @pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
    def test_precision_of_all_of_keras(self, digits, policy):
        """It does not matter, neither where a classifier is fitted nor where it is opened."""
        X, y = digits[0][:200], digits[2][:200]
        params = {"architecture": "lenet5", "augment": Augment()}
        expected = quick(**params).fit(X, y)
        before = keras.config.dtype_policy()
        try:
            keras.config.set_dtype_policy(policy)
            clf = quick(**params).fit(X, y)
            twin = pickle.loads(pickle.dumps(clf))
        finally:
            keras.config.set_dtype_policy(before)
        for other in (clf, twin, copy.deepcopy(clf)):
            assert_equal(other, expected, X)
