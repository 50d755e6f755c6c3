"""What "auto" becomes."""

import dataclasses

import keras
import numpy as np
import pytest

from cnn_digits import Augment, CNNDigitClassifier, auto

FLAGS = "is_padded", "has_validation", "is_partial"


def resolve(n=50_000, image_shape=(28, 28, 1), **how):
    flags = {key: how.pop(key) for key in FLAGS if key in how}
    parameters = CNNDigitClassifier(**how).get_params(deep=False)
    return auto.resolve(parameters, n, image_shape, **flags)


def test_nothing_is_left_open():
    for how in ({}, {"early_stopping": True, "dropout": 0.5}, {"architecture": "simple"}):
        settings = dataclasses.asdict(resolve(**how))
        assert {value for value in settings.values() if isinstance(value, str)} <= {
            "one_cycle",
            "reduce_on_plateau",
            "float32",
        }
        assert None not in settings.values()


def test_epochs_and_batch_size():
    assert resolve().epochs == resolve(n=60_000).epochs == 10
    assert resolve(architecture="simple").epochs == 10
    assert resolve().batch_size == 512
    assert resolve(architecture="simple").batch_size == 128
    assert resolve(architecture=lambda shape, n_classes: None).batch_size == 128
    small = resolve(n=1000)
    assert small.epochs * np.ceil(1000 / small.batch_size) >= 900
    assert resolve(n=20).epochs == 100
    assert resolve(epochs=3, batch_size=77).epochs == 3
    assert resolve(epochs=3, batch_size=77).batch_size == 77


@pytest.mark.parametrize(("n", "size"), [(1, 16), (1347, 16), (4096, 64), (10**7, 128)])
def test_batch_size_grows(n, size):
    assert resolve(n, architecture="lenet5").batch_size == size


def test_schedule_and_rate():
    assert resolve().schedule == "one_cycle"
    assert resolve(early_stopping=True).schedule == "reduce_on_plateau"
    assert resolve(is_partial=True).schedule == "constant"
    assert resolve(is_partial=True).epochs == 1
    assert resolve().learning_rate > resolve(is_partial=True).learning_rate
    assert resolve(learning_rate=0.5).learning_rate == 0.5
    own = keras.optimizers.Adam(0.123)
    assert resolve(optimizer=own).learning_rate == pytest.approx(0.123)
    scaled = keras.optimizers.LossScaleOptimizer(own)
    assert resolve(optimizer=scaled).learning_rate == pytest.approx(0.123)
    assert resolve(optimizer="adagrad").learning_rate == pytest.approx(0.001)


@pytest.mark.parametrize("wrap", [lambda own: own, keras.optimizers.LossScaleOptimizer])
def test_optimizer_with_a_schedule_of_its_own(wrap):
    decay = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    own = wrap(keras.optimizers.Adam(decay))
    settings = resolve(optimizer=own)
    assert (settings.schedule, settings.learning_rate) == ("own", pytest.approx(0.1))
    assert resolve(optimizer=own, is_partial=True).schedule == "own"
    for how in ({"schedule": "one_cycle"}, {"learning_rate": 0.1}):
        with pytest.raises(ValueError, match="schedule of its own"):
            resolve(optimizer=own, **how)


def test_augment():
    full, less = resolve().augment, resolve(image_shape=(8, 8, 1)).augment
    assert 0 < less.shift < full.shift
    assert 0 < less.zoom < full.zoom
    assert resolve(image_shape=(7, 9, 1)).augment is None
    assert resolve(augment=None).augment is None
    own = Augment(rotation=3)
    assert resolve(augment=own, image_shape=(8, 8, 1)).augment is own
    assert resolve(image_shape=(29, 29, 1), is_padded=True).augment is None
    assert resolve(augment=own, is_padded=True).augment is own


def test_short_fits_are_not_augmented():
    assert resolve(epochs=1).augment is None
    assert resolve(epochs=3).augment is not None
    assert resolve(is_partial=True).augment is not None


def test_validation_fraction():
    assert resolve().validation_fraction == 0
    assert resolve(early_stopping=True).validation_fraction == 0.1
    assert resolve(early_stopping=True, validation_fraction=0.3).validation_fraction == 0.3
    for flag in ("has_validation", "is_partial"):
        assert resolve(validation_fraction=0.3, **{flag: True}).validation_fraction == 0
    # What is set aside takes no steps.
    assert resolve(n=8192).batch_size > resolve(n=8192, validation_fraction=0.2).batch_size


def test_what_belongs_to_the_network():
    compact, simple = resolve(), resolve(architecture="simple")
    assert (compact.label_smoothing, compact.sharpness, compact.dropout) == (0.1, 2.0, 0.0)
    assert (simple.label_smoothing, simple.sharpness, simple.dropout) == (0.0, 1.0, 0.5)
    # Smoothing that is asked for is not made up for.
    asked = resolve(label_smoothing=0.1, dropout=0.2)
    assert (asked.label_smoothing, asked.sharpness, asked.dropout) == (0.1, 1.0, 0.2)


def test_dtype_policy(monkeypatch):
    monkeypatch.setattr(auto, "bfloat16_pays", lambda: True)
    for name in ("compact", "accurate", "simple", "deep"):
        settings = resolve(architecture=name)
        assert (settings.dtype_policy, settings.bfloat16) == ("float32", True)
    assert not resolve(architecture="lenet5").bfloat16
    assert not resolve(n=500).bfloat16
    own = resolve(dtype_policy="mixed_float16")
    assert (own.dtype_policy, own.bfloat16) == ("mixed_float16", False)
    monkeypatch.setattr(auto, "bfloat16_pays", lambda: False)
    assert not resolve().bfloat16
