"""A fitted classifier in a file that is safe to open, and its network in a pickle.

The file is a zip of JSON and plain arrays. Opening it executes nothing that it holds: the
network is built by name from this package, and arrays are read only if their header says
what that network expects.
"""

import json
import math
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import keras
import numpy as np

from cnn_digits import __version__
from cnn_digits.architectures import recipe_for
from cnn_digits.augmentation import Augment
from cnn_digits.blueprint import Blueprint
from cnn_digits.files import written_whole
from cnn_digits.images import check_image_shape

FORMAT = "cnn-digits"
VERSION = 2

# What a network of a file of version 1 is called now, if something else has taken its name.
_RENAMED = {"compact": "compact_version_1"}

_META = "classifier.json"

# No description of a classifier is longer, however many epochs and feature names.
_MAX_META_BYTES = 64 * 2**20

# What a file says of the blueprint apart from optimizer and loss; the seed has had its effect.
_BUILDING = ("architecture", "dropout", "mean", "std", "sharpness", "dtype_policy")


@dataclass(frozen=True)
class Fitted:
    """What a fit leaves behind.

    Parameters
    ----------
    network : keras.Model
        Compiled.
    blueprint : Blueprint
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    pixel_range : (float, float)
        Lowest and highest pixel in training.
    history : dict of lists
        See `CNNDigitClassifier.history_`.
    n_features_in : int
        Values per image.
    feature_names_in : ndarray of shape (n_features_in,) or None
    framed : bool or None
        Whether pictures were brought into MNIST's frame before the fit; None if that is not
        known.
    """

    network: keras.Model
    blueprint: Blueprint
    classes: np.ndarray
    pixel_range: tuple
    history: dict
    n_features_in: int
    feature_names_in: np.ndarray | None
    framed: bool | None = None


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
    return {**packed, "blueprint": {**_complete(building), **compiled}}


def _complete(building):
    """Without the None that stood for a dropout that is the architecture's own."""
    if building["dropout"] is None:
        building = {**building, "dropout": recipe_for(building["architecture"]).dropout}
    return building


def _arrays(variables):
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def save(path, parameters, fitted):
    """Write a fitted classifier, whole or not at all.

    Parameters
    ----------
    path : str or path-like
    parameters : dict
        Of the classifier.
    fitted : Fitted
    """
    meta = json.dumps(_description(parameters, fitted), indent=1)
    with written_whole(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr(_META, meta, zipfile.ZIP_DEFLATED)
        for name, variable in _all_entries(fitted.network):
            with archive.open(name, "w", force_zip64=True) as entry:
                array = np.asarray(_arrays([variable])[0], order="C")
                np.lib.format.write_array(entry, array, version=(1, 0), allow_pickle=False)


@contextmanager
def loaded(path, architecture):
    """Read what `save` has written.

    Whatever is wrong, also in what the block makes of it, is one error that names the file.

    Parameters
    ----------
    path : str or path-like
    architecture : callable or None
        What built the network, if that was a function of the user's own.

    Yields
    ------
    parameters : dict
    fitted : Fitted

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no such file, is damaged, or was written by a later version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            meta = _read_meta(archive)
            _check_sizes(archive, os.path.getsize(path))
            _set_architecture(meta, architecture)
            yield _parameters(meta), _fitted(meta, archive)
    except OSError:
        raise
    except Exception as error:
        # Damage can show anywhere between the first byte and the last; it is one error.
        raise ValueError(f"{os.fspath(path)} can't be loaded: {error}") from error


def _all_entries(network):
    """Names in the file and variables of a compiled network."""
    return [
        *_entries("network", network.variables),
        *_entries("optimizer", network.optimizer.variables),
    ]


def _entries(group, variables):
    return [(f"{group}/{i}.npy", variable) for i, variable in enumerate(variables)]


def _description(parameters, fitted):
    """A fitted classifier as plain values that JSON can hold."""
    parameters = dict(parameters)
    del parameters["callbacks"]
    if isinstance(parameters["augment"], Augment):
        parameters["augment"] = parameters["augment"].get_params()
    if isinstance(parameters["class_weight"], dict):
        parameters["class_weight"] = list(parameters["class_weight"].items())
    for values in (parameters, parameters["augment"]):
        if isinstance(values, dict) and isinstance(values["random_state"], np.random.RandomState):
            values["random_state"] = None
    building = {key: getattr(fitted.blueprint, key) for key in (*_BUILDING, "optimizer", "loss")}
    for values in (parameters, building):
        values["optimizer"] = _named(values["optimizer"], "optimizer", keras.optimizers)
        values["loss"] = _named(values["loss"], "loss", keras.losses)
        if callable(values["architecture"]):
            values["architecture"] = None
    classes = fitted.classes
    if classes.dtype.kind not in "iufbUO" or not all(
        isinstance(label, (str, int, float)) for label in classes.tolist()
    ):
        raise ValueError(f"Labels of {classes.dtype} can't be written as text: {classes!r}.")
    return _plain(
        {
            "format": FORMAT,
            "version": VERSION,
            "versions": {"cnn_digits": __version__, "keras": keras.__version__},
            "parameters": parameters,
            "building": building,
            "classes": {"dtype": classes.dtype.str, "labels": classes.tolist()},
            "image_shape": fitted.network.input_shape[1:],
            "n_features_in": fitted.n_features_in,
            "feature_names_in": fitted.feature_names_in,
            "pixel_range": fitted.pixel_range,
            "history": fitted.history,
            "framed": fitted.framed,
        }
    )


def _plain(value):
    """Python's own numbers and containers for NumPy's and tuples."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _named(value, parameter, module):
    """A Keras object as the name of its class and plain numbers."""
    if isinstance(value, str):
        return value
    name = type(value).__name__
    config = value.get_config() if getattr(module, name, None) is type(value) else None
    if config is None or not _is_plain(config):
        raise ValueError(
            f"{parameter}={value!r} can't be written as text; use one of Keras's own with plain "
            "numbers, or pickle the classifier."
        )
    return {"class": name, "config": config}


def _is_plain(config):
    return all(value is None or isinstance(value, (str, int, float)) for value in config.values())


def _from_named(value, module, base):
    """The inverse of `_named`: nothing but Keras's own classes and plain numbers."""
    if isinstance(value, str):
        return value
    cls = vars(module).get(value["class"])
    if not (isinstance(cls, type) and issubclass(cls, base) and _is_plain(value["config"])):
        raise ValueError(f"{value!r} is no {base.__name__} of Keras.")
    return cls.from_config(value["config"])


def _read_meta(archive):
    if archive.getinfo(_META).file_size > _MAX_META_BYTES:
        raise ValueError(f"{_META} claims to be larger than {_MAX_META_BYTES:,} bytes.")
    with archive.open(_META) as entry:
        meta = json.loads(entry.read(_MAX_META_BYTES))
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise ValueError("it was not written by CNNDigitClassifier.save.")
    if meta.get("version") not in (1, VERSION):
        raise ValueError(
            f"it has format version {meta.get('version')!r}, written by cnn-digits "
            f"{meta['versions']['cnn_digits']}; this is {__version__}, which reads up to {VERSION}."
        )
    return meta


def _check_sizes(archive, n_bytes):
    """Raise unless the arrays lie in the file as they are: none can unpack to more."""
    arrays = [entry for entry in archive.infolist() if entry.filename != _META]
    total = sum(entry.file_size for entry in arrays)
    if total > n_bytes or any(entry.compress_type != zipfile.ZIP_STORED for entry in arrays):
        raise ValueError(f"its arrays claim {total:,} bytes in a file of {n_bytes:,}.")


def _set_architecture(meta, architecture):
    """Put the function that built the network, or the name it has now, into the description."""
    parameters, building = meta["parameters"], meta["building"]
    if meta["version"] == 1:
        building["architecture"] = _RENAMED.get(building["architecture"], building["architecture"])
        building["sharpness"] = 1.0
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


def _parameters(meta):
    """Parameters of a classifier, from what `_description` said."""
    parameters = _with_components(meta["parameters"])
    if isinstance(parameters["augment"], dict):
        parameters["augment"] = Augment(**parameters["augment"])
    if isinstance(parameters["class_weight"], list):
        parameters["class_weight"] = dict(parameters["class_weight"])
    return parameters


def _with_components(values):
    """With optimizer and loss as Keras's own objects, or their names."""
    return {
        **values,
        "optimizer": _from_named(values["optimizer"], keras.optimizers, keras.optimizers.Optimizer),
        "loss": _from_named(values["loss"], keras.losses, keras.losses.Loss),
    }


def _fitted(meta, archive):
    """What a fit has left behind, from what `_description` said and the arrays."""
    dtype = np.dtype(meta["classes"]["dtype"])
    if dtype.kind not in "iufbUO":
        raise ValueError(f"labels of dtype {dtype} are unknown to it.")
    classes = np.array(meta["classes"]["labels"], dtype=dtype)
    names = meta["feature_names_in"]
    building = {key: meta["building"][key] for key in _BUILDING}
    # Earlier files of this version name optimizer and loss among the parameters alone.
    components = {
        key: meta["building"].get(key, meta["parameters"][key]) for key in ("optimizer", "loss")
    }
    blueprint = Blueprint(**_with_components({**_complete(building), **components}))
    return Fitted(
        network=_read_network(archive, blueprint, tuple(meta["image_shape"]), len(classes)),
        blueprint=blueprint,
        classes=classes,
        pixel_range=tuple(meta["pixel_range"]),
        history=meta["history"],
        n_features_in=int(meta["n_features_in"]),
        feature_names_in=None if names is None else np.array(names, dtype=object),
        framed=meta.get("framed"),  # earlier files don't say
    )


def _read_network(archive, blueprint, image_shape, n_classes):
    """The network of a blueprint with the arrays of a file, and its optimizer with its own."""
    check_image_shape(image_shape)
    # First without memory for its weights, to compare their shapes with the arrays: a forged
    # image_shape or list of labels would make it huge.
    with ThreadPoolExecutor(1) as pool:
        variables = pool.submit(blueprint.variables, image_shape, n_classes).result()
    for name, variable in _entries("network", variables):
        with archive.open(name) as entry:
            _check_header(entry, name, variable)
    network = blueprint.build(image_shape, n_classes)
    for name, variable in _all_entries(network):
        variable.assign(_read_array(archive, name, variable))
    return network


def _check_header(entry, name, variable):
    """Read the header of an array; raise unless it is that of a variable's value."""
    shape, dtype = tuple(variable.shape), np.dtype(variable.dtype)
    if np.lib.format.read_magic(entry) != (1, 0):
        raise ValueError(f"{name} is no array of this format.")
    header = np.lib.format.read_array_header_1_0(entry)
    if header != (shape, False, dtype):
        raise ValueError(
            f"{name} holds {header[2]} of shape {header[0]}; the network expects {dtype} of shape "
            f"{shape}."
        )


def _read_array(archive, name, variable):
    """An array of the file, for a variable."""
    with archive.open(name) as entry:
        _check_header(entry, name, variable)
        n_bytes = math.prod(variable.shape) * np.dtype(variable.dtype).itemsize
        data = entry.read(n_bytes)
        if len(data) != n_bytes or entry.read(1):  # reading to the end checks the CRC
            raise ValueError(f"{name} does not have {n_bytes} bytes of data.")
        return np.frombuffer(data, variable.dtype).reshape(variable.shape)
