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

import numpy as np

from cnn_digits import __version__
from cnn_digits.files import written_whole
from cnn_digits.images import check_image_shape
from cnn_digits.transformers import Augment

FORMAT = "cnn-digits"
VERSION = 2

# What a network of a file of version 1 is called now, if something else has taken its name.
_RENAMED = {"compact": "compact_version_1"}

_META = "classifier.json"

# No description of a classifier is longer, however many epochs and feature names.
_MAX_META_BYTES = 64 * 2**20


def network_state(network):
    """Configuration and arrays of a compiled network, its optimizer's included.

    Neither scikeras nor a temporary file has a part in it, and it is the same whether or
    not somebody else's import has changed how Keras models are pickled.

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

    return {
        "config": keras.saving.serialize_keras_object(network),
        "network": _arrays(network.variables),
        "optimizer": _arrays(network.optimizer.variables),
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


def _arrays(variables):
    import keras

    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def save(clf, path):
    """Write a fitted classifier, whole or not at all.

    Parameters
    ----------
    clf : CNNDigitClassifier
        Fitted.
    path : str or path-like
    """
    meta = json.dumps(_describe(clf), indent=1)
    with written_whole(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr(_META, meta, zipfile.ZIP_DEFLATED)
        for name, variable in _all_entries(clf.model_):
            with archive.open(name, "w", force_zip64=True) as entry:
                array = np.asarray(_arrays([variable])[0], order="C")
                np.lib.format.write_array(entry, array, version=(1, 0), allow_pickle=False)


def load(clf, path, architecture):
    """Read into an unfitted classifier what `save` has written.

    Parameters
    ----------
    clf : CNNDigitClassifier
    path : str or path-like
    architecture : callable or None

    Returns
    -------
    clf : CNNDigitClassifier
        With parameters and fitted attributes.

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
            _restore(clf, meta, architecture, archive)
            for name, variable in _all_entries(clf.model_):
                variable.assign(_read_array(archive, name, variable))
    except OSError:
        raise
    except Exception as error:
        # Damage can show anywhere between the first byte and the last; it is one error.
        raise ValueError(f"{os.fspath(path)} can't be loaded: {error}") from error
    return clf


def _all_entries(network):
    """Names in the file and variables of a compiled network."""
    return [
        *_entries("network", network.variables),
        *_entries("optimizer", network.optimizer.variables),
    ]


def _entries(group, variables):
    return [(f"{group}/{i}.npy", variable) for i, variable in enumerate(variables)]


def _describe(clf):
    """A fitted classifier as plain values that JSON can hold."""
    import keras

    parameters = clf.get_params(deep=False)
    del parameters["callbacks"]
    parameters["optimizer"] = _named(parameters["optimizer"], "optimizer", keras.optimizers)
    parameters["loss"] = _named(parameters["loss"], "loss", keras.losses)
    if hasattr(parameters["augment"], "get_params"):
        parameters["augment"] = parameters["augment"].get_params()
    if isinstance(parameters["class_weight"], dict):
        parameters["class_weight"] = list(parameters["class_weight"].items())
    for values in (parameters, parameters["augment"]):
        if isinstance(values, dict) and isinstance(values["random_state"], np.random.RandomState):
            values["random_state"] = None
    building = dict(clf._building)
    for values in (parameters, building):
        if callable(values["architecture"]):
            values["architecture"] = None
    classes = clf.classes_
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
            "image_shape": clf.image_shape_,
            "n_features_in": clf.n_features_in_,
            "feature_names_in": getattr(clf, "feature_names_in_", None),
            "pixel_range": clf._pixel_range,
            "history": clf.history_,
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


def _restore(clf, meta, architecture, archive):
    """Parameters, fitted attributes and an untrained network, from what `_describe` said."""
    import keras

    from cnn_digits import training
    from cnn_digits.architectures import build_network, look_up

    parameters, building = dict(meta["parameters"]), dict(meta["building"])
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
    parameters["optimizer"] = _from_named(
        parameters["optimizer"], keras.optimizers, keras.optimizers.Optimizer
    )
    parameters["loss"] = _from_named(parameters["loss"], keras.losses, keras.losses.Loss)
    if isinstance(parameters["augment"], dict):
        parameters["augment"] = Augment(**parameters["augment"])
    if isinstance(parameters["class_weight"], list):
        parameters["class_weight"] = dict(parameters["class_weight"])
    clf.set_params(**parameters)
    clf._validate_params()

    dtype = np.dtype(meta["classes"]["dtype"])
    if dtype.kind not in "iufbUO":
        raise ValueError(f"labels of dtype {dtype} are unknown to it.")
    clf.classes_ = np.array(meta["classes"]["labels"], dtype=dtype)
    clf.image_shape_ = tuple(meta["image_shape"])
    check_image_shape(clf.image_shape_)
    clf.n_features_in_ = int(meta["n_features_in"])
    if meta["feature_names_in"] is not None:
        clf.feature_names_in_ = np.array(meta["feature_names_in"], dtype=object)
    clf._pixel_range = tuple(meta["pixel_range"])
    clf.history_ = meta["history"]
    clf.n_iter_ = len(clf.history_.get("loss", ()))
    clf._building = building
    keys = "architecture", "dropout", "mean", "std", "sharpness"
    network_building = {key: building[key] for key in keys}
    betas = look_up(building["architecture"]).betas

    def build():
        return build_network(clf.image_shape_, len(clf.classes_), **network_building)

    def build_without_weights():
        with seeded(), keras.StatelessScope(initialize_variables=False):
            return build().variables

    def seeded():
        return training.seeded_build(np.random.SeedSequence(0), building["dtype_policy"])

    # First without memory for its weights, to compare their shapes with the arrays: a forged
    # image_shape or list of labels would make it huge. Keras remembers such variables, to
    # give them their memory later; but each thread remembers its own.
    with ThreadPoolExecutor(1) as pool:
        variables = pool.submit(build_without_weights).result()
    for name, variable in _entries("network", variables):
        with archive.open(name) as entry:
            _check_header(entry, name, variable)
    with seeded():
        clf.model_ = build()
        training.compile_network(clf.model_, optimizer=clf.optimizer, loss=clf.loss, betas=betas)


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
