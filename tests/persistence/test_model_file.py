import copy
import io
import json
import os
import pickle
import re
import stat
import time
import zipfile
from pathlib import Path

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
from classifiers import assert_equal, linear, quick
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from cnn_digits import Augment, CNNDigitClassifier, architectures

# Files that former versions wrote, of digits of every second pixel with labels in words.
FORMER = Path(__file__).parents[1] / "former_files"


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

    def test_the_same_classifier_is_the_same_file_at_any_time(self, fitted, tmp_path, monkeypatch):
        fitted.save(tmp_path / "now")
        monkeypatch.setattr(time, "time", lambda: 2e9)
        fitted.save(tmp_path / "later")
        assert (tmp_path / "now").read_bytes() == (tmp_path / "later").read_bytes()

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
            {"optimizer": keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01))},
            {"optimizer": "adam", "dtype_policy": "mixed_float16"},
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

    def test_what_could_not_be_loaded_is_not_saved(self, digits, tmp_path):
        clf = quick(architecture="lenet5").fit(digits[0][:50], digits[2][:50])
        for name, value in [
            ("schedule", "linear"),
            ("optimizer", "no"),
            ("augment", Augment(zoom=2)),
            ("class_weight", {(1, 2): 1.0}),
        ]:
            before = clf.get_params(deep=False)[name]
            with pytest.raises(ValueError, match="zoom" if name == "augment" else name):
                clf.set_params(**{name: value}).save(tmp_path / "clf")
            clf.set_params(**{name: before})
        weights = clf.model_.get_weights()
        clf.model_.set_weights([np.full_like(weights[0], np.nan), *weights[1:]])
        with pytest.raises(ValueError, match=r"network/0.npy holds NaN"):
            clf.save(tmp_path / "clf")
        assert os.listdir(tmp_path) == []

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such limits")
    def test_a_description_that_is_too_long_is_not_saved(self, fitted, tmp_path, monkeypatch):
        monkeypatch.setattr("cnn_digits.persistence.archive._MAX_DESCRIPTION_BYTES", 100)
        with pytest.raises(
            ValueError, match=r"classifier\.json has [0-9,]+ bytes; expected 100 at"
        ):
            fitted.save(tmp_path / "clf")
        assert list(tmp_path.iterdir()) == []

    def test_full_disk(self, fitted, tmp_path):
        import resource

        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
        try:
            with pytest.raises(OSError, match=r"/clf can't be written: .*\.$"):
                fitted.save(tmp_path / "clf")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert os.listdir(tmp_path) == []

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


ADAM = {"class": "Adam", "config": {}}


def with_array(path, name, change):
    """A copy of a file with another array."""
    copy = path.with_name("altered")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for member in old.namelist():
            data = old.read(member)
            if member == name:
                buffer = io.BytesIO()
                np.save(buffer, change(np.load(io.BytesIO(data))))
                data = buffer.getvalue()
            new.writestr(member, data)
    return copy


class TestBadFile:
    def test_missing(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            CNNDigitClassifier.load(tmp_path / "no")

    @pytest.mark.parametrize("content", [b"", b"no zip", pickle.dumps([1])])
    def test_foreign(self, tmp_path, content):
        (tmp_path / "clf").write_bytes(content)
        message = "clf can't be loaded: it is .*; expected a file that CNNDigitClassifier.save has"
        with pytest.raises(ValueError, match=message):
            CNNDigitClassifier.load(tmp_path / "clf")

    def test_folder(self, tmp_path):
        message = re.escape(f"{tmp_path} can't be loaded: it is a folder")
        with pytest.raises(ValueError, match=message):
            CNNDigitClassifier.load(tmp_path)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda meta: meta.update(version=3), "format version 3, written by"),
            (lambda meta: (meta.update(version="2"), meta.pop("versions")), "format version '2'"),
            (lambda meta: meta.update(version=True), "format version True"),
            (lambda meta: meta.update(format="other"), "not written by CNNDigitClassifier.save"),
            (lambda meta: meta["building"].update(architecture="simple"), "the network expects"),
            (lambda meta: meta["building"].update(architecture="no"), "'no'"),
            (lambda meta: meta.update(image_shape=[16, 8, 1]), "n_features_in"),
            (lambda meta: meta.update(image_shape=[4, 4, 4]), "the network expects"),
            (lambda meta: meta.update(image_shape=["8", 8, 1]), "image_shape"),
            # Gigabytes of weights, if somebody believed it.
            (
                lambda meta: (
                    meta.update(image_shape=[2048, 2048, 1], n_features_in=2048**2),
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
                "parameters.optimizer is .*; expected",
            ),
            (
                lambda meta: meta["parameters"].update(
                    optimizer={"class": "Adam", "config": {"beta_1": "0.9"}}
                ),
                "is no Optimizer of Keras: beta_1 is '0.9'",
            ),
            (
                lambda meta: meta["building"].update(
                    loss={"class": "CategoricalCrossentropy", "config": {"other": 1}}
                ),
                "is no Loss of Keras: other is 1",
            ),
            (
                lambda meta: meta["building"].update(
                    optimizer={"class": "Adam", "config": {"learning_rate": ADAM}}
                ),
                "building.optimizer is .*; expected",
            ),
            (
                lambda meta: meta["building"].update(
                    optimizer={"class": "LossScaleOptimizer", "config": {"inner_optimizer": "sgd"}}
                ),
                "building.optimizer is .*; expected",
            ),
            (lambda meta: meta["building"].update(optimizer="no"), "optimizer='no'; expected"),
            (lambda meta: meta["parameters"].update(augment={"zoom": 2}), "zoom"),
            (lambda meta: meta["parameters"].update(augment={"other": 2}), "other"),
            # Each number is finite, and what is computed with them is not.
            (lambda meta: meta["building"].update(std=1e-37), "no probabilities"),
            (lambda meta: meta.pop("history"), "history"),
        ],
    )
    def test_altered(self, saved, change, message):
        path = altered(saved, change)
        with pytest.raises(ValueError, match=message) as info:
            CNNDigitClassifier.load(path)
        assert str(info.value).startswith(f"{path} can't be loaded: ")
        assert "\n" not in str(info.value)

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    @pytest.mark.parametrize("name", ["network/0.npy", "optimizer/5.npy"])
    def test_weights_that_are_not_finite(self, saved, name, value):
        def change(array):
            array.flat[-1] = value
            return array

        with pytest.raises(ValueError, match=f"{name} holds NaN, infinity"):
            CNNDigitClassifier.load(with_array(saved, name, change))

    def test_weights_of_no_fit(self, saved):
        path = with_array(saved, "network/0.npy", lambda array: np.full_like(array, 1e20))
        with pytest.raises(ValueError, match="numbers that overflow"):
            CNNDigitClassifier.load(path)
        # The square root of a negative variance.
        path = with_array(saved, "network/3.npy", lambda array: np.full_like(array, -1))
        with pytest.raises(ValueError, match="its network computes no probabilities"):
            CNNDigitClassifier.load(path)

    @pytest.mark.parametrize(
        "change",
        [lambda array: array.astype(np.float64), lambda array: array.T, lambda array: array[:-1]],
    )
    def test_other_arrays(self, saved, change):
        with pytest.raises(ValueError, match=r"network/0.npy holds .*; the network expects"):
            CNNDigitClassifier.load(with_array(saved, "network/0.npy", change))

    @pytest.mark.parametrize("name", ["network/99.npy", "optimizer/99.npy", "other"])
    def test_surplus(self, saved, tmp_path, name):
        (tmp_path / "clf").write_bytes(saved.read_bytes())
        with zipfile.ZipFile(tmp_path / "clf", "a") as archive:
            archive.writestr(name, b"")
        with pytest.raises(ValueError, match=f"it holds {name}, which its network has no use for"):
            CNNDigitClassifier.load(tmp_path / "clf")

    def test_nothing_of_a_forged_network_is_left(self, saved, digits):
        """Keras gives memory to what it remembers when the next network is built."""

        def forge(meta):
            meta.update(image_shape=[2048, 2048, 1], n_features_in=2048**2)
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
