"""Keras objects of the user's own classes in a pickle: it opens, or is never written.

Keras pickles its objects by their configuration, and looks for their classes by name when the
pickle is opened: among its own and those that are registered. So registered ones come along.
"""

import os
import pickle

import keras

try:
    import cloudpickle
except ImportError:  # joblib brought its own up to version 1.5
    from joblib.externals import cloudpickle

# What Keras pickles by its configuration; a model is a layer too.
_KERAS = (
    keras.layers.Layer,
    keras.optimizers.Optimizer,
    keras.losses.Loss,
    keras.metrics.Metric,
)

# Where Keras looks for a function of which it knows the name alone.
_KERAS_FUNCTIONS = (
    keras.activations,
    keras.constraints,
    keras.initializers,
    keras.losses,
    keras.metrics,
    keras.regularizers,
)


class Registered:
    """A class or function that is registered with Keras, and is so again where a pickle opens.

    Parameters
    ----------
    name : str
        Under which it is registered.
    value : class or function
    """

    def __init__(self, name, value):
        self.name = name
        self.value = value

    def __reduce__(self):
        return _registered_again, (self.name, self.value)


def _registered_again(name, value):
    if keras.saving.get_registered_object(name) is None:
        package, _, short = name.rpartition(">")
        if package:
            keras.saving.register_keras_serializable(package, short)(value)
        else:
            keras.saving.get_custom_objects()[name] = value
    return Registered(name, value)


def custom_objects(values):
    """The user's classes and functions without which Keras objects among some values won't open.

    Parameters
    ----------
    values : dict
        Of any kind, by names for messages.

    Returns
    -------
    registered : list of Registered

    Raises
    ------
    pickle.PicklingError
        If one is not registered with Keras.
    """
    found = {}
    for parameter, value in values.items():
        for keras_object in _keras_objects(value):
            for name in _custom_names(keras.saving.serialize_keras_object(keras_object)):
                found[name] = keras.saving.get_registered_object(name)
                if found[name] is None:
                    raise pickle.PicklingError(
                        f"{parameter} can't be pickled: it holds {name}, which Keras would not "
                        "find again. Put @keras.saving.register_keras_serializable() above its "
                        "definition."
                    )
    return [Registered(name, value) for name, value in found.items()]


class _Finder(cloudpickle.Pickler):
    """Looks for Keras objects wherever a pickle would look, functions of a script included."""

    def __init__(self, file):
        super().__init__(file)
        self.found = []

    def persistent_id(self, value):
        if not isinstance(value, _KERAS):
            return None
        self.found.append(value)
        return "found"


def _keras_objects(value):
    with open(os.devnull, "wb") as nowhere:
        finder = _Finder(nowhere)
        try:
            finder.dump(value)
        except Exception:  # no pickle at all, which the real one says better
            return []
    return finder.found


def _custom_names(config):
    """Names of classes and functions in a configuration that are not Keras's own."""
    if isinstance(config, (list, tuple)):
        config = dict(enumerate(config))
    if not isinstance(config, dict):
        return
    # Of what is registered there may be no module.
    module, name = config.get("module") or "", config.get("registered_name")
    if config.get("class_name") == "function":
        if not any(hasattr(place, config["config"]) for place in _KERAS_FUNCTIONS):
            yield config["config"]
    elif name and module.partition(".")[0] != "keras":
        yield name
    for part in config.values():
        yield from _custom_names(part)
