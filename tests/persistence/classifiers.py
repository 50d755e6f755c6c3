"""Classifiers that are fitted in no time, and what it means that two are equal."""

import keras
import numpy as np

from cnn_digits import CNNDigitClassifier


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


@keras.saving.register_keras_serializable("tests")
class Scale(keras.layers.Layer):
    """A layer of the user's own, as Keras wants it."""

    def build(self, input_shape):
        self.factor = self.add_weight(shape=(), initializer="ones")

    def call(self, x):
        return x * self.factor


class Around:
    """An architecture that is no function: it puts a classifier on a model that it holds."""

    def __init__(self, layer):
        layers = [keras.layers.Flatten(), layer]
        self.model = keras.Sequential([keras.Input((8, 8, 1)), *layers])

    def __call__(self, image_shape, n_classes):
        model = keras.models.clone_model(self.model)
        model.set_weights(self.model.get_weights())
        outputs = keras.layers.Dense(n_classes, activation="softmax")
        return keras.Sequential([keras.Input(image_shape), model, outputs])
