import copy
import json
import os
import pickle
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from cnn_digits import Augment, CNNDigitClassifier, architectures

# Files that former versions wrote, of digits of every second pixel with labels in words.
FORMER = Path(__file__).parent / "former_files"


def quick(**params):
    return CNNDigitClassifier(**{"epochs": 1, "random_state": 0, **params})


def linear(image_shape, n_classes):
    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(n_classes, activation="softmax"),
        ]
    )


def assert_equal(first, second, X):
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    np.testing.assert_array_equal(first.predict(X), second.predict(X))
    assert first.predict(X).dtype == second.predict(X).dtype
    assert first.history_ == second.history_
    assert first.n_iter_ == second.n_iter_


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

    @pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
    def test_dtype_policy(self, digits, policy):
        X, y = digits[0][:200], digits[2][:200]
        clf = quick(dtype_policy=policy).partial_fit(X, y, classes=np.arange(10))
        twin = pickle.loads(pickle.dumps(clf))
        assert_equal(twin, clf, X)
        assert_equal(twin.partial_fit(X, y), clf.partial_fit(X, y), X)


@pytest.fixture(scope="module")
def saved(fitted, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "digits.cnn"
    fitted.save(path)
    return path


class TestFile:
    def test_equal(self, fitted, saved, digits):
        loaded = CNNDigitClassifier.load(saved)
        assert_equal(loaded, fitted, digits[1])
        assert loaded.get_params() == fitted.get_params()
        assert loaded.image_shape_ == fitted.image_shape_
        assert loaded.n_features_in_ == fitted.n_features_in_

    def test_goes_on_where_it_was(self, digits, tmp_path):
        X, y = digits[0][:200], digits[2][:200]
        clf = quick().partial_fit(X, y, classes=np.arange(10))
        clf.save(tmp_path / "clf")
        loaded = CNNDigitClassifier.load(tmp_path / "clf")
        assert_equal(loaded.partial_fit(X, y), clf.partial_fit(X, y), X)

    @pytest.mark.parametrize(
        "params",
        [
            {"augment": Augment(rotation=3, random_state=np.random.RandomState(0))},
            {"optimizer": keras.optimizers.SGD(0.01, momentum=0.9)},
            {"loss": keras.losses.CategoricalFocalCrossentropy(gamma=1.5)},
            {"class_weight": {1: 2.0, 3: np.float64(0.5)}, "random_state": np.int64(3)},
            {"image_shape": (4, 16), "dropout": 0.2, "dtype_policy": "mixed_bfloat16"},
            {"architecture": "simple", "random_state": np.random.RandomState(0)},
            {"callbacks": [keras.callbacks.TerminateOnNaN()]},
        ],
    )
    def test_parameters(self, digits, tmp_path, params):
        X, y = digits[0][:200], digits[2][:200]
        clf = quick(**params).fit(X, y)
        clf.save(tmp_path / "clf")
        loaded = CNNDigitClassifier.load(tmp_path / "clf")
        assert_equal(loaded, clf, X)
        assert loaded.class_weight == clf.class_weight
        assert getattr(loaded.augment, "rotation", None) == getattr(clf.augment, "rotation", None)

    @pytest.mark.parametrize(
        "names", [list("abcdefghij"), np.arange(10) / 2 * 2.0, np.array(list("abcdefghij"), object)]
    )
    def test_labels(self, digits, tmp_path, names):
        X, y = digits[0][:200], np.asarray(names)[digits[2][:200]]
        frame = pd.DataFrame(X).add_prefix("pixel")
        clf = quick().fit(frame, y)
        clf.save(tmp_path / "clf")
        loaded = CNNDigitClassifier.load(tmp_path / "clf")
        assert_equal(loaded, clf, frame)
        assert list(loaded.feature_names_in_) == list(frame.columns)

    @pytest.mark.parametrize("framed", [True, False, None])
    def test_framed(self, digits, tmp_path, framed):
        clf = quick(architecture="lenet5").fit(digits[0][:50], digits[2][:50])
        assert clf._framed is None
        clf._framed = framed
        clf.save(tmp_path / "clf")
        for twin in (CNNDigitClassifier.load(tmp_path / "clf"), copy.deepcopy(clf)):
            assert twin._framed is framed

    def test_changed_parameters_do_not_matter(self, digits, tmp_path):
        X, y = digits[0][:200], digits[2][:200]
        clf = (
            quick()
            .fit(X, y)
            .set_params(architecture="simple", dropout=0.5, optimizer="sgd", loss="kl_divergence")
        )
        clf.save(tmp_path / "clf")
        loaded = CNNDigitClassifier.load(tmp_path / "clf")
        assert_equal(loaded, clf, X)
        assert loaded.get_params() == clf.get_params()
        pickled = pickle.loads(pickle.dumps(clf))
        for twin in (loaded, pickled):
            assert type(twin.model_.optimizer) is keras.optimizers.Adam
            assert twin.model_.loss == "categorical_crossentropy"

    def test_callable_architecture_has_to_be_passed(self, digits, tmp_path):
        X, y = digits[0][:200], digits[2][:200]
        clf = quick(architecture=linear).fit(X, y)
        clf.save(tmp_path / "clf")
        with pytest.raises(ValueError, match="pass that function as architecture"):
            CNNDigitClassifier.load(tmp_path / "clf")
        loaded = CNNDigitClassifier.load(tmp_path / "clf", architecture=linear)
        assert_equal(loaded, clf, X)
        assert loaded.architecture is linear

    def test_architecture_must_not_be_passed_for_a_named_one(self, saved):
        with pytest.raises(ValueError, match="'compact' of this package; architecture must be"):
            CNNDigitClassifier.load(saved, architecture=linear)

    def test_what_cannot_be_written(self, digits, tmp_path):
        def own(y_true, y_pred):
            return keras.losses.categorical_crossentropy(y_true, y_pred)

        (tmp_path / "clf").write_text("before")
        clf = quick(loss=own).fit(digits[0][:50], digits[2][:50])
        with pytest.raises(ValueError, match=r"loss=.* can't be written as text"):
            clf.save(tmp_path / "clf")
        assert os.listdir(tmp_path) == ["clf"]
        assert (tmp_path / "clf").read_text() == "before"

    def test_folder_that_does_not_exist(self, fitted, tmp_path):
        with pytest.raises(FileNotFoundError):
            fitted.save(tmp_path / "no" / "clf")

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
    def test_permissions_are_those_of_any_new_file(self, saved, tmp_path):
        (tmp_path / "any").write_text("")
        assert stat.S_IMODE(saved.stat().st_mode) == stat.S_IMODE((tmp_path / "any").stat().st_mode)


WORDS = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])


@pytest.fixture
def small():
    """scikit-learn's digits, every second pixel, with labels in words."""
    X, y = load_digits(return_X_y=True)
    return X.reshape(-1, 8, 8)[:, ::2, ::2], WORDS[y]


class TestFormer:
    """What former versions have written opens, and predicts what it did."""

    def test_version_1(self, small):
        X, y = small
        clf = CNNDigitClassifier.load(FORMER / "version-1.cnn")
        assert clf.score(X, y) == pytest.approx(0.915, abs=0.003)
        assert clf.get_params()["architecture"] == "lenet5"
        assert clf.augment.rotation == 2
        assert clf.class_weight == {"one": 1.5}
        assert clf.n_iter_ == len(clf.history_["loss"]) == 80
        clf.partial_fit(X[:100], y[:100])
        assert clf.n_iter_ == 81

    def assert_as_it_was(self, estimator, name, X):
        expected = np.load(FORMER / "probabilities.npz")[name]
        np.testing.assert_allclose(estimator.predict_proba(X[:20]), expected, atol=1e-5)

    def test_version_2(self, small):
        X, y = small
        clf = CNNDigitClassifier.load(FORMER / "version-2.cnn")
        self.assert_as_it_was(clf, "version-2", X)
        assert clf.augment.rotation == 2
        assert clf.class_weight == {"one": 1.5}
        assert type(clf.optimizer) is type(clf.model_.optimizer) is keras.optimizers.RMSprop
        assert clf.partial_fit(X[:100], y[:100]).n_iter_ == 41

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
    def test_pickle(self, small, tmp_path):
        X, y = small
        pipe = joblib.load(FORMER / "pipeline-of-version-2.pickle")
        self.assert_as_it_was(pipe, "pipeline-of-version-2", X)
        # And what this version writes of it.
        self.assert_as_it_was(pickle.loads(pickle.dumps(pipe)), "pipeline-of-version-2", X)
        pipe[-1].save(tmp_path / "clf")
        clf = CNNDigitClassifier.load(tmp_path / "clf")
        for network in (pipe[-1], clf):
            assert type(network.model_.optimizer) is keras.optimizers.SGD
            assert network.model_.loss.gamma == 1.5
        X = pipe[:-1].transform(X)
        self.assert_as_it_was(clf, "pipeline-of-version-2", X)
        assert clf.partial_fit(X[:100], y[:100]).n_iter_ == 41


def test_compact_of_version_1(digits, tmp_path, monkeypatch):
    X, y = digits[0][:200], digits[2][:200]
    former = architectures.recipe_for("compact_version_1")
    with monkeypatch.context() as context:
        context.setitem(architectures.ARCHITECTURES, "compact", former)
        clf = quick().fit(X, y)
        clf.save(tmp_path / "clf")

    def as_it_was(meta):
        meta.update(version=1)
        del meta["building"]["sharpness"]

    old = altered(tmp_path / "clf", as_it_was)
    loaded = CNNDigitClassifier.load(old)
    assert_equal(loaded, clf, X)
    loaded.save(tmp_path / "again")
    assert_equal(CNNDigitClassifier.load(tmp_path / "again"), clf, X)


def altered(path, change):
    """A copy of a file with another description."""
    copy = path.with_name("altered")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "classifier.json":
                meta = json.loads(data)
                change(meta)
                data = json.dumps(meta)
            new.writestr(name, data)
    return copy


class TestBadFile:
    def test_missing(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            CNNDigitClassifier.load(tmp_path / "no")

    @pytest.mark.parametrize("content", [b"", b"no zip", pickle.dumps([1])])
    def test_foreign(self, tmp_path, content):
        (tmp_path / "clf").write_bytes(content)
        with pytest.raises(ValueError, match="clf can't be loaded: File is not a zip file"):
            CNNDigitClassifier.load(tmp_path / "clf")

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda meta: meta.update(version=3), "format version 3, written by"),
            (lambda meta: meta.update(format="other"), "not written by CNNDigitClassifier.save"),
            (lambda meta: meta["building"].update(architecture="simple"), "the network expects"),
            (lambda meta: meta["building"].update(architecture="no"), "'no'"),
            (lambda meta: meta.update(image_shape=[16, 8, 1]), "the network expects"),
            (lambda meta: meta.update(image_shape=["8", 8, 1]), "image_shape"),
            # Terabytes of weights, if somebody believed it.
            (
                lambda meta: (
                    meta.update(image_shape=[10**5, 10**5, 1]),
                    meta["building"].update(architecture="simple"),
                ),
                "the network expects",
            ),
            (lambda meta: meta["classes"].update(labels=[1, 2]), "the network expects"),
            (lambda meta: meta["classes"].update(dtype="V8"), "dtype"),
            (lambda meta: meta["parameters"].update(epochs=-1), "epochs"),
            (lambda meta: meta["parameters"].update(other=1), "other"),
            (
                lambda meta: meta["parameters"].update(
                    optimizer={"class": "deserialize", "config": {}}
                ),
                "is no Optimizer of Keras",
            ),
            (
                lambda meta: meta["parameters"].update(
                    optimizer={"class": "Adam", "config": {"learning_rate": {"module": "os"}}}
                ),
                "is no Optimizer of Keras",
            ),
            (lambda meta: meta.pop("history"), "history"),
        ],
    )
    def test_altered(self, saved, change, message):
        with pytest.raises(ValueError, match=message):
            CNNDigitClassifier.load(altered(saved, change))

    def test_nothing_of_a_forged_network_is_left(self, saved, digits):
        """Keras gives memory to what it remembers when the next network is built."""

        def forge(meta):
            meta.update(image_shape=[10**5, 10**5, 1])
            meta["building"].update(architecture="simple")

        with pytest.raises(ValueError, match="the network expects"):
            CNNDigitClassifier.load(altered(saved, forge))
        augmented = quick(epochs=2, augment=Augment())
        assert augmented.fit(digits[0][:50], digits[2][:50]).n_iter_ == 2
        assert CNNDigitClassifier.load(saved).model_.built

    def test_arrays_that_unpack_to_more_than_the_file_holds(self, saved, tmp_path):
        path = tmp_path / "packed"
        with (
            zipfile.ZipFile(saved) as old,
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for name in old.namelist():
                new.writestr(name, old.read(name))
        with pytest.raises(ValueError, match=r"its arrays claim .* bytes in a file of"):
            CNNDigitClassifier.load(path)

    @given(st.integers(0, 10**9))
    @settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_truncated(self, saved, tmp_path, position):
        data = saved.read_bytes()
        (tmp_path / "clf").write_bytes(data[: position % len(data)])
        with pytest.raises(ValueError, match="can't be loaded"):
            CNNDigitClassifier.load(tmp_path / "clf")

    @given(st.integers(0, 10**9))
    @settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_a_flipped_byte_is_noticed_or_harmless(self, saved, tmp_path, fitted, digits, position):
        data = bytearray(saved.read_bytes())
        data[position % len(data)] ^= 0xFF
        (tmp_path / "clf").write_bytes(data)
        try:
            loaded = CNNDigitClassifier.load(tmp_path / "clf")
        except ValueError as error:
            assert "can't be loaded" in str(error)  # noqa: PT017
        else:
            assert_equal(loaded, fitted, digits[1])
