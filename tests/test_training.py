import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from cnn_digits import Augment, CNNDigitClassifier
from cnn_digits.affine import inverse_transforms, sampling_points

keras = pytest.importorskip("keras")

from cnn_digits import training  # noqa: E402


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    ).stdout.strip()


class TestScikeras:
    def test_keras_is_left_as_it_was(self):
        code = (
            "import keras\n"
            "classes = [keras.Model, keras.losses.Loss, keras.metrics.Metric,"
            " keras.optimizers.Optimizer]\n"
            "look = lambda: [(vars(c).get('__reduce__'), vars(c).get('__deepcopy__'),"
            " c.__reduce__) for c in classes]\n"
            "before = look()\n"
            "import cnn_digits.training, sys\n"
            "print(look() == before and 'scikeras' in sys.modules)"
        )
        assert run(code) == "True"

    def test_who_imported_scikeras_before_keeps_it(self):
        code = (
            "import keras, scikeras\n"
            "before = keras.Model.__reduce__\n"
            "import cnn_digits.training\n"
            "print(keras.Model.__reduce__ is before)"
        )
        assert run(code) == "True"

    def test_own_keras_models_pickle_without_scikeras(self):
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        assert b"scikeras" not in pickle.dumps(model)


@pytest.mark.parametrize(("threads", "expected"), [("1", "1 1"), ("", "0 0"), ("auto", "0 0")])
def test_threads_follow_joblibs_setting(threads, expected):
    code = (
        "import cnn_digits.training, tensorflow as tf; t = tf.config.threading;"
        "print(t.get_intra_op_parallelism_threads(), t.get_inter_op_parallelism_threads())"
    )
    assert run(code, OMP_NUM_THREADS=threads) == expected


def test_threads_the_user_set_stay():
    code = (
        "import tensorflow as tf; t = tf.config.threading; t.set_intra_op_parallelism_threads(3);"
        "import cnn_digits.training; print(t.get_intra_op_parallelism_threads())"
    )
    assert run(code, OMP_NUM_THREADS="1") == "3"


def test_bfloat16_probe_answers():
    assert training.bfloat16_pays() in (True, False)


@pytest.mark.parametrize(("bfloat16", "float32"), [(1.0, 1.7), (3.0, 1.0)])
def test_bfloat16_is_judged_by_the_best_of_many_times(monkeypatch, bfloat16, float32):
    """On a busy machine most take longer, now in one precision, now in the other."""

    def clock():
        now = 0.0
        for i in range(100):
            delay = 0 if i % 12 == 7 else 5 * (i % 3)
            for duration in (bfloat16, float32):
                yield now
                now += duration + delay
                yield now
                delay = 5 - delay / 2 if delay else 0

    monkeypatch.setattr(training.time, "perf_counter", clock().__next__)
    assert training.bfloat16_pays.__wrapped__() == (bfloat16 < float32)


class TestBatches:
    images = np.arange(103 * 4, dtype=np.float32).reshape(103, 4)
    classes = np.arange(103) % 3

    def batches(self, rows=None, weights=None, **kwargs):
        rows = np.arange(103) if rows is None else rows
        data = training.Rows(self.images, self.classes, weights, rows)
        dataset = training._batches(data, (2, 2, 1), 3, 25, **kwargs)
        return [tuple(np.asarray(part) for part in batch) for batch in dataset]

    def test_even_batches_in_order(self):
        batches = self.batches()
        assert [len(x) for x, _ in batches] == [20, 21, 20, 21, 21]
        np.testing.assert_array_equal(
            np.concatenate([x for x, _ in batches]).reshape(103, 4), self.images
        )
        np.testing.assert_array_equal(
            np.concatenate([y for _, y in batches]).argmax(axis=1), self.classes
        )

    def test_each_epoch_sees_each_row_once_in_another_order(self):
        batches = self.batches(epochs=3, seed=5)
        assert len(batches) == 15
        orders = [
            np.concatenate([x[:, 0, 0, 0] for x, _ in batches[i : i + 5]]) / 4 for i in (0, 5, 10)
        ]
        for order in orders:
            np.testing.assert_array_equal(np.sort(order), np.arange(103))
        assert (orders[0] != orders[1]).any()
        assert (orders[1] != orders[2]).any()
        again = self.batches(epochs=3, seed=5)
        np.testing.assert_array_equal(again[7][0], batches[7][0])
        assert (self.batches(epochs=3, seed=6)[7][0] != batches[7][0]).any()

    def test_rows_and_weights(self):
        rows = np.array([7, 100, 3])
        weights = np.arange(103, dtype=np.float32)
        ((x, y, w),) = self.batches(rows=rows, weights=weights)
        np.testing.assert_array_equal(x.reshape(3, 4), self.images[rows])
        np.testing.assert_array_equal(y.argmax(axis=1), self.classes[rows])
        np.testing.assert_array_equal(w, rows)

    def test_label_smoothing(self):
        targets = self.batches(label_smoothing=0.3)[0][1]
        np.testing.assert_allclose(np.unique(targets), [0.1, 0.8], rtol=1e-6)

    def test_memmap_is_read_where_it_lies(self, tmp_path):
        mapped = np.memmap(tmp_path / "X", np.float32, "w+", shape=self.images.shape)
        mapped[:] = self.images
        assert training._read_where_it_lies(np.asarray(mapped))
        assert training._read_where_it_lies(mapped.reshape(-1, 2, 2))
        assert not training._read_where_it_lies(self.images)
        in_memory = self.batches(seed=1)
        data = training.Rows(np.asarray(mapped), self.classes, None, np.arange(103))
        for a, b in zip(training._batches(data, (2, 2, 1), 3, 25, seed=1), in_memory, strict=True):
            np.testing.assert_array_equal(a[0], b[0])

    def test_no_autotune(self):
        data = training.Rows(self.images, self.classes, None, np.arange(103))
        options = training._batches(data, (2, 2, 1), 3, 25).options()
        assert options.autotune.enabled is False


class TestOneCycle:
    def test_up_and_down(self):
        rates = [training.one_cycle(progress) for progress in np.linspace(0, 1, 101)]
        assert rates[0] == pytest.approx(0.04)
        assert np.argmax(rates) == 25
        assert rates[25] == 1
        assert rates[100] == pytest.approx(0)
        assert (np.diff(rates[:26]) > 0).all()
        assert (np.diff(rates[25:]) < 0).all()


class TestInBfloat16:
    @pytest.mark.parametrize("architecture", ["compact", "deep"])
    def test_trains_as_a_network_in_bfloat16_and_keeps_one_in_float32(
        self, digits, monkeypatch, architecture
    ):
        monkeypatch.setattr(training, "bfloat16_pays", lambda: True)
        X_train, X_test, y_train, _ = digits
        rows = np.arange(10_000) % len(X_train)
        ours, mixed, exact = (
            CNNDigitClassifier(architecture, epochs=1, dtype_policy=policy, random_state=0).fit(
                Augment(rotation=5).fit_transform(X_train[rows]), y_train[rows]
            )
            for policy in ("auto", "mixed_bfloat16", "float32")
        )
        for weights, theirs in zip(
            ours.model_.get_weights(), mixed.model_.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(weights, theirs)
        assert (ours.model_.get_weights()[0] != exact.model_.get_weights()[0]).any()
        assert {layer.compute_dtype for layer in ours.model_.layers} == {"float32"}
        assert "bfloat16" in {layer.compute_dtype for layer in mixed.model_.layers}
        p_ours, p_mixed = ours.predict_proba(X_test), mixed.predict_proba(X_test)
        assert (p_ours != p_mixed).any()
        np.testing.assert_allclose(p_ours, p_mixed, atol=0.1)

    def test_a_small_piece_is_learnt_in_float32(self, digits, monkeypatch):
        monkeypatch.setattr(training, "bfloat16_pays", lambda: True)
        X, _, y, _ = digits
        rows = np.arange(10_000) % len(X)
        clf = CNNDigitClassifier(random_state=0).partial_fit(X[rows], y[rows], classes=range(10))
        large = clf._trainer
        small = clf.partial_fit(X, y)._trainer
        assert small is not large
        assert clf.partial_fit(X, y)._trainer is small


class TestFusedNormalization:
    @pytest.mark.parametrize("shape", [(64, 5, 4, 8), (64, 8)])
    @pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
    def test_does_what_keras_does(self, shape, policy):
        import tensorflow as tf

        rng = np.random.default_rng(0)
        x = tf.constant(rng.normal(3, 2, shape), tf.float32)
        wanted = tf.constant(rng.normal(size=shape), tf.float32)
        results = []
        for is_fused in (False, True):
            layer = keras.layers.BatchNormalization(momentum=0.9, scale=False, dtype=policy)
            layer.build(shape)
            layer.beta.assign(np.linspace(-1, 1, 8))
            called = training.FusedNormalization(layer, policy) if is_fused else layer
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = called(x, training=True)
                loss = tf.reduce_sum(wanted * tf.cast(y, tf.float32))
            gradients = tape.gradient(loss, [x, layer.beta.value])
            results.append([y, *gradients, layer.moving_mean.value])
        np.testing.assert_array_equal(called(x, training=False), layer(x, training=False))
        # Of the population, not of the batch: the average is for images that are not in it.
        n = np.prod(shape[:-1])
        expected = 0.9 + 0.1 * np.var(x, axis=tuple(range(len(shape) - 1))) * n / (n - 1)
        is_exact = policy == "float32"
        np.testing.assert_allclose(layer.moving_variance, expected, rtol=1e-5 if is_exact else 1e-3)
        tolerance = 1e-4 if is_exact else 0.05
        for keras_result, ours in zip(*results, strict=True):
            assert ours.dtype == keras_result.dtype
            np.testing.assert_allclose(
                tf.cast(ours, tf.float32), tf.cast(keras_result, tf.float32), atol=tolerance
            )

    def test_trains_the_variables_of_the_network(self, digits):
        X_train, _, y_train, _ = digits
        clf = CNNDigitClassifier(epochs=1, random_state=0).fit(X_train, y_train)
        kinds = [type(layer).__name__ for layer in clf._trainer.model.layers]
        assert "FusedNormalization" in kinds
        assert "BatchNormalization" not in kinds
        for number in (1, 2, 3):
            layer = clf.model_.get_layer(f"norm{number}")
            for values in (layer.beta, layer.moving_mean):
                assert np.abs(values).max() > 0.01


class TestRandomDistortion:
    def distort(self, images, **params):
        background = params.pop("background", np.zeros(images.shape[-1], np.float32))
        layer = training.RandomDistortion(Augment(**params), images.shape[1:], background)
        layer.reseed(3)
        return [np.asarray(layer(images, training=True)) for _ in range(2)]

    def test_drawn_anew_for_each_batch_and_each_image(self):
        images = np.tile(np.eye(20, dtype=np.float32)[None, :, :, None], (4, 1, 1, 1))
        first, second = self.distort(images)
        assert (first != second).any()
        assert (first[0] != first[1]).any()
        np.testing.assert_array_equal(self.distort(images)[0], first)

    def test_only_in_training(self):
        images = np.random.default_rng(0).random((2, 9, 9, 1), dtype=np.float32)
        layer = training.RandomDistortion(Augment(), (9, 9, 1), np.zeros(1, np.float32))
        np.testing.assert_array_equal(np.asarray(layer(images, training=False)), images)

    def test_seed(self):
        images = np.tile(np.eye(20, dtype=np.float32)[None, :, :, None], (4, 1, 1, 1))
        layer = training.RandomDistortion(Augment(), (20, 20, 1), np.zeros(1, np.float32))
        draws = []
        for seed in (1, 2, 1):
            layer.reseed(seed)
            draws.append(np.asarray(layer(images, training=True)))
        np.testing.assert_array_equal(draws[0], draws[2])
        assert (draws[0] != draws[1]).any()

    @pytest.mark.parametrize("elastic", [0, 0.05])
    def test_background(self, elastic):
        images = np.full((3, 12, 12, 2), 7.0, np.float32)
        images[..., 1] = 90
        background = np.array([7, 90], np.float32)
        out, _ = self.distort(
            images, rotation=90, shift=0.5, elastic=elastic, background=background
        )
        np.testing.assert_allclose(out, images, rtol=1e-5)

    def test_elastic_deforms(self):
        images = np.zeros((2, 28, 28, 1), np.float32)
        images[:, 8:20, 14] = 1
        out, _ = self.distort(images, rotation=0, zoom=0, shift=0, elastic=0.04)
        assert (out != images).any()
        assert out.sum() == pytest.approx(images.sum(), rel=0.3)

    @pytest.mark.parametrize("image_shape", [(9, 7, 2), (8, 8, 1)])
    def test_three_ways_to_sample_agree(self, image_shape):
        """Keras's affine operation, our bilinear sampling and SciPy's, which Augment uses."""
        rng = np.random.default_rng(0)
        images = rng.random((5, *image_shape), dtype=np.float32)
        augment = Augment(rotation=60, zoom=0.4, shift=0.3, shear=20)
        transforms = inverse_transforms(rng.uniform(-1, 1, (5, 8)), augment, image_shape)
        transforms = transforms.astype(np.float32)
        rows, columns = sampling_points(transforms, image_shape)
        scipy = np.empty_like(images)
        for i in range(5):
            for c in range(image_shape[2]):
                scipy[i, ..., c] = map_coordinates(
                    images[i, ..., c], [rows[i], columns[i]], order=1, mode="grid-constant"
                )
        by_keras = np.asarray(keras.ops.image.affine_transform(images, transforms))
        ours = np.asarray(training._bilinear(images, rows, columns, image_shape))
        np.testing.assert_allclose(by_keras, scipy, atol=1e-4)
        np.testing.assert_allclose(ours, scipy, atol=1e-4)


class Stop(keras.callbacks.Callback):
    """End training as a crash does."""

    def __init__(self, epoch):
        super().__init__()
        self._epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self._epoch:
            raise ZeroDivisionError


class TestCheckpoint:
    run = {"data": "digits"}

    def fit(self, digits, folder, *callbacks, run=run, **params):
        checkpoint = training.Checkpoint(folder, run)
        clf = CNNDigitClassifier(
            **{"epochs": 4, "random_state": 0, **params}, callbacks=[*callbacks, checkpoint]
        )
        return clf.fit(digits[0][:300], digits[2][:300])

    @pytest.mark.parametrize(
        "params",
        [
            {"augment": Augment(), "dropout": 0.3, "validation_fraction": 0.2},
            {"schedule": "constant", "optimizer": "sgd"},
        ],
    )
    def test_goes_on_as_if_nothing_had_happened(self, digits, tmp_path, params):
        whole = self.fit(digits, tmp_path / "whole", **params)
        with pytest.raises(ZeroDivisionError):
            self.fit(digits, tmp_path / "backup", Stop(2), **params)
        assert training.Checkpoint(tmp_path / "backup", self.run).n_epochs == 2
        resumed = self.fit(digits, tmp_path / "backup", **params)
        for a, b in zip(whole.model_.get_weights(), resumed.model_.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        assert resumed.history_ == whole.history_
        assert resumed.n_iter_ == 4

    def test_after_the_last_epoch_nothing_is_left_to_do(self, digits, tmp_path):
        whole = self.fit(digits, tmp_path / "backup")
        again = self.fit(digits, tmp_path / "backup", Stop(0))
        np.testing.assert_array_equal(whole.model_.get_weights()[0], again.model_.get_weights()[0])
        assert again.history_ == whole.history_

    def test_history_that_is_an_epoch_ahead_of_the_weights(self, digits, tmp_path):
        whole = self.fit(digits, tmp_path / "whole")
        with pytest.raises(ZeroDivisionError):
            self.fit(digits, tmp_path / "backup", Stop(2))
        state = json.loads((tmp_path / "backup" / "state.json").read_text())
        for values in state["history"].values():
            values.append(9.0)
        (tmp_path / "backup" / "state.json").write_text(json.dumps(state))
        assert self.fit(digits, tmp_path / "backup").history_ == whole.history_

    def test_weights_cut_short_by_a_kill(self, digits, tmp_path):
        with pytest.raises(ZeroDivisionError):
            self.fit(digits, tmp_path / "backup", Stop(3))
        weights = tmp_path / "backup" / "latest.weights.h5"
        weights.write_bytes(weights.read_bytes()[:1000])
        assert self.fit(digits, tmp_path / "backup").n_iter_ == 4

    def test_another_run_is_refused(self, digits, tmp_path):
        with pytest.raises(ZeroDivisionError):
            self.fit(digits, tmp_path / "backup", Stop(1))
        with pytest.raises(ValueError, match="its run had data='digits', this one has 'letters'"):
            self.fit(digits, tmp_path / "backup", run={"data": "letters"})

    def test_another_network_is_refused(self, digits, tmp_path):
        with pytest.raises(ZeroDivisionError):
            self.fit(digits, tmp_path / "backup", Stop(1))
        with pytest.raises(ValueError, match="can't be used"):
            self.fit(digits, tmp_path / "backup", architecture="simple")

    @pytest.mark.parametrize("content", ["", "{}", "[]", '{"run": {}, "random": 1, "history": {}}'])
    def test_damage_is_named(self, tmp_path, content):
        (tmp_path / "state.json").write_text(content)
        with pytest.raises(ValueError, match=r"can't be used, it is damaged: .*Remove the folder"):
            training.Checkpoint(tmp_path, self.run)

    def test_remove(self, digits, tmp_path):
        self.fit(digits, tmp_path / "backup")
        checkpoint = training.Checkpoint(tmp_path / "backup", self.run)
        checkpoint.remove()
        checkpoint.remove()
        assert not (tmp_path / "backup").exists()

    def test_keras_own_callback_goes_on_too(self, digits, tmp_path):
        def fit(*callbacks):
            return CNNDigitClassifier(
                epochs=4, random_state=0, dropout=0, augment=None, callbacks=[*callbacks]
            ).fit(digits[0][:300], digits[2][:300])

        folder = str(tmp_path / "backup")
        with pytest.raises(ZeroDivisionError):
            fit(keras.callbacks.BackupAndRestore(folder), Stop(2))
        resumed = fit(keras.callbacks.BackupAndRestore(folder))
        for a, b in zip(fit().model_.get_weights(), resumed.model_.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
