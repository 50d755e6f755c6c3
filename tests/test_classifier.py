import os
import pickle
import random
import threading
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from cnn_digits import Augment, CNNDigitClassifier, Normalize, Reshape, auto


def weights(clf):
    return clf.model_.get_weights()


def assert_same_weights(first, second):
    for a, b in zip(weights(first), weights(second), strict=True):
        np.testing.assert_array_equal(a, b)


def quick(**params):
    return CNNDigitClassifier(**{"epochs": 1, "random_state": 0, **params})


@pytest.fixture(scope="module")
def few(digits):
    """200 digits, flat 8 × 8, with their labels."""
    return digits[0][:200], digits[2][:200]


class TestInput:
    def test_reads_digits(self, fitted, digits):
        _, X_test, _, y_test = digits
        assert fitted.score(X_test, y_test) > 0.97

    @pytest.mark.parametrize("shape", [(-1, 8, 8), (-1, 8, 8, 1)])
    def test_flat_or_not_is_the_same(self, few, shape):
        X, y = few
        flat, square = quick().fit(X, y), quick().fit(X.reshape(shape), y)
        assert_same_weights(flat, square)
        assert flat.n_features_in_ == square.n_features_in_ == 64
        assert flat.image_shape_ == square.image_shape_ == (8, 8, 1)
        np.testing.assert_array_equal(flat.predict(X), square.predict(X))
        np.testing.assert_array_equal(flat.predict(X.reshape(shape)), square.predict(X))

    @pytest.mark.parametrize(
        "convert",
        [lambda X: X.tolist(), lambda X: X.astype(np.int64), np.asfortranarray, pd.DataFrame],
    )
    def test_containers_and_dtypes_are_the_same(self, few, convert):
        X, y = few
        assert_same_weights(quick().fit(X, y), quick().fit(convert(X), y))

    def test_memmap_is_the_same(self, few, tmp_path):
        X, y = few
        mapped = np.memmap(tmp_path / "X", dtype=np.uint8, mode="w+", shape=X.shape)
        mapped[:] = X
        assert_same_weights(quick().fit(X, y), quick().fit(mapped, y))

    @pytest.mark.parametrize("scale", [1 / 16, 255 / 16, 1000.0])
    def test_any_pixel_scale_gives_the_same_predictions(self, few, scale):
        X, y = few
        raw, scaled = quick().fit(X, y), quick().fit(X * scale, y)
        np.testing.assert_allclose(raw.predict_proba(X), scaled.predict_proba(X * scale), atol=1e-3)

    def test_offset_of_pixels_does_not_matter(self, few):
        X, y = few
        raw, shifted = quick().fit(X, y), quick().fit(X - 300.0, y)
        np.testing.assert_allclose(
            raw.predict_proba(X), shifted.predict_proba(X - 300.0), atol=1e-3
        )

    def test_color(self):
        X = np.random.default_rng(0).integers(0, 256, (60, 28, 28, 3), dtype=np.uint8)
        y = np.arange(60) % 3
        clf = quick().fit(X, y)
        assert clf.image_shape_ == (28, 28, 3)
        flat = quick(image_shape=(28, 28, 3)).fit(X.reshape(60, -1), y)
        assert_same_weights(clf, flat)

    def test_rows_that_are_no_squares_are_padded(self, few):
        X, y = few
        with pytest.warns(UserWarning, match="60 features.*4 zeros.*image_shape"):
            clf = quick().fit(X[:, :60], y)
        assert (clf.n_features_in_, clf.image_shape_) == (60, (8, 8, 1))
        assert clf.predict(X[:, :60]).shape == (200,)

    def test_feature_names(self, few):
        X, y = few
        frame = pd.DataFrame(X).add_prefix("pixel")
        clf = quick().fit(frame, y)
        assert list(clf.feature_names_in_) == list(frame.columns)
        with pytest.raises(ValueError, match="feature names should match"):
            clf.predict(frame[frame.columns[::-1]])

    @pytest.mark.parametrize("scale", [1 / 16, 16])
    def test_other_pixel_scale_is_warned_of(self, fitted, digits, scale):
        with pytest.warns(UserWarning, match=r"Pixels in X range from 0 to .*in fit"):
            fitted.predict(digits[1] * scale)

    def test_the_scale_of_blank_and_faint_images_is_not_warned_of(self, fitted, digits):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fitted.predict(digits[1][:1])
            fitted.predict(digits[1] // 2)
            warnings.filterwarnings("ignore", "2 of 2 images are blank")
            fitted.predict(np.zeros((2, 64)))


class TestLabels:
    @pytest.mark.parametrize(
        "names",
        [
            np.array([f"digit {i}" for i in range(10)]),
            np.arange(10) * 2 - 7,
            np.arange(10) / 2 * 2.0,
            np.array(list("abcdefghij"), dtype=object),
        ],
    )
    def test_any_labels(self, few, names):
        X, y = few
        clf = quick().fit(X, names[y])
        np.testing.assert_array_equal(clf.classes_, np.sort(names))
        assert_same_weights(clf, quick().fit(X, np.argsort(np.argsort(names))[y]))
        assert set(clf.predict(X)) <= set(names)

    def test_booleans(self, few):
        X, y = few
        assert quick().fit(X, y == 3).predict(X).dtype == bool

    def test_one_class(self, few):
        clf = quick().fit(few[0], ["seven"] * 200)
        assert set(clf.predict(few[0])) == {"seven"}
        np.testing.assert_allclose(clf.predict_proba(few[0]), np.ones((200, 1)), rtol=1e-6)

    def test_many_classes(self, few):
        X = few[0]
        y = np.arange(200) % 50
        assert quick().fit(X, y).predict_proba(X).shape == (200, 50)

    def test_probabilities(self, fitted, digits):
        proba = fitted.predict_proba(digits[1])
        assert proba.shape == (len(digits[1]), 10)
        np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
        np.testing.assert_array_equal(fitted.predict(digits[1]), proba.argmax(axis=1))


def test_warnings_may_be_errors(few, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf = quick().fit(*few)
        clf.save(tmp_path / "clf")
        for copy in (pickle.loads(pickle.dumps(clf)), CNNDigitClassifier.load(tmp_path / "clf")):
            copy.partial_fit(*few).predict(few[0])


class TestBadInput:
    """Each is refused before training, and the fitted classifier stays as it was."""

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"X": lambda X: np.where(np.arange(200)[:, None] == 7, np.nan, X)}, "NaN: row 7"),
            ({"X": lambda X: np.where(np.arange(200)[:, None] == 7, np.inf, X)}, "infinity: row 7"),
            ({"X": lambda X: X[:0], "y": lambda y: y[:0]}, "0 sample"),
            ({"X": lambda X: X[:150]}, r"inconsistent numbers of samples: \[150, 200\]"),
            ({"X": lambda X: X * 1j}, "Complex data not supported"),
            ({"X": lambda X: X.astype(str)}, "strings"),
            ({"X": lambda X: [*X[:199].tolist(), [1, 2]]}, "ragged"),
            ({"X": lambda X: X.reshape(200, 2, 2, 4, 4)}, "5 dimensions"),
            ({"y": lambda y: None}, "requires y to be passed"),
            ({"y": lambda y: y / 7}, "Unknown label type"),
            ({"y": lambda y: np.eye(10)[y]}, r"one label per image.*argmax"),
            ({"y": lambda y: np.where(y == 3, np.nan, y)}, "y contains NaN"),
            ({"y": lambda y: [*y.astype(str)[:199], None]}, r"y\[199\] is None"),
            ({"sample_weight": lambda y: np.where(y == y[5], -1.0, 1.0)}, "negative weights"),
            ({"sample_weight": lambda y: np.zeros(200)}, "zero"),
            ({"sample_weight": lambda y: np.full(200, np.nan)}, "NaN"),
            ({"sample_weight": lambda y: np.ones(3)}, "sample_weight"),
        ],
    )
    def test_data(self, few, change, message):
        X, y = few
        clf = quick().fit(X, y)
        before, state = weights(clf), dict(vars(clf))
        arguments = {
            "X": change.get("X", lambda X: X)(X),
            "y": change.get("y", lambda y: y)(y),
        }
        if "sample_weight" in change:
            arguments["sample_weight"] = change["sample_weight"](y)
        with pytest.raises(ValueError, match=message):
            clf.fit(**arguments)
        assert vars(clf) == state
        for a, b in zip(before, weights(clf), strict=True):
            np.testing.assert_array_equal(a, b)
        assert clf.predict(X).shape == (200,)

    def test_sparse(self, few):
        from scipy.sparse import csr_array

        with pytest.raises(TypeError, match=r"[Ss]parse"):
            quick().fit(csr_array(few[0]), few[1])

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"architecture": "resnet"}, "'compact'.*'resnet'|'resnet'"),
            ({"epochs": 0}, "epochs.*0"),
            ({"epochs": -3}, "epochs.*-3"),
            ({"epochs": 1.5}, "epochs.*1.5"),
            ({"batch_size": 0}, "batch_size"),
            ({"learning_rate": 0}, "learning_rate"),
            ({"schedule": "cosine"}, "schedule.*one_cycle"),
            ({"optimizer": "adamm"}, "optimizer='adamm'; expected the name"),
            ({"optimizer": 3}, "optimizer=3; expected the name"),
            ({"loss": "entropy"}, "loss='entropy'; expected the name"),
            ({"loss": "sparse_categorical_crossentropy"}, "one-hot.*'categorical_crossentropy'"),
            ({"label_smoothing": 1}, "label_smoothing"),
            ({"dropout": 1}, "dropout"),
            ({"augment": True}, "augment"),
            ({"augment": Augment(zoom=-1)}, "'zoom' parameter of Augment.*-1"),
            ({"image_shape": (7, 7)}, r"64 features.*image_shape=\(7, 7\)"),
            ({"validation_fraction": 1.0}, "validation_fraction"),
            ({"n_iter_no_change": 0}, "n_iter_no_change"),
            ({"class_weight": "even"}, "class_weight"),
            ({"class_weight": {11: 2}}, r"labels \[11\], which are not in y"),
            ({"class_weight": {1: -2}}, "none negative"),
            ({"callbacks": [print]}, "keras.callbacks.Callback"),
            ({"callbacks": print}, "callbacks"),
            ({"dtype_policy": "half"}, "dtype_policy"),
            ({"random_state": -1}, "random_state"),
        ],
    )
    def test_parameters(self, few, params, message):
        with pytest.raises((ValueError, TypeError), match=message):
            quick(**params).fit(*few)

    def test_unknown_architecture_lists_the_known(self, few):
        with pytest.raises(ValueError, match="architecture") as error:
            quick(architecture="resnet").fit(*few)
        for name in ("accurate", "compact", "medium", "deep", "lenet5", "simple", "resnet"):
            assert repr(name) in str(error.value)

    def test_bad_callable_leaves_the_fitted_network(self, few):
        X, y = few
        clf = quick().fit(X, y)
        with pytest.raises(TypeError, match=r"returned 3; expected a keras.Model"):
            clf.set_params(architecture=lambda image_shape, n_classes: 3).fit(X, y)
        assert clf.predict(X).shape == (200,)

    @pytest.mark.parametrize("X", [np.zeros((2, 49)), np.zeros((2, 7, 7)), np.zeros((2, 8, 8, 3))])
    def test_other_shape_at_predict(self, fitted, X):
        with pytest.raises(ValueError, match="CNNDigitClassifier is expecting"):
            fitted.predict(X)

    def test_not_fitted(self, few):
        with pytest.raises(NotFittedError):
            CNNDigitClassifier().predict(few[0])

    def test_batch_larger_than_the_data_is_fine(self, few):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            quick(batch_size=10_000).fit(*few)


class TestValidation:
    def test_measured_after_each_epoch(self, few):
        clf = quick(validation_fraction=0.3, epochs=2).fit(*few)
        assert set(clf.history_) == {
            "loss",
            "accuracy",
            "val_loss",
            "val_accuracy",
            "learning_rate",
        }

    @pytest.mark.parametrize(
        ("y", "fraction", "message"),
        [
            ([0] * 50 + [1], 0.5, r"leaves a class out: labels with a single image: .*1.* \(1\)"),
            ([0, 1, 2] * 10, 0.05, "2 of 30 images for 3 classes"),
            ([0] * 95 + [1] * 2, 0.1, "no validation image of"),
        ],
    )
    def test_fraction_that_leaves_a_class_out(self, y, fraction, message):
        X = np.random.default_rng(0).normal(size=(len(y), 16))
        with pytest.raises(ValueError, match=message):
            quick(validation_fraction=fraction).fit(X, y)

    def test_own_validation_images(self, few, digits):
        X_val, y_val = digits[1], digits[3]
        clf = quick(epochs=3).fit(*few, X_val=X_val, y_val=y_val)
        assert clf.history_["val_accuracy"][-1] == pytest.approx(clf.score(X_val, y_val), abs=1e-6)
        assert_same_weights(clf, quick(epochs=3).fit(*few))

    def test_validation_weights(self, few, digits):
        X_val, y_val = digits[1], digits[3]
        one = np.eye(len(y_val))[0]
        clf = quick().fit(*few, X_val=X_val, y_val=y_val, sample_weight_val=one)
        p = clf.predict_proba(X_val[:1])[0, y_val[0]]
        assert clf.history_["val_loss"][0] == pytest.approx(-np.log(p) / len(y_val), rel=1e-3)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"X_val": np.zeros((3, 64))}, "y_val is None"),
            ({"y_val": [1, 2]}, "X_val is None"),
            ({"sample_weight_val": [1]}, "X_val and y_val are None"),
            ({"X_val": np.zeros((1, 49)), "y_val": [1]}, "Validation data.*49 features"),
            ({"X_val": np.zeros((1, 64)), "y_val": [77]}, r"Validation data.*\[77\]"),
            ({"X_val": np.zeros((2, 64)), "y_val": [1]}, "Validation data.*inconsistent"),
        ],
    )
    def test_bad_validation_data(self, few, arguments, message):
        with pytest.raises(ValueError, match=message):
            quick().fit(*few, **arguments)

    def test_early_stopping_restores_the_best_weights(self, few, digits):
        X, y = few
        X_val, y_val = digits[1], np.random.default_rng(0).permutation(digits[3])
        clf = CNNDigitClassifier(
            epochs=50, early_stopping=True, n_iter_no_change=2, random_state=0
        ).fit(X, y, X_val=X_val, y_val=y_val)  # labels at random: soon it gets worse
        losses = clf.history_["val_loss"]
        assert clf.n_iter_ == len(losses) < 50
        assert np.argmin(losses) == len(losses) - 3
        proba = clf.predict_proba(X_val)[np.arange(len(y_val)), y_val]
        assert -np.log(proba).mean() == pytest.approx(min(losses), rel=1e-3)

    def test_early_stopping_sets_a_tenth_aside(self, few):
        clf = quick(early_stopping=True).fit(*few)
        assert "val_loss" in clf.history_


class TestSkippedSteps:
    """Validation images that did not pass the steps before the classifier."""

    @pytest.mark.parametrize(
        "step", [Normalize(), StandardScaler(), FunctionTransformer(lambda X: 16 - X)]
    )
    def test_pixels_that_show_it(self, few, digits, step):
        pipe = make_pipeline(step, quick())
        val = {"cnndigitclassifier__X_val": digits[1], "cnndigitclassifier__y_val": digits[3]}
        with pytest.warns(UserWarning, match="Pixels in X_val .*transform_input=.'X_val'") as seen:
            pipe.fit(*few, **val)
        assert len(seen) == 1

    @pytest.mark.filterwarnings("error")
    def test_pixels_that_do_not(self, few, digits):
        X_val, y_val = digits[1], digits[3]
        clf = quick(warm_start=True).fit(*few)
        for images in (X_val, np.zeros_like(X_val), X_val // 3, X_val.astype(float)):
            clf.fit(*few, X_val=images, y_val=y_val)
        clf.fit(*few, X_val=X_val[:1], y_val=y_val[:1])

    @pytest.mark.parametrize("X_val", [np.zeros((3, 9, 9)), [np.zeros((9, 9)), np.zeros((5, 5))]])
    def test_shape(self, few, X_val):
        message = r"Validation data \(X_val\): X .* Steps of a pipeline .*transform_input="
        with pytest.raises(ValueError, match=message):
            quick().fit(*few, X_val=X_val, y_val=[0] * len(X_val))


class TestWeights:
    def test_zero_weight_is_absence(self, few):
        X, y = few
        kept = np.arange(200) % 3 > 0
        assert_same_weights(
            quick(batch_size=32).fit(np.where(kept[:, None], X, 9), y, sample_weight=kept),
            quick(batch_size=32).fit(X, y, sample_weight=kept),
        )

    def test_weights_change_what_is_learnt(self, few):
        X, y = few
        y = np.where(y < 5, "low", "high")
        heavy = quick(epochs=5).fit(X, y, sample_weight=np.where(y == "low", 100, 0.01))
        assert (heavy.predict(X) == "low").mean() > 0.9

    def test_class_weight_is_sample_weight(self, few):
        X, y = few
        by_class = quick(class_weight={3: 7.0, 5: 0.5}).fit(X, y)
        by_sample = quick().fit(X, y, sample_weight=np.select([y == 3, y == 5], [7.0, 0.5], 1.0))
        assert_same_weights(by_class, by_sample)

    def test_balanced(self, few):
        X, y = few
        y = np.where(y == 3, "three", "other")
        n = np.array([(y == "other").sum(), (y == "three").sum()])
        expected = dict(zip(["other", "three"], 200 / (2 * n), strict=True))
        assert_same_weights(
            quick(class_weight="balanced").fit(X, y), quick(class_weight=expected).fit(X, y)
        )


class TestRandomness:
    def test_same_seed_same_weights(self, few):
        assert_same_weights(
            quick(architecture="simple").fit(*few), quick(architecture="simple").fit(*few)
        )

    def test_other_seed_other_weights(self, few):
        assert (weights(quick().fit(*few))[0] != weights(quick(random_state=1).fit(*few))[0]).any()

    def test_global_state_is_left_alone(self, few):
        generator = keras.src.random.seed_generator.global_seed_generator()
        look = [
            random.getstate,
            lambda: np.random.get_state()[1].tolist(),  # noqa: NPY002
            lambda: generator.state.numpy().tolist(),
            keras.config.dtype_policy,
            keras.config.floatx,
            lambda: dict(os.environ),
        ]
        before = [state() for state in look]
        quick(dtype_policy="mixed_bfloat16", augment=Augment(elastic=0.02)).fit(*few)
        assert [state() for state in look] == before

    def test_global_state_is_left_alone_by_an_error(self, few):
        state, policy = random.getstate(), keras.config.dtype_policy()

        def fails(image_shape, n_classes):
            keras.layers.Dense(3).build((None, 2))
            assert keras.config.dtype_policy().name == "mixed_bfloat16"
            raise RuntimeError("on purpose")

        with pytest.raises(RuntimeError, match="on purpose"):
            quick(architecture=fails, dtype_policy="mixed_bfloat16").fit(*few)
        assert random.getstate() == state
        assert keras.config.dtype_policy() is policy

    def test_generators_of_tensorflow_are_left_alone(self, few):
        tf.random.set_seed(1)
        expected = [float(tf.random.uniform(())) for _ in range(2)]
        state = tf.random.get_global_generator().state.numpy().tolist()
        tf.random.set_seed(1)
        first = float(tf.random.uniform(()))
        quick(augment=Augment(elastic=0.02), validation_fraction=0.2).fit(*few).predict(few[0])
        assert [first, float(tf.random.uniform(()))] == expected
        assert tf.random.get_global_generator().state.numpy().tolist() == state

    @pytest.mark.parametrize(
        "architecture", ["compact", "medium", "accurate", "lenet5", "simple", "deep"]
    )
    def test_data_format_of_keras_does_not_matter(self, few, architecture, tmp_path):
        X, y = few[0][:40], few[1][:40]

        def fit():
            return quick(architecture=architecture, epochs=1, augment=Augment()).fit(X, y)

        expected = fit()
        keras.config.set_image_data_format("channels_first")
        try:
            clf = fit()
            clf.save(tmp_path / "clf")
            loaded = CNNDigitClassifier.load(tmp_path / "clf")
            copies = [clf, loaded, pickle.loads(pickle.dumps(expected))]
            probas = [copy.predict_proba(X) for copy in copies]
        finally:
            keras.config.set_image_data_format("channels_last")
        assert_same_weights(clf, expected)
        assert_same_weights(loaded, expected)
        for proba in probas:
            np.testing.assert_array_equal(proba, expected.predict_proba(X))

    @pytest.mark.parametrize("floatx", ["float16", "float64"])
    def test_keras_default_dtype_does_not_matter(self, few, floatx, tmp_path):
        expected = quick(epochs=2, validation_fraction=0.2).fit(*few)
        expected.save(tmp_path / "clf")
        keras.config.set_floatx(floatx)
        try:
            clf = clone(expected).fit(*few)
            assert keras.config.floatx() == floatx
            others = clf, pickle.loads(pickle.dumps(clf)), clf.load(tmp_path / "clf")
        finally:
            keras.config.set_floatx("float32")
        for other in others:
            assert_same_weights(other, expected)
            assert other.history_ == expected.history_
            assert other.model_.input.dtype == "float32"

    def test_keras_default_dtype_is_that_of_the_user_again(self, few):
        class Waits(keras.callbacks.Callback):
            def on_train_begin(self, logs=None):
                assert keras.config.floatx() == "float32"
                gate.wait()

        # Two fits that overlap.
        gate = threading.Barrier(2)
        fits = [quick(callbacks=[Waits()]) for _ in range(2)]
        keras.config.set_floatx("float64")
        try:
            threads = [threading.Thread(target=clf.fit, args=few) for clf in fits]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert keras.config.floatx() == "float64"
        finally:
            keras.config.set_floatx("float32")
        assert [clf.n_iter_ for clf in fits] == [1, 1]

    def test_random_state_instance_draws_one_integer(self, few):
        state = np.random.RandomState(5)
        quick(random_state=state).fit(*few)
        expected = np.random.RandomState(5)
        expected.randint(np.iinfo(np.int32).max)
        assert state.randint(10**9) == expected.randint(10**9)

    def test_none_follows_numpys_global_seed(self, few):
        fits = []
        for _ in range(2):
            np.random.seed(7)  # noqa: NPY002
            fits.append(quick(random_state=None).fit(*few))
        assert_same_weights(*fits)


class TestGoingOn:
    def test_partial_fit(self, digits):
        X_train, X_test, y_train, y_test = digits
        clf = CNNDigitClassifier(random_state=0)
        for _ in range(3):
            for rows in np.array_split(np.arange(len(X_train)), 4):
                clf.partial_fit(X_train[rows], y_train[rows], classes=np.arange(10))
        assert clf.n_iter_ == len(clf.history_["loss"]) == 12
        assert len(set(np.round(clf.history_["learning_rate"], 9))) == 1
        assert clf.score(X_test, y_test) > 0.95

    def test_partial_fit_needs_classes_once(self, few):
        X, y = few
        with pytest.raises(ValueError, match="classes must be passed on the first call"):
            CNNDigitClassifier().partial_fit(X, y)
        clf = quick().partial_fit(X[y < 3], y[y < 3], classes=np.arange(5))
        clf.partial_fit(X[y < 5], y[y < 5])
        assert clf.predict_proba(X).shape == (200, 5)
        before = weights(clf)
        with pytest.raises(ValueError, match=r"labels \[5, 6, 7, 8, 9\], which are not in classes"):
            clf.partial_fit(X, y)
        with pytest.raises(ValueError, match="not the same as on the last call"):
            clf.partial_fit(X[y < 5], y[y < 5], classes=np.arange(6))
        with pytest.raises(ValueError, match="49 features"):
            clf.partial_fit(X[y < 5, :49], y[y < 5])
        for a, b in zip(before, weights(clf), strict=True):
            np.testing.assert_array_equal(a, b)

    def test_partial_fit_refuses_balanced(self, few):
        with pytest.raises(ValueError, match="not supported for partial_fit"):
            quick(class_weight="balanced").partial_fit(*few, classes=np.arange(10))

    def test_partial_fit_after_fit(self, few):
        clf = quick(epochs=2).fit(*few)
        before = weights(clf)
        clf.partial_fit(*few)
        assert clf.n_iter_ == 3
        assert clf.history_["learning_rate"][-1] > 0
        assert (before[0] != weights(clf)[0]).any()

    def test_warm_start_goes_on(self, few):
        clf = quick(warm_start=True, epochs=2).fit(*few)
        model = clf.model_
        clf.fit(*few)
        assert clf.model_ is model
        assert clf.n_iter_ == len(clf.history_["loss"]) == 4
        assert clf.history_["loss"][3] < clf.history_["loss"][0]

    def test_warm_start_refuses_other_classes(self, few):
        X, y = few
        clf = quick(warm_start=True).fit(X[y < 5], y[y < 5])
        with pytest.raises(ValueError, match="which are not in classes"):
            clf.fit(X, y)

    def test_fit_begins_anew(self, few):
        X, y = few
        clf = quick().fit(X, y)
        clf.fit(X[y < 3, :49], y[y < 3])
        assert (clf.n_iter_, len(clf.classes_), clf.n_features_in_) == (1, 3, 49)
        assert_same_weights(clf, quick().fit(X[y < 3, :49], y[y < 3]))

    @pytest.mark.parametrize("augment", [None, Augment(rotation=5)])
    def test_pickle_goes_on_where_it_was(self, few, augment):
        clf = quick(augment=augment, warm_start=True).partial_fit(*few, classes=np.arange(10))
        copy = pickle.loads(pickle.dumps(clf))
        assert_same_weights(clf.partial_fit(*few), copy.partial_fit(*few))
        assert_same_weights(clf.fit(*few), copy.fit(*few))

    def test_what_follows_is_not_traced_again(self, few):
        clf = quick(augment=Augment()).partial_fit(*few, classes=np.arange(10))
        twin = clf._twin
        clf.partial_fit(*few)
        assert clf._twin is twin
        clf.set_params(augment=Augment(rotation=3)).partial_fit(*few)
        assert clf._twin is not twin
        clf.set_params(augment=None).partial_fit(*few)
        twin = clf._twin
        clf.partial_fit(*few)
        assert clf._twin is twin

    def test_a_small_piece_is_learnt_in_float32(self, few, monkeypatch):
        X, y = few
        monkeypatch.setattr(auto, "bfloat16_pays", lambda: True)
        monkeypatch.setattr(auto, "MIN_BFLOAT16_IMAGES", 200)
        clf = quick().partial_fit(X, y, classes=np.arange(10))
        large = clf._twin
        small = clf.partial_fit(X[:100], y[:100])._twin
        assert small is not large
        assert clf.partial_fit(X[:100], y[:100])._twin is small

    def test_nothing_stands_between_a_plain_network_and_its_training(self, few):
        clf = quick(architecture="lenet5", augment=None).fit(*few)
        assert clf._twin.model is clf.model_

    def test_an_error_changes_nothing(self, few):
        class Fail(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                raise RuntimeError("on purpose")

        clf = quick(warm_start=True, dropout=0.3).fit(*few)
        copy = pickle.loads(pickle.dumps(clf))
        with pytest.raises(RuntimeError, match="on purpose"):
            clf.set_params(callbacks=[Fail()]).fit(*few)
        assert (clf.n_iter_, len(clf.history_["loss"])) == (1, 1)
        assert_same_weights(clf, copy)
        # Optimizer and dropout have forgotten the steps as well.
        assert_same_weights(clf.set_params(callbacks=None).fit(*few), copy.fit(*few))


class Interrupt(keras.callbacks.Callback):
    """Ctrl-C in the second epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


class TestInterrupt:
    def test_what_was_learnt_is_kept_with_warm_start(self, few):
        state, policy = random.getstate(), keras.config.dtype_policy()
        clf = quick(warm_start=True, epochs=3, callbacks=[Interrupt()])
        with pytest.raises(KeyboardInterrupt):
            clf.fit(*few)
        assert clf.n_iter_ == 1
        assert clf.predict(few[0]).shape == (200,)
        clf.set_params(callbacks=None).fit(*few)
        assert clf.n_iter_ == 4
        assert (random.getstate(), keras.config.dtype_policy()) == (state, policy)

    def test_an_earlier_network_is_kept_without(self, few):
        clf = quick().fit(*few)
        state, before = dict(vars(clf)), weights(clf)
        clf.set_params(epochs=3, callbacks=[Interrupt()])
        with pytest.raises(KeyboardInterrupt):
            clf.fit(*few)
        for name in ("model_", "history_", "n_iter_", "classes_"):
            assert getattr(clf, name) is state[name]
        np.testing.assert_array_equal(before[0], weights(clf)[0])

    def test_partial_fit(self, few):
        class AtOnce(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                raise KeyboardInterrupt

        clf = quick().partial_fit(*few, classes=np.arange(10))
        before = weights(clf)
        with pytest.raises(KeyboardInterrupt):
            clf.set_params(callbacks=[AtOnce()]).partial_fit(*few)
        assert (before[0] != weights(clf)[0]).any()
        assert clf.set_params(callbacks=None).partial_fit(*few).n_iter_ == 2


class TestCallbacks:
    def test_the_very_objects_are_used_and_detached(self, few):
        callback = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: seen.append(logs)
        )
        seen = []
        clf = quick(callbacks=[callback], epochs=2).fit(*few)
        assert len(seen) == 2
        assert {"loss", "accuracy", "learning_rate"} <= set(seen[0])
        assert clf.callbacks[0] is callback
        assert callback.model is None
        clone(clf)

    def test_pickle_with_a_callback(self, few):
        clf = quick(callbacks=[keras.callbacks.TerminateOnNaN()]).fit(*few)
        assert isinstance(
            pickle.loads(pickle.dumps(clf)).callbacks[0], keras.callbacks.TerminateOnNaN
        )

    def test_a_callback_can_stop(self, few):
        class Stop(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                self.model.stop_training = True

        assert quick(callbacks=[Stop()], epochs=5).fit(*few).n_iter_ == 1


class TestSmoothing:
    """Label smoothing by default, and what makes up for it."""

    @pytest.mark.parametrize("augment", [None, Augment()])
    def test_validation_loss_is_that_of_the_probabilities(self, digits, augment):
        X_train, X_test, y_train, y_test = digits
        clf = quick(epochs=2, augment=augment).fit(X_train, y_train, X_val=X_test, y_val=y_test)
        loss = log_loss(y_test, clf.predict_proba(X_test))
        assert clf.history_["val_loss"][-1] == pytest.approx(loss, rel=1e-3)

    def test_probabilities_are_not_cautious(self, digits):
        X_train, X_test, y_train, y_test = digits
        clf = quick(epochs=5).fit(X_train, y_train)
        proba = clf.predict_proba(X_test)
        assert np.median(proba.max(axis=1)) > 0.99
        # Sure of targets of 0.91 at most, as training wants it, it would be off by 0.09.
        confidence, accuracy = proba.max(axis=1).mean(), clf.score(X_test, y_test)
        assert confidence == pytest.approx(accuracy, abs=0.03)

    def test_smoothing_asked_for_is_left_as_it_is(self, digits):
        X_train, X_test, y_train, _ = digits
        clf = quick(epochs=5, label_smoothing=0.1).fit(X_train, y_train)
        assert 0.85 < np.median(clf.predict_proba(X_test).max(axis=1)) < 0.97


class TestBetas:
    def betas(self, few, **params):
        optimizer = quick(**params).fit(*few).model_.optimizer
        return optimizer.beta_1, optimizer.beta_2

    def test_by_name_they_suit_the_architecture(self, few):
        assert self.betas(few) == self.betas(few, optimizer="AdamW") == (0.5, 0.9)
        assert self.betas(few, architecture="lenet5") == (0.9, 0.999)

    def test_an_object_keeps_its_own(self, few):
        assert self.betas(few, optimizer=keras.optimizers.Adam(beta_1=0.8)) == (0.8, 0.999)


class TestTrainingOptions:
    @pytest.mark.parametrize(
        ("architecture", "epochs"),
        [("medium", 5), ("accurate", 4), ("lenet5", 10), ("simple", 10), ("deep", 10)],
    )
    def test_architectures_learn(self, digits, architecture, epochs):
        X_train, X_test, y_train, y_test = digits
        clf = CNNDigitClassifier(architecture, epochs=epochs, random_state=0).fit(X_train, y_train)
        assert clf.score(X_test, y_test) > 0.95

    def test_callable_architecture(self, few):
        def dense(image_shape, n_classes):
            return keras.Sequential(
                [
                    keras.Input(image_shape),
                    keras.layers.Flatten(),
                    keras.layers.Dense(n_classes, "softmax"),
                ]
            )

        clf = quick(architecture=dense, epochs=20, learning_rate=0.02).fit(*few)
        assert clf.score(*few) > 0.9
        assert_same_weights(clf, clone(clf).fit(*few))

    @pytest.mark.parametrize("activation", [None, "sigmoid"])
    def test_callable_architecture_without_probabilities(self, few, activation):
        def no_softmax(image_shape, n_classes):
            return keras.Sequential(
                [
                    keras.Input(image_shape),
                    keras.layers.Flatten(),
                    keras.layers.Dense(n_classes, activation),
                ]
            )

        with pytest.raises(ValueError, match=r"no_softmax returned .* End it with a softmax"):
            quick(architecture=no_softmax).fit(*few)

    @pytest.mark.parametrize("optimizer", ["rmsprop", "sgd", "adamw", "adagrad"])
    def test_optimizers(self, few, optimizer):
        clf = quick(optimizer=optimizer, epochs=8).fit(*few)
        assert type(clf.model_.optimizer).__name__.lower() == optimizer
        assert clf.history_["loss"][-1] < clf.history_["loss"][0]

    def test_optimizer_instance_is_copied(self, few):
        own = keras.optimizers.SGD(0.05, momentum=0.9)
        clf = quick(optimizer=own, epochs=3).fit(*few)
        assert clf.model_.optimizer is not own
        assert clf.model_.optimizer.momentum == 0.9
        assert not own.built
        assert_same_weights(clf, clone(clf).fit(*few))

    def test_loss_scale_optimizer(self, few):
        own = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01))
        clf = quick(optimizer=own, epochs=8).fit(*few)
        assert clf.score(*few) > 0.5

    def test_optimizer_with_its_own_schedule(self, few):
        decay = keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.5)
        clf = quick(optimizer=keras.optimizers.Adam(decay), epochs=3).fit(*few)
        rates = clf.history_["learning_rate"]
        assert rates[0] > rates[1] > rates[2]

    def test_one_cycle(self, few):
        rates = quick(epochs=8, learning_rate=0.01).fit(*few).history_["learning_rate"]
        assert np.argmax(rates) == 1
        assert rates[1] == pytest.approx(0.01, rel=0.05)
        assert rates[-1] < 1e-5

    def test_constant(self, few):
        clf = quick(epochs=3, schedule="constant", learning_rate=0.002).fit(*few)
        np.testing.assert_allclose(clf.history_["learning_rate"], 0.002, rtol=1e-5)

    def test_reduce_on_plateau(self, few, digits):
        y_val = np.random.default_rng(0).permutation(digits[3])
        clf = quick(epochs=8, schedule="reduce_on_plateau", n_iter_no_change=2).fit(
            *few, X_val=digits[1], y_val=y_val
        )
        rates = clf.history_["learning_rate"]
        assert min(rates) <= rates[0] / 2

    def test_label_smoothing(self, few):
        sharp, smooth = (
            quick(label_smoothing=s, epochs=15).fit(*few).predict_proba(few[0]).max(axis=1).mean()
            for s in (0, 0.3)
        )
        assert smooth < sharp - 0.1

    @pytest.mark.parametrize("loss", ["kl_divergence", keras.losses.CategoricalFocalCrossentropy()])
    def test_loss(self, few, loss):
        clf = quick(loss=loss, epochs=10).fit(*few)
        assert clf.score(*few) > 0.9
        np.testing.assert_array_equal(
            pickle.loads(pickle.dumps(clf)).predict_proba(few[0]), clf.predict_proba(few[0])
        )

    @pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
    def test_dtype_policy(self, few, policy):
        clf = quick(dtype_policy=policy, epochs=15).fit(*few)
        assert clf.score(*few) > 0.9
        assert clf.model_.get_layer("conv1").compute_dtype == policy.removeprefix("mixed_")
        np.testing.assert_allclose(clf.predict_proba(few[0]).sum(axis=1), 1, atol=1e-5)

    @pytest.mark.parametrize("verbose", [1, 2])
    def test_verbose(self, few, capsys, verbose):
        quick(verbose=verbose, epochs=2).fit(*few)
        assert "Epoch 2/2" in capsys.readouterr().out
        quick().fit(*few)
        assert capsys.readouterr().out == ""


class TestModel:
    def test_plain_keras_model_of_raw_images(self, fitted, digits, tmp_path):
        X = digits[1].reshape(-1, 8, 8, 1)
        expected = fitted.predict_proba(X)
        for images in (X, X.astype(np.float32)):
            np.testing.assert_allclose(
                fitted.model_.predict(images, verbose=0), expected, atol=1e-5
            )
        for layer in fitted.model_.layers:
            assert type(layer).__module__.startswith("keras.")

    def test_no_augmentation_in_it(self, few):
        X = np.repeat(np.repeat(few[0].reshape(-1, 8, 8), 2, axis=1), 2, axis=2)
        clf = quick(augment=Augment()).fit(X, few[1])
        assert "augment" not in [layer.name for layer in clf.model_.layers]

    def test_saved_it_opens_without_this_package(self, fitted, digits, tmp_path):
        import subprocess
        import sys

        path = tmp_path / "model.keras"
        fitted.model_.save(path)
        X = digits[1][:20].reshape(-1, 8, 8, 1)
        np.save(tmp_path / "X.npy", X)
        code = (
            "import sys, keras, numpy as np\n"
            f"model = keras.saving.load_model({str(path)!r})\n"
            f"p = model.predict(np.load({str(tmp_path / 'X.npy')!r}), verbose=0)\n"
            f"np.save({str(tmp_path / 'p.npy')!r}, p)\n"
            "assert 'cnn_digits' not in sys.modules and 'scikeras' not in sys.modules\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        np.testing.assert_allclose(np.load(tmp_path / "p.npy"), fitted.predict_proba(X), atol=1e-6)


class TestAugmentation:
    def test_fresh_draws_in_training_and_originals_elsewhere(self, few):
        X, y = few
        X_aug = Augment(rotation=90, random_state=0).fit_transform(X)
        clf = quick(epochs=3, validation_fraction=0.2)
        by_step = clone(clf).fit(X_aug, y)
        by_parameter = clone(clf).set_params(augment=Augment(rotation=90)).fit(X, y)
        assert_same_weights(by_step, by_parameter)
        assert by_step.history_ == by_parameter.history_
        assert (weights(by_step)[0] != weights(clone(clf).fit(X, y))[0]).any()
        np.testing.assert_array_equal(by_step.predict_proba(X_aug), by_step.predict_proba(X))
        assert by_step.score(X_aug[:50], y[:50]) == by_step.score(X[:50], y[:50])

    def test_slices_train_on_their_rows(self, few):
        X, y = few
        rows = np.arange(0, 200, 2)
        augment = Augment(random_state=0)
        assert_same_weights(
            quick().fit(augment.fit_transform(X)[rows], y[rows]),
            quick(augment=augment).fit(X[rows], y[rows]),
        )

    def test_none_turns_a_step_off(self, few):
        X, y = few
        X_aug = Augment().fit_transform(X)
        assert_same_weights(quick(augment=None).fit(X_aug, y), quick(augment=None).fit(X, y))

    def test_data_frame_keeps_its_names(self, few):
        frame = pd.DataFrame(few[0]).add_prefix("pixel")
        pipe = make_pipeline(Augment(), quick()).fit(frame, few[1])
        assert list(pipe[-1].feature_names_in_) == list(frame.columns)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pipe.predict(frame)

    def test_it_helps_where_digits_move(self, mnist):
        X_train, X_test, y_train, y_test = mnist
        moved = np.roll(X_test[:1000].reshape(-1, 28, 28), 3, axis=2)
        scores = [
            CNNDigitClassifier(epochs=4, augment=augment, random_state=0)
            .fit(X_train[:1500], y_train[:1500])
            .score(moved, y_test[:1000])
            for augment in (None, Augment(shift=0.15))
        ]
        assert scores[1] > scores[0] + 0.05


class TestThreads:
    def test_predict_from_several_threads_at_once(self, digits):
        clf = quick().fit(digits[0][:200], digits[2][:200])
        X = digits[1]
        expected = clf.predict_proba(X)
        clf = pickle.loads(pickle.dumps(clf))  # nothing compiled yet
        results = {}

        def work(n):
            results[n] = [clf.predict_proba(X[: n + 1]) for _ in range(5)]

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for n in range(8):
            for proba in results[n]:
                np.testing.assert_allclose(proba, expected[: n + 1], atol=1e-6)


@pytest.mark.slow
def test_mnist_in_one_epoch(mnist):
    X_train, X_test, y_train, y_test = mnist
    clf = CNNDigitClassifier(epochs=1, random_state=0).fit(X_train, y_train)
    assert clf.score(X_test, y_test) > 0.99


def test_pipeline_of_the_design(mnist):
    X_train, X_test, y_train, y_test = mnist
    pipe = make_pipeline(
        Normalize(),
        Reshape(),
        Augment(rotation=10, zoom=0.1, shift=0.1),
        CNNDigitClassifier(epochs=4, random_state=0),
    )
    pipe.fit(X_train[:2500], y_train[:2500])
    assert pipe.score(X_test[:2000], y_test[:2000]) > 0.95
