"""The network of a classifier in a pickle."""

import keras

from cnn_digits.blueprint import Blueprint
from cnn_digits.devices import to_numpy
from cnn_digits.persistence.description import with_dropout


def packed_network(network, blueprint):
    """A network as plain values and arrays, for a pickle.

    It is the same whether or not an import has changed how Keras models are pickled.

    Parameters
    ----------
    network : keras.Model
        Compiled.
    blueprint : Blueprint

    Returns
    -------
    packed : dict
        "blueprint", a dict, "network" and "optimizer", lists of ndarrays.
    """
    return {
        "blueprint": dict(vars(blueprint)),
        "network": _arrays(network.variables),
        "optimizer": _arrays(network.optimizer.variables),
    }


def unpacked_network(packed, image_shape, n_classes):
    """Network and blueprint, the inverse of `packed_network`: it goes on training where it was."""
    blueprint = Blueprint(**packed["blueprint"])
    network = blueprint.build(image_shape, n_classes)
    for variables, values in (
        (network.variables, packed["network"]),
        (network.optimizer.variables, packed["optimizer"]),
    ):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
    return network, blueprint


def packed_by_former_version(packed, building):
    """What `packed_network` says now of a network in a pickle of before there were blueprints.

    That held the network's "config" instead, and the classifier beside it had a dict of the same
    entries as a blueprint, but for optimizer and loss.
    """
    config = packed["config"]["compile_config"]
    # A pickle can execute code whatever is done here; safe_mode would only refuse the user's
    # own.
    compiled = keras.saving.deserialize_keras_object(config, safe_mode=False)
    compiled = {key: compiled[key] for key in ("optimizer", "loss")}
    return {**packed, "blueprint": {**with_dropout(building), **compiled}}


def _arrays(variables):
    return [to_numpy(variable) for variable in variables]
