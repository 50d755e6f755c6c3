"""Classes of the user's own that Keras finds by name come along in a pickle, or it is refused."""

import copy
import functools
import pickle
import subprocess
import sys
from pathlib import Path

import joblib
import keras
import numpy as np
import pytest
from classifiers import Around, Scale, assert_equal, linear, quick

SCRIPT = """
import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_validate

from cnn_digits import Augment, CNNDigitClassifier


@keras.saving.register_keras_serializable()
class Own(keras.layers.Dense):
    pass


class Around:
    def __init__(self):
        self.model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), Own(16)])

    def __call__(self, image_shape, n_classes):
        outputs = keras.layers.Dense(n_classes, activation="softmax")
        model = keras.models.clone_model(self.model)
        return keras.Sequential([keras.Input(image_shape), model, outputs])


if __name__ == "__main__":
    X, y = load_digits(return_X_y=True)
    X, y = X[:200].reshape(-1, 8, 8), y[:200]
    clf = CNNDigitClassifier(Around(), epochs=2, random_state=0)
    policies = ["float32", "mixed_float16"]
    search = GridSearchCV(clf, {"dtype_policy": policies}, cv=2, n_jobs=2, error_score="raise")
    print(search.fit(X, y).best_score_ > 0)
    kept = cross_validate(clf, X, y, cv=2, n_jobs=2, return_estimator=True, error_score="raise")
    print(kept["estimator"][0].predict(X).shape == y.shape)
"""


def test_registered(digits, tmp_path):
    X = digits[1].reshape(-1, 8, 8)
    clf = quick(architecture=Around(Scale())).fit(X[:100], digits[3][:100])
    assert_equal(pickle.loads(pickle.dumps(clf)), clf, X)
    assert_equal(copy.deepcopy(clf), clf, X)
    joblib.dump(clf, tmp_path / "clf")
    np.save(tmp_path / "X.npy", X)
    code = (
        f"import sys; sys.path.append({str(Path(__file__).parent)!r})\n"
        "import joblib, numpy as np\n"
        "clf = joblib.load('clf')\n"
        "np.save('p.npy', clf.predict_proba(np.load('X.npy')))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, capture_output=True)
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), clf.predict_proba(X))


def test_not_registered():
    class Own(keras.layers.Dense):
        pass

    class OwnAdam(keras.optimizers.Adam):
        pass

    class OwnLoss(keras.losses.CategoricalCrossentropy):
        pass

    def bent(x):
        return x

    scaled = keras.optimizers.LossScaleOptimizer(OwnAdam())
    for params, name in [
        ({"architecture": Around(Own(3))}, "Own"),
        ({"architecture": functools.partial(linear, layer=Own(3))}, "Own"),
        ({"architecture": Around(keras.layers.Dense(3, activation=bent))}, "bent"),
        ({"optimizer": OwnAdam()}, "OwnAdam"),
        ({"optimizer": scaled}, "OwnAdam"),
        ({"loss": OwnLoss()}, "OwnLoss"),
    ]:
        message = (
            f"^{min(params)} can't be pickled: it holds {name}, .* Put "
            r"@keras.saving.register_keras_serializable\(\) above its definition\."
        )
        with pytest.raises(pickle.PicklingError, match=message):
            pickle.dumps(quick(**params))


def test_what_a_network_was_built_with(digits):
    """It trains on by that, whatever the parameters have become since."""

    class OwnAdam(keras.optimizers.Adam):
        pass

    clf = quick(optimizer=OwnAdam(0.01)).fit(digits[0][:50], digits[2][:50])
    clf.set_params(optimizer="adam")
    with pytest.raises(pickle.PicklingError, match="optimizer can't be pickled: it holds OwnAdam"):
        pickle.dumps(clf)


@pytest.mark.parametrize(
    "params",
    [
        {"architecture": Around(keras.layers.Dense(3, activation="relu"))},
        {"optimizer": keras.optimizers.Adam(0.01)},
        {"loss": keras.losses.CategoricalFocalCrossentropy()},
        {"loss": keras.losses.kl_divergence},
    ],
)
def test_kerass_own(params):
    twin = pickle.loads(pickle.dumps(quick(**params)))
    for name, value in params.items():
        assert type(getattr(twin, name)) is type(value)


@pytest.mark.slow
def test_defined_in_a_script(tmp_path):
    """Workers of a search can't import it, and get its classes by value."""
    (tmp_path / "script.py").write_text(SCRIPT)
    run = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.stdout.split() == ["True", "True"], run.stderr
