"""What a network is built from, and the one way to build it: seeded and compiled.

raw image → standardised → hidden layers of an architecture → probabilities
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from cnn_digits.architectures import recipe_for, seeded_layers
from cnn_digits.devices import compiles_with_xla, ready_to_compute


@dataclass(frozen=True)
class Blueprint:
    """What a network is built from, other than the shape of images and the number of classes.

    Parameters
    ----------
    architecture : str or callable
        A name in the tables of `architectures`, or `f(image_shape, n_classes) -> keras.Model`.
    dropout : float
        Rate of the last dropout layer. Without effect on a callable architecture.
    mean, std : float
        Of the training pixels; the first layer standardises by them.
    sharpness : float
        Logits are multiplied by it. Without effect on a callable architecture.
    dtype_policy : str
        Of all layers but the first one and those that make probabilities, which are in
        float32: raw pixels may need more digits, and probabilities would not add up to 1.
    optimizer : str or keras.optimizers.Optimizer
        An instance is copied, so that it serves any number of networks.
    loss : str, keras.losses.Loss or callable
    seed : int, default=0
        Of weights and dropout.
    """

    architecture: str | Callable
    dropout: float
    mean: float
    std: float
    sharpness: float
    dtype_policy: str
    optimizer: str | keras.optimizers.Optimizer
    loss: str | Callable
    seed: int = 0

    def build(self, image_shape, n_classes):
        """Build the plain Keras model that maps raw images to class probabilities.

        Parameters
        ----------
        image_shape : tuple of three ints
        n_classes : int

        Returns
        -------
        network : keras.Model
            Compiled.

        Raises
        ------
        TypeError, ValueError
            If a callable returns no Keras model or one of other input or output shape.
        """
        ready_to_compute()
        with seeded_layers(self.seed, self.dtype_policy):
            network = self._network(image_shape, n_classes)
            betas = recipe_for(self.architecture).betas
            compile_network(network, own_optimizer(self.optimizer, betas), self.loss)
            network.optimizer.build(network.trainable_variables)
        return network

    def variables(self, image_shape, n_classes):
        """Variables of that network without memory for their values: what shapes they have.

        Keras remembers such variables, to give them memory when the next network is built;
        but each thread remembers its own, so call this in one that ends.
        """
        with (
            seeded_layers(self.seed, self.dtype_policy),
            keras.StatelessScope(initialize_variables=False),
        ):
            return self._network(image_shape, n_classes).variables

    def _network(self, image_shape, n_classes):
        inputs = keras.Input(image_shape, name="image")
        scale, offset = 1 / self.std, -self.mean / self.std
        x = layers.Rescaling(scale, offset, dtype="float32", name="standardize")(inputs)
        if callable(self.architecture):
            network = self.architecture(image_shape, n_classes)
            check_own_network(network, self.architecture, image_shape, n_classes)
            return keras.Model(inputs, network(x), name="cnn_digits")
        x = recipe_for(self.architecture).function(x, self.dropout)
        outputs = _probabilities(x, n_classes, self.sharpness)
        return keras.Model(inputs, outputs, name=self.architecture)


def hidden_layers(network):
    """Layers of a network of this package between the standardisation and the classifier."""
    # What makes probabilities begins with the last dense layer.
    dense = [i for i, layer in enumerate(network.layers) if isinstance(layer, layers.Dense)]
    return network.layers[2 : dense[-1]]


def sharpening(network):
    """The layer of a network of this package that multiplies logits, or None."""
    scaled = [layer for layer in network.layers[2:] if isinstance(layer, layers.Rescaling)]
    return scaled[0] if scaled else None


def _probabilities(x, n_classes, sharpness):
    if n_classes == 1:
        # Always 1, as a softmax would say with a warning.
        x = layers.Dense(1, activation="sigmoid", dtype="float32", name="one")(x)
        return layers.UnitNormalization(dtype="float32", name="probabilities")(x)
    if sharpness == 1:
        dense = layers.Dense(n_classes, "softmax", dtype="float32", name="probabilities")
        return dense(x)
    x = layers.Dense(n_classes, dtype="float32", name="logits")(x)
    x = layers.Rescaling(sharpness, dtype="float32", name="sharpen")(x)
    return layers.Softmax(dtype="float32", name="probabilities")(x)


def own_optimizer(optimizer, betas):
    """An optimizer for one network alone.

    Parameters
    ----------
    optimizer : str or keras.optimizers.Optimizer
    betas : (float, float)
        For one given by name, if it has them.
    """
    is_named = isinstance(optimizer, str)
    optimizer = keras.optimizers.get(optimizer)
    config = optimizer.get_config()
    if is_named and {"beta_1", "beta_2"} <= set(config):
        config["beta_1"], config["beta_2"] = betas
    return type(optimizer).from_config(config)


def compile_network(network, optimizer, loss):
    """Compile a network as all networks here are, the one that is kept and the one in training."""
    network.compile(
        optimizer=optimizer,
        loss=loss,
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        jit_compile=compiles_with_xla(),
    )


def check_components(optimizer, loss):
    """Raise unless Keras knows optimizer and loss, and the loss is one of one-hot targets."""
    ready_to_compute()
    try:
        known = keras.optimizers.get(optimizer) if isinstance(optimizer, str) else optimizer
    except ValueError:
        known = None
    if not isinstance(known, keras.optimizers.Optimizer):
        raise ValueError(
            f"optimizer={optimizer!r}; expected the name of a Keras optimizer, such as 'adam', "
            "'rmsprop' or 'sgd', or a keras.optimizers.Optimizer."
        )
    try:
        loss_name = getattr(keras.losses.get(loss), "__name__", type(loss).__name__)
    except (ValueError, TypeError):
        loss_name = None
    if loss_name is None or not (isinstance(loss, str) or callable(loss)):
        raise ValueError(
            f"loss={loss!r}; expected the name of a Keras loss, such as "
            "'categorical_crossentropy', a keras.losses.Loss or a function of targets and "
            "probabilities."
        )
    if loss_name.lower().startswith("sparse"):
        raise ValueError(
            f"loss={loss!r} takes class numbers, but targets are one-hot here; expected "
            "'categorical_crossentropy', which is the same loss."
        )


def check_own_network(network, architecture, image_shape, n_classes):
    """Raise unless a function of the user's returned a network of these shapes."""
    name = _name_of(architecture)
    if not isinstance(network, keras.Model):
        raise TypeError(
            f"architecture {name}(image_shape={image_shape}, n_classes={n_classes}) returned "
            f"{network!r}; expected a keras.Model."
        )
    if not network.built or isinstance(network.input_shape, list):
        raise ValueError(
            f"architecture {name} returned a model without a known single input; begin it with "
            "keras.Input(image_shape)."
        )
    if not _fits(network.input_shape[1:], image_shape):
        raise ValueError(
            f"architecture {name} returned a model for inputs of shape {network.input_shape[1:]}; "
            f"expected image_shape={image_shape}."
        )
    if network.output_shape != (None, n_classes):
        raise ValueError(
            f"architecture {name} returned a model with output shape {network.output_shape}; "
            f"expected {(None, n_classes)}: one probability for each of {n_classes} classes."
        )


def check_probabilities(network, images, architecture):
    """Refuse a network of the user's own whose outputs for some images are no probabilities."""
    outputs = keras.ops.convert_to_numpy(network(images, training=False)).astype(np.float32)
    sums = outputs.sum(axis=1)
    # Sums of bfloat16 are off by some hundredths.
    if outputs.min() < 0 or np.abs(sums - 1).max() > 0.1:
        raise ValueError(
            f"architecture {_name_of(architecture)} returned a model whose outputs are no "
            f"probabilities: those of an image sum to {sums[np.abs(sums - 1).argmax()]:.3g}, and "
            f"the lowest is {outputs.min():.3g}. End it with a softmax."
        )


def _name_of(architecture):
    return getattr(architecture, "__name__", repr(architecture))


def _fits(shape, image_shape):
    return len(shape) == len(image_shape) and all(
        side is None or side == expected for side, expected in zip(shape, image_shape, strict=True)
    )
