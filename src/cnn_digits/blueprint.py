"""What a network is built from, and the one way to build it: seeded and compiled.

raw image → standardised → hidden layers of an architecture → probabilities
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
from keras import layers

from cnn_digits.architectures import LayerFactory, recipe_for
from cnn_digits.devices import compiles_with_xla, ready_to_compute
from cnn_digits.own_networks import check_function, own_network, take_weights


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

    Raises
    ------
    TypeError
        If a model is given for the function that makes one.
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

    def __post_init__(self):
        check_function(self.architecture)

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
            If a callable returns no Keras model, one of other input or output shape, or one
            with weights that another network has.
        """
        ready_to_compute()
        network = self._network(image_shape, n_classes)
        take_weights(network, self.architecture)
        betas = recipe_for(self.architecture).betas
        compile_network(network, own_optimizer(self.optimizer, betas), self.loss)
        network.optimizer.build(network.trainable_variables)
        return network

    def variables(self, image_shape, n_classes):
        """Variables of that network without memory for their values: what shapes they have.

        Keras remembers such variables, to give them memory when the next network is built;
        but each thread remembers its own, so call this in one that ends.
        """
        with keras.StatelessScope(initialize_variables=False):
            return self._network(image_shape, n_classes).variables

    def _network(self, image_shape, n_classes):
        inputs = keras.Input(image_shape, name="image")
        scale, offset = 1 / self.std, -self.mean / self.std
        x = layers.Rescaling(scale, offset, dtype="float32", name="standardize")(inputs)
        how = self.seed, self.dtype_policy
        if callable(self.architecture):
            own = own_network(self.architecture, image_shape, n_classes, *how)
            network = keras.Model(inputs, own(x), name="cnn_digits")
        else:
            make = LayerFactory(*how)
            x = recipe_for(self.architecture).function(make, x, self.dropout)
            outputs = _probabilities(make, x, n_classes, self.sharpness)
            network = keras.Model(inputs, outputs, name=self.architecture)
        # That of a model can't be passed to it, and would be the global one.
        network.dtype_policy = self.dtype_policy
        return network


def hidden_layers(network):
    """Layers of a network of this package between the standardisation and the classifier."""
    # What makes probabilities begins with the last dense layer.
    dense = [i for i, layer in enumerate(network.layers) if isinstance(layer, layers.Dense)]
    return network.layers[2 : dense[-1]]


def sharpening(network):
    """The layer of a network of this package that multiplies logits, or None."""
    scaled = [layer for layer in network.layers[2:] if isinstance(layer, layers.Rescaling)]
    return scaled[0] if scaled else None


def _probabilities(make, x, n_classes, sharpness):
    exact = {"dtype": "float32", "name": "probabilities"}
    if n_classes == 1:
        # Always 1, as a softmax would say with a warning.
        x = make.dense(x, 1, "one", activation="sigmoid", dtype="float32")
        return make.layer(layers.UnitNormalization, x, **exact)
    if sharpness == 1:
        return make.dense(x, n_classes, activation="softmax", **exact)
    x = make.dense(x, n_classes, "logits", dtype="float32")
    x = make.layer(layers.Rescaling, x, sharpness, dtype="float32", name="sharpen")
    return make.layer(layers.Softmax, x, **exact)


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
        # Keras goes by its global precision. What has begun to train is scaled, or not, already.
        auto_scale_loss=not optimizer.built,
        jit_compile=compiles_with_xla(),
    )


def check_components(optimizer, loss):
    """Raise unless Keras knows optimizer and loss, and the loss is one of one-hot targets."""
    ready_to_compute()
    try:
        known = keras.optimizers.get(optimizer) if isinstance(optimizer, str) else optimizer
    except (KeyError, TypeError, ValueError):
        known = None  # there is none, or it needs arguments
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
