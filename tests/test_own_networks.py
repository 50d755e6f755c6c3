import random
import threading
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from cnn_digits import CNNDigitClassifier
from cnn_digits.own_networks import own_network


def quick(architecture, **params):
    how = {"epochs": 2, "batch_size": 32, "learning_rate": 0.02, "random_state": 0}
    return CNNDigitClassifier(architecture, **(how | params))


def dense(image_shape, n_classes):
    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(data_format="channels_last"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(n_classes, "softmax"),
        ]
    )


@pytest.fixture
def few(digits):
    return digits[0][:200], digits[2][:200]


class TestWhatIsReturned:
    def no_model(image_shape, n_classes):
        return None

    def too_few_outputs(image_shape, n_classes):
        return dense(image_shape, n_classes - 3)

    def other_input(image_shape, n_classes):
        return dense((8, 8, 1), n_classes)

    def no_input(image_shape, n_classes):
        return keras.Sequential([keras.layers.Flatten()])

    class Subclassed(keras.Model):
        def __init__(self, image_shape, n_classes):
            super().__init__()
            self.network = dense(image_shape, n_classes)
            self(keras.Input(image_shape))

        def call(self, x):
            return self.network(x)

    @pytest.mark.parametrize(
        ("function", "error", "message"),
        [
            (no_model, TypeError, r"returned None; expected a keras.Model"),
            (too_few_outputs, ValueError, r"output shape \(None, 7\); expected \(None, 10\)"),
            (other_input, ValueError, r"shape \(8, 8, 1\); expected image_shape=\(28, 28, 1\)"),
            (no_input, ValueError, r"begin it with keras.Input"),
            (Subclassed, ValueError, r"begin it with keras.Input"),
        ],
    )
    def test_refused(self, function, error, message):
        with pytest.raises(error, match=message):
            own_network(function, (28, 28, 1), 10, 0, "float32")


class TestWhatIsGiven:
    @pytest.mark.parametrize(
        ("architecture", "what"),
        [
            (lambda: dense((8, 8, 1), 10), "is a model"),
            (lambda: keras.layers.Dense(10), "is a layer"),
            (lambda: keras.Sequential, "is a class of Keras"),
            (lambda: keras.layers.Dense, "is a class of Keras"),
        ],
    )
    def test_no_function(self, few, architecture, what):
        with pytest.raises(TypeError, match=f"{what}; expected a function that makes a new model"):
            quick(architecture()).fit(*few)

    def test_a_model_for_load(self, few, tmp_path):
        quick(dense).fit(*few).save(tmp_path / "clf")
        with pytest.raises(ValueError, match="is a model; expected a function"):
            CNNDigitClassifier.load(tmp_path / "clf", architecture=dense((8, 8, 1), 10))


class TestSharedWeights:
    """A function that returns the same weights twice gets an error, and changes nothing."""

    def refused(self, function, few):
        first = quick(function).fit(*few)
        proba = first.predict_proba(few[0])
        with pytest.raises(ValueError, match=r"weights that an earlier fit has already \(.*kernel"):
            clone(first).fit(few[0], few[1][::-1])
        with pytest.raises(ValueError, match="Make all layers anew in each call"):
            first.fit(few[0], few[1][::-1])
        np.testing.assert_array_equal(first.predict_proba(few[0]), proba)
        return first

    def test_the_same_model(self, few, tmp_path):
        model = dense((8, 8, 1), 10)

        def same(image_shape, n_classes):
            return model

        first = self.refused(same, few)
        first.save(tmp_path / "clf")
        with pytest.raises(ValueError, match="an earlier fit has already"):
            CNNDigitClassifier.load(tmp_path / "clf", architecture=same)

    def test_the_same_layer(self, few):
        layer = keras.layers.Dense(10, "softmax")

        def shared(image_shape, n_classes):
            flatten = keras.layers.Flatten()
            return keras.Sequential([keras.Input(image_shape), flatten, layer])

        self.refused(shared, few)

    def test_layers_of_another_classifier(self, few):
        base = CNNDigitClassifier("lenet5", epochs=1, random_state=0).fit(*few)

        def on_top(image_shape, n_classes):
            hidden = keras.Model(base.model_.layers[1].output, base.model_.layers[-2].output)
            outputs = keras.layers.Dense(n_classes, "softmax")(hidden.output)
            return keras.Model(hidden.input, outputs)

        with pytest.raises(ValueError, match=r"on_top returned .* \(conv1/kernel\)"):
            quick(on_top).fit(*few)

    def test_a_copy_of_a_trained_model(self, few):
        trained = dense((8, 8, 1), 10)
        before = trained.get_weights()

        def copy(image_shape, n_classes):
            new = keras.models.clone_model(trained)
            new.set_weights(trained.get_weights())
            return new

        scores = cross_val_score(quick(copy, epochs=20), *few, cv=2, error_score="raise")
        assert scores.min() > 0.5
        barely = quick(copy, epochs=1, learning_rate=1e-9).fit(*few)
        for a, b, c in zip(barely.model_.get_weights(), before, trained.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)
            np.testing.assert_array_equal(b, c)

    def test_a_classifier_can_be_opened_within(self, few, tmp_path):
        quick("lenet5").fit(*few).save(tmp_path / "base")

        def on_top(image_shape, n_classes):
            base = CNNDigitClassifier.load(tmp_path / "base").model_
            hidden = keras.Model(base.layers[1].output, base.layers[-2].output)
            outputs = keras.layers.Dense(n_classes, "softmax")(hidden.output)
            return keras.Model(hidden.input, outputs)

        first, second = (quick(on_top).fit(*few) for _ in range(2))
        np.testing.assert_array_equal(first.predict_proba(few[0]), second.predict_proba(few[0]))


class TestSeeds:
    def weights(self, seed=0, function=dense):
        network = own_network(function, (8, 8, 1), 10, seed, "float32")
        return [variable.numpy() for variable in network.variables]

    def test_the_seed_is_that_of_all_layers(self):
        first, again, other = self.weights(0), self.weights(0), self.weights(1)
        for a, b in zip(first, again, strict=True):
            np.testing.assert_array_equal(a, b)
        assert len(first) == 3  # with the state of dropout
        assert (first[0] != other[0]).any()

    def test_nothing_else_draws_from_it(self):
        state = random.getstate()
        self.weights()
        assert random.getstate() == state
        random.seed(4)
        expected = keras.layers.Dense(3).kernel_initializer.seed
        random.seed(4)
        self.weights()
        assert keras.layers.Dense(3).kernel_initializer.seed == expected

    def test_functions_at_the_same_time(self):
        """Each gets its own seeds and precision, and this thread the numbers of its own."""
        begun = threading.Barrier(3)

        def waits(image_shape, n_classes):
            begun.wait(60)
            network = dense(image_shape, n_classes)
            begun.wait(60)
            return network

        random.seed(1)
        with ThreadPoolExecutor(2) as pool:
            networks = [pool.submit(self.weights, seed, waits) for seed in (0, 1)]
            begun.wait(60)
            drawn = [random.random() for _ in range(1000)]
            policy = keras.config.dtype_policy().name
            begun.wait(60)
            for seed, network in enumerate(networks):
                for a, b in zip(network.result(), self.weights(seed), strict=True):
                    np.testing.assert_array_equal(a, b)
        expected = random.Random(1)
        assert drawn == [expected.random() for _ in range(1000)]
        assert policy == "float32"


def test_channels_first_is_explained():
    def convolutional(image_shape, n_classes):
        raise ValueError("no such convolution")

    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(ValueError, match="no such convolution") as error:
            own_network(convolutional, (8, 8, 1), 10, 0, "float32")
    finally:
        keras.config.set_image_data_format("channels_last")
    assert "(height, width, channels), here (8, 8, 1)" in error.value.__notes__[0]
