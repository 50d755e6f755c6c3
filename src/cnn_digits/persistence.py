"""A fitted network as configuration and arrays, for pickles and copies.

Neither scikeras nor a temporary file has a part in it, and it is the same whether or not
somebody else's import has changed how Keras models are pickled.
"""


def network_state(network):
    """Configuration and arrays of a compiled network, its optimizer's included.

    Parameters
    ----------
    network : keras.Model

    Returns
    -------
    state : dict
        "config", a nested dict of plain Python values, "network" and "optimizer", lists
        of ndarrays.
    """
    import keras

    convert = keras.ops.convert_to_numpy
    return {
        "config": keras.saving.serialize_keras_object(network),
        "network": [convert(variable) for variable in network.variables],
        "optimizer": [convert(variable) for variable in network.optimizer.variables],
    }


def network_from_state(state):
    """Rebuild the network that `network_state` described.

    Parameters
    ----------
    state : dict

    Returns
    -------
    network : keras.Model
        Compiled, and ready to go on training where it was.
    """
    import keras

    # A pickle can execute code whatever we do here; safe_mode would only refuse the
    # user's own Lambda layers.
    network = keras.saving.deserialize_keras_object(state["config"], safe_mode=False)
    network.optimizer.build(network.trainable_variables)
    for variables, values in (
        (network.variables, state["network"]),
        (network.optimizer.variables, state["optimizer"]),
    ):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
    return network
