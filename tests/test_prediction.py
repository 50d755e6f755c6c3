import threading

import keras
import numpy as np
import pytest

from cnn_digits.architectures import ARCHITECTURES
from cnn_digits.blueprint import Blueprint
from cnn_digits.prediction import Predictor, _seen


class Counted(keras.layers.Layer):
    """Counts how often its Python code runs: once for each trace."""

    def __init__(self):
        super().__init__()
        self.traces = 0

    def call(self, x):
        self.traces += 1
        return x


@pytest.fixture
def counted():
    return Counted()


@pytest.fixture
def network(counted):
    inputs = keras.Input((4, 4, 1))
    # Small numbers, so that rounding is small.
    x = keras.layers.Rescaling(1 / 255)(counted(inputs))
    x = keras.layers.Flatten()(x)
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))


def images(n, dtype=np.float32):
    return np.random.default_rng(0).integers(0, 256, (n, 4, 4, 1)).astype(dtype)


def test_same_as_keras(network):
    X = images(77)
    expected = network.predict(X, verbose=0)
    np.testing.assert_allclose(Predictor(network)(X), expected, atol=1e-6)


@pytest.mark.parametrize("chunk", [1, 8, 64])
def test_chunks(network, chunk):
    X = images(77)
    predictor = Predictor(network)
    whole = predictor(X)
    predictor._chunk = chunk
    np.testing.assert_allclose(predictor(X), whole, atol=1e-6)


@pytest.mark.parametrize(("side", "chunk"), [(28, 2048), (280, 16), (10_000, 1)])
def test_chunks_shrink_with_the_image(side, chunk):
    inputs = keras.Input((side, side, 1))
    network = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))
    assert Predictor(network)._chunk == chunk


def built(architecture, shape):
    return Blueprint(
        architecture,
        dropout=0.5,
        mean=90.0,
        std=50.0,
        sharpness=1.0,
        dtype_policy="float32",
        optimizer="adam",
        loss="categorical_crossentropy",
    ).build(shape, 3)


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
@pytest.mark.parametrize("shape", [(1, 2, 1), (5, 8, 1), (17, 16, 3), (28, 31, 1), (29, 28, 1)])
def test_pixels_that_are_left_out_have_no_influence(architecture, shape):
    network = built(architecture, shape)
    X = np.random.default_rng(0).integers(0, 256, (9, *shape), dtype=np.uint8)
    expected = network.predict(X, verbose=0)
    np.testing.assert_allclose(Predictor(network)(X), expected, atol=1e-6)


def test_what_a_network_sees(network):
    assert _seen(built("simple", (28, 28, 1))) == (26, 26, 1)
    assert _seen(built("compact", (28, 28, 1))) == (28, 28, 1)
    inputs = keras.Input((9, 9, 1))
    strided = keras.layers.MaxPooling2D(2)(keras.layers.Conv2D(1, 3, strides=2)(inputs))
    assert _seen(keras.Model(inputs, strided)) == (9, 9, 1)
    # Of a layer that it does not know it can't tell.
    assert _seen(network) == (4, 4, 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int64, bool])
def test_dtypes(network, dtype):
    X = images(5, dtype)
    expected = network.predict(X.astype(np.float32), verbose=0)
    np.testing.assert_allclose(Predictor(network)(X), expected, atol=1e-6)


def test_no_trace_after_the_first_call(network, counted):
    predictor = Predictor(network)
    predictor(images(3))
    before = counted.traces
    for n in (1, 2, 5, 16, 17, 100, 2048, 2049):
        assert len(predictor(images(n))) == n
        assert len(predictor(images(n, np.uint8))) == n
    assert counted.traces == before


def test_traced_once_by_threads_that_come_together(network, counted):
    predictor = Predictor(network)
    gate = threading.Barrier(6)
    results = []

    def work():
        gate.wait()
        results.append(predictor(images(9)))

    before = counted.traces
    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted.traces - before == 2  # uint8 and float32
    assert len(results) == 6
    for result in results:
        np.testing.assert_array_equal(result, results[0])
