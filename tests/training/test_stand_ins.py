import keras
import numpy as np
import pytest

from cnn_digits import Augment, CNNDigitClassifier, auto
from cnn_digits.training.stand_ins import FusedNormalization, TrainingTwin


class TestInBfloat16:
    @pytest.mark.parametrize("architecture", ["compact", "deep"])
    def test_trains_as_a_network_in_bfloat16_and_keeps_one_in_float32(
        self, digits, monkeypatch, architecture
    ):
        monkeypatch.setattr(auto, "bfloat16_pays", lambda: True)
        monkeypatch.setattr(auto, "MIN_BFLOAT16_IMAGES", 500)
        X_train, X_test, y_train, _ = digits
        ours, mixed, exact = (
            CNNDigitClassifier(architecture, epochs=1, dtype_policy=policy, random_state=0).fit(
                Augment(rotation=5).fit_transform(X_train[:500]), y_train[:500]
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
            called = FusedNormalization(layer, policy) if is_fused else layer
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
        settings = auto.resolve(clf.get_params(), len(X_train), (8, 8, 1))
        twin = TrainingTwin(clf.model_, settings, np.zeros(1, np.float32))
        kinds = [type(layer).__name__ for layer in twin.model.layers]
        assert "FusedNormalization" in kinds
        assert "BatchNormalization" not in kinds
        for number in (1, 2, 3):
            layer = clf.model_.get_layer(f"norm{number}")
            for values in (layer.beta, layer.moving_mean):
                assert np.abs(values).max() > 0.01


class TestTrainingTwin:
    @pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
    def test_keras_default_policy_does_not_matter(self, digits, policy):
        def fit():
            clf = CNNDigitClassifier(epochs=1, dtype_policy=policy, random_state=0)
            return clf.fit(digits[0][:200], digits[2][:200])

        expected = fit()
        keras.config.set_dtype_policy("mixed_float16")
        try:
            clf = fit()
        finally:
            keras.config.set_dtype_policy("float32")
        assert clf._twin.model.optimizer is clf.model_.optimizer
        for a, b in zip(clf.model_.get_weights(), expected.model_.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
