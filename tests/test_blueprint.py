import random
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from cnn_digits.blueprint import Blueprint, hidden_layers, sharpening


def blueprint(architecture="compact", **how):
    defaults = {
        "dropout": 0.1,
        "mean": 33.0,
        "std": 79.0,
        "sharpness": 1.0,
        "dtype_policy": "float32",
        "optimizer": "adam",
        "loss": "categorical_crossentropy",
    }
    return Blueprint(architecture, **(defaults | how))


def build(architecture, image_shape=(28, 28, 1), n_classes=10, **how):
    return blueprint(architecture, **how).build(image_shape, n_classes)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_the_same_plan_the_same_network(policy):
    first, again, other = (
        build("deep", (8, 8, 1), dtype_policy=policy, seed=seed) for seed in (5, 5, 6)
    )
    for a, b in zip(first.variables, again.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (first.get_weights()[0] != other.get_weights()[0]).any()
    shapes = [[v.shape for v in network.optimizer.variables] for network in (first, again)]
    assert shapes[0] == shapes[1]
    assert first.layers[1].compute_dtype == first.layers[-1].compute_dtype == "float32"


def test_variables_without_memory():
    plan = blueprint("simple")
    expected = [(v.shape, v.dtype) for v in plan.build((8, 8, 1), 3).variables]
    assert [(v.shape, v.dtype) for v in plan.variables((8, 8, 1), 3)] == expected


@pytest.mark.parametrize("n_classes", [1, 2, 10])
@pytest.mark.parametrize("architecture", ["compact", "deep"])
def test_hidden_layers_are_those_between_pixels_and_classifier(architecture, n_classes):
    network = build(architecture, (8, 8, 1), n_classes, sharpness=2.0)
    hidden = [layer.name for layer in hidden_layers(network)]
    assert hidden[0].startswith("conv")
    assert hidden[-1] == "dropout"
    rest = [layer.name for layer in network.layers if layer.name not in hidden]
    assert rest[:2] == ["image", "standardize"]
    assert rest[2:] == (
        ["one", "probabilities"] if n_classes == 1 else ["logits", "sharpen", "probabilities"]
    )


def test_sharpening_is_found_where_there_is_one():
    assert sharpening(build("compact", (8, 8, 1), sharpness=2.0)).name == "sharpen"
    assert sharpening(build("compact", (8, 8, 1))) is None


def test_sharpness_multiplies_logits():
    X = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1))
    plain, sharp = build("compact"), build("compact", sharpness=2.0)
    sharp.set_weights(plain.get_weights())
    plain, sharp = plain.predict(X, verbose=0), sharp.predict(X, verbose=0)
    squares = plain**2
    np.testing.assert_allclose(sharp, squares / squares.sum(axis=1, keepdims=True), rtol=1e-4)
    assert sharp.max() > plain.max()


def dense(image_shape, n_classes):
    return keras.Sequential(
        [keras.Input(image_shape), keras.layers.Flatten(), keras.layers.Dense(n_classes, "softmax")]
    )


def test_callable():
    network = build(dense, (4, 5, 2), 3)
    assert network.input_shape == (None, 4, 5, 2)
    assert network.output_shape == (None, 3)


@pytest.mark.parametrize("architecture", ["compact", "deep", dense])
def test_what_another_thread_draws_stays(architecture):
    random.seed(1)
    drawn = []
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(build, architecture, (8, 8, 1))
        while not building.done():
            drawn.append(random.random())
    expected = random.Random(1)
    assert drawn == [expected.random() for _ in drawn]
    assert len(building.result().weights) > 0


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_keras_own_policy_has_no_say(policy):
    """Nor does a compilation scale the loss by it, of the network or of its twin."""
    before = keras.config.dtype_policy()
    expected = build("simple", (8, 8, 1), dtype_policy=policy)
    try:
        other = {"float32": "mixed_float16", "mixed_float16": "float32"}[policy]
        keras.config.set_dtype_policy(other)
        network = build("simple", (8, 8, 1), dtype_policy=policy)
    finally:
        keras.config.set_dtype_policy(before)
    assert network.dtype_policy == expected.dtype_policy
    assert type(network.optimizer) is type(expected.optimizer)
    for layer, other in zip(network.layers[1:], expected.layers[1:], strict=True):
        assert layer.dtype_policy == other.dtype_policy


def test_standardizing_undoes_the_pixel_scale():
    x = keras.ops.convert_to_tensor(np.array([[[[33.0]]], [[[112.0]]]]))
    layer = build("compact", (1, 1, 1)).get_layer("standardize")
    np.testing.assert_allclose(np.asarray(layer(x)).ravel(), [0, 1], atol=1e-6)
