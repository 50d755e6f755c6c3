import keras
import numpy as np
import pytest

from cnn_digits import CNNDigitClassifier
from cnn_digits.architectures import ARCHITECTURES, LayerFactory, recipe_for
from cnn_digits.blueprint import Blueprint


def build(architecture, image_shape=(28, 28, 1), n_classes=10, dropout=None):
    blueprint = Blueprint(
        architecture=architecture,
        dropout=recipe_for(architecture).dropout if dropout is None else dropout,
        mean=33.0,
        std=79.0,
        sharpness=1.0,
        dtype_policy="float32",
        optimizer="adam",
        loss="categorical_crossentropy",
    )
    return blueprint.build(image_shape, n_classes)


def table(network):
    """Output shape and number of parameters of each layer that has an effect on either."""
    return [
        (type(layer).__name__, layer.output.shape[1:], layer.count_params())
        for layer in network.layers[2:]
    ]


def test_simple_is_exactly_this_network():
    network = build("simple")
    assert network.count_params() == 225_034
    assert table(network) == [
        ("Conv2D", (26, 26, 32), 320),
        ("MaxPooling2D", (13, 13, 32), 0),
        ("Conv2D", (11, 11, 64), 18_496),
        ("MaxPooling2D", (5, 5, 64), 0),
        ("Flatten", (1600,), 0),
        ("Dense", (128,), 204_928),
        ("Dropout", (128,), 0),
        ("Dense", (10,), 1_290),
    ]
    assert network.get_layer("dropout").rate == 0.5
    assert network.get_layer("conv1").activation.__name__ == "relu"
    assert network.get_layer("probabilities").activation.__name__ == "softmax"


def test_medium_is_exactly_this_network():
    network = build("medium")
    assert network.count_params() == 103_018
    convolutions = [row for row in table(network) if row[0] == "Conv2D"]
    assert convolutions == [
        ("Conv2D", (24, 24, 16), 400),
        ("Conv2D", (10, 10, 32), 4_608),
        ("Conv2D", (8, 8, 64), 18_432),
        ("Conv2D", (2, 2, 128), 73_728),
    ]
    assert table(network)[-1] == ("Dense", (10,), 5_130)


def test_lenet5_has_the_published_layer_sizes():
    sizes = [shape for kind, shape, _ in table(build("lenet5")) if kind != "Dropout"]
    assert sizes == [
        (28, 28, 6),
        (14, 14, 6),
        (10, 10, 16),
        (5, 5, 16),
        (400,),
        (120,),
        (84,),
        (10,),
    ]


def test_deep_is_the_network_of_the_notebooks():
    network = build("deep")
    assert network.count_params() == 887_530
    rates = [layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.25, 0.25, 0.5]


def test_accurate_is_seven_convolutions_on_three_scales():
    sizes = [shape for kind, shape, _ in table(build("accurate")) if kind == "Conv2D"]
    assert sizes == [
        (26, 26, 16), (24, 24, 32), (22, 22, 32),
        (11, 11, 64), (11, 11, 64), (5, 5, 128), (5, 5, 128),
    ]  # fmt: skip


def test_compact_is_small():
    assert build("compact").count_params() < 110_000


@pytest.mark.parametrize("side", [40, 100, 280])
def test_size_on_large_images(side):
    assert build("compact", (side, side, 1)).count_params() < 400_000
    assert build("medium", (side, side, 1)).count_params() < 400_000
    assert build("accurate", (side, side, 1)).get_layer("maximum").input.shape[1] < 8


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize(
    "image_shape",
    [(1, 1, 1), (1, 7, 1), (2, 2, 1), (3, 5, 1), (8, 8, 1), (9, 4, 3), (16, 16, 1), (28, 28, 3)],
)
@pytest.mark.parametrize("n_classes", [1, 2, 37])
def test_any_image_and_any_number_of_classes(name, image_shape, n_classes):
    network = build(name, image_shape, n_classes)
    X = np.random.default_rng(0).integers(0, 256, (3, *image_shape), dtype=np.uint8)
    proba = np.asarray(network(X))
    assert proba.shape == (3, n_classes)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_standard_layers_only(name):
    for layer in build(name).layers:
        assert type(layer).__module__.startswith("keras.")


def test_dropout_is_handed_on():
    network = build("deep", dropout=0.3)
    assert network.get_layer("dropout").rate == 0.3
    assert network.get_layer("dropout1").rate == 0.15


def test_dropout_is_seeded():
    def seeds():
        layers = build("deep").layers
        return [layer.seed for layer in layers if isinstance(layer, keras.layers.Dropout)]

    # torch draws from its own global generator where a seed is None.
    assert None not in seeds()
    assert len(set(seeds())) == 3
    assert seeds() == seeds()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_seed_is_a_network(name):
    def weights(seed):
        x = keras.Input((9, 12, 1))
        features = recipe_for(name).function(LayerFactory(seed), x, 0.3)
        return keras.Model(x, features).get_weights()

    first, again, other = weights(5), weights(5), weights(6)
    assert all(map(np.array_equal, first, again))
    assert (first[0] != other[0]).any()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_nothing_global_has_a_say(name):
    """Each layer is told its seed, its precision and where channels are."""
    x = keras.Input((28, 28, 1))
    features = recipe_for(name).function(LayerFactory(0, "mixed_bfloat16"), x, 0.3)
    for layer in keras.Model(x, features).layers[1:]:
        assert layer.dtype_policy.name == "mixed_bfloat16"
        assert getattr(layer, "data_format", "channels_last") == "channels_last"
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense)):
            assert layer.kernel_initializer.get_config()["seed"] is not None


def test_the_classifier_knows_them_all():
    options, _ = CNNDigitClassifier._parameter_constraints["architecture"]
    assert options.options == set(ARCHITECTURES)
