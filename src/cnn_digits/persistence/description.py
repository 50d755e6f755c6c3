"""A fitted classifier as plain values that JSON can hold, and back."""

import keras
import numpy as np

from cnn_digits import __version__
from cnn_digits.architectures import recipe_for
from cnn_digits.augmentation import Augment
from cnn_digits.blueprint import Blueprint, check_components
from cnn_digits.persistence.schema import SHORT, check_description

FORMAT = "cnn-digits"
VERSION = 2

# What a network of a file of version 1 is called now, if something else has taken its name.
_RENAMED = {"compact": "compact_version_1"}

# What a file says of the blueprint apart from optimizer and loss; the seed has had its effect.
_BUILDING = ("architecture", "dropout", "mean", "std", "sharpness", "dtype_policy")


def describe(parameters, fitted):
    """A fitted classifier as plain values that JSON can hold.

    Parameters
    ----------
    parameters : dict
        Of the classifier.
    fitted : Fitted

    Returns
    -------
    meta : dict

    Raises
    ------
    ValueError
        If something about it has no plain values, or none that would open again.
    """
    building = {key: getattr(fitted.blueprint, key) for key in (*_BUILDING, "optimizer", "loss")}
    meta = _plain(
        {
            "format": FORMAT,
            "version": VERSION,
            "versions": {"cnn_digits": __version__, "keras": keras.__version__},
            "parameters": _with_names(_plain_parameters(parameters)),
            "building": _with_names(building),
            "classes": {"dtype": fitted.classes.dtype.str, "labels": fitted.classes},
            "image_shape": fitted.network.input_shape[1:],
            "n_features_in": fitted.n_features_in,
            "feature_names_in": fitted.feature_names_in,
            "pixel_range": fitted.pixel_range,
            "history": fitted.history,
            "framed": fitted.framed,
            "knows_blank": fitted.knows_blank,
        }
    )
    try:
        check_description(meta)
    except ValueError as error:
        raise ValueError(f"The classifier can't be written so that it opens: {error}") from error
    return meta


def _plain_parameters(parameters):
    """Parameters of a classifier without objects, but for those of Keras."""
    parameters = dict(parameters)
    del parameters["callbacks"]
    check_components(parameters["optimizer"], parameters["loss"])
    if isinstance(parameters["augment"], Augment):
        parameters["augment"]._validate_params()
        parameters["augment"] = parameters["augment"].get_params()
    if isinstance(parameters["class_weight"], dict):
        parameters["class_weight"] = list(parameters["class_weight"].items())
    for values in (parameters, parameters["augment"]):
        if isinstance(values, dict) and isinstance(values["random_state"], np.random.RandomState):
            values["random_state"] = None
    return parameters


def _with_names(values):
    """With names in place of Keras's objects, and of a function None."""
    return {
        **values,
        "optimizer": _named(values["optimizer"], "optimizer", keras.optimizers),
        "loss": _named(values["loss"], "loss", keras.losses),
        "architecture": None if callable(values["architecture"]) else values["architecture"],
    }


def _plain(value):
    """Python's own numbers and containers for NumPy's and tuples."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _named(value, parameter, module):
    """A Keras object as the name of its class and plain values."""
    if isinstance(value, str):
        return value
    name = type(value).__name__
    config = value.get_config() if getattr(module, name, None) is type(value) else None
    if config is not None and "inner_optimizer" in config:
        config["inner_optimizer"] = _named(value.inner_optimizer, parameter, module)
    if config is None or not _is_plain(config):
        raise ValueError(
            f"{parameter}={value!r} can't be written as text; use one of Keras's own with plain "
            "numbers, or pickle the classifier."
        )
    return {"class": name, "config": config}


def _is_plain(config):
    return all(
        value is None or isinstance(value, (str, int, float)) or value.keys() == {"class", "config"}
        for value in config.values()
    )


def checked(meta, architecture):
    """What a file says of a classifier, after all checks, in the words of this version.

    Parameters
    ----------
    meta : object
        Whatever JSON held.
    architecture : callable or None
        What built the network, if that was a function of the user's own.

    Returns
    -------
    meta : dict

    Raises
    ------
    ValueError
        A sentence that says what is wrong.
    """
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise ValueError("it was not written by CNNDigitClassifier.save.")
    version = meta.get("version")
    if type(version) is not int or version not in (1, VERSION):
        raise ValueError(
            f"it has format version {SHORT.repr(version)}, written by "
            f"{SHORT.repr(meta.get('versions'))}; this is cnn-digits {__version__}, which reads up "
            f"to {VERSION}."
        )
    if version == 1 and isinstance(meta.get("building"), dict):
        meta["building"].setdefault("sharpness", 1.0)
    check_description(meta)
    parameters, building = meta["parameters"], meta["building"]
    if version == 1:
        building["architecture"] = _RENAMED.get(building["architecture"], building["architecture"])
    if building["architecture"] is None and architecture is None:
        raise ValueError(
            "its network was built by a function of the user's own, which files don't hold; pass "
            "that function as architecture."
        )
    if building["architecture"] is not None and architecture is not None:
        raise ValueError(
            f"its network is {building['architecture']!r} of this package; architecture must be "
            "None."
        )
    for values in (parameters, building):
        if values["architecture"] is None:
            values["architecture"] = architecture
    return meta


def parameters_of(meta):
    """Parameters of a classifier, from a description that has been checked."""
    parameters = _with_components(meta["parameters"])
    if isinstance(parameters["augment"], dict):
        parameters["augment"] = Augment(**parameters["augment"])
        parameters["augment"]._validate_params()
    if isinstance(parameters["class_weight"], list):
        parameters["class_weight"] = dict(parameters["class_weight"])
    return parameters


def blueprint_of(meta):
    """What its network is built from, from a description that has been checked."""
    building = {key: meta["building"][key] for key in _BUILDING}
    # Earlier files name optimizer and loss among the parameters alone.
    components = {
        key: meta["building"].get(key, meta["parameters"][key]) for key in ("optimizer", "loss")
    }
    return Blueprint(**_with_components(with_dropout({**building, **components})))


def with_dropout(building):
    """Without the None that stood for a dropout that is the architecture's own."""
    if building["dropout"] is None:
        building = {**building, "dropout": recipe_for(building["architecture"]).dropout}
    return building


def _with_components(values):
    """With optimizer and loss as Keras's own objects, or their names."""
    components = {
        "optimizer": _component(values["optimizer"], keras.optimizers, keras.optimizers.Optimizer),
        "loss": _component(values["loss"], keras.losses, keras.losses.Loss),
    }
    check_components(**components)
    return {**values, **components}


def _component(value, module, base):
    """The inverse of `_named`: nothing but Keras's own classes and plain values."""
    if isinstance(value, str):
        return value
    cls = vars(module).get(value["class"])
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise ValueError(f"{SHORT.repr(value)} is no {base.__name__} of Keras.")
    config, inner = dict(value["config"]), {}
    if "inner_optimizer" in config:
        inner["inner_optimizer"] = _component(config.pop("inner_optimizer"), module, base)
    defaults = cls(**inner).get_config()
    for key, part in config.items():
        if key not in defaults or not _is_alike(part, defaults[key]):
            raise ValueError(
                f"{SHORT.repr(value)} is no {base.__name__} of Keras: {key} is {SHORT.repr(part)}."
            )
    return cls(**inner, **config)


def _is_alike(value, default):
    """Whether a value may stand in the place of another in the config of a Keras object."""
    if value is None:
        return default is None or isinstance(default, str)
    if isinstance(default, (bool, str)) or isinstance(value, (bool, str)):
        return type(value) is type(default)
    return True
