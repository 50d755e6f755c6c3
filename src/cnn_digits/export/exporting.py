"""The way from a fitted classifier to a file for another runtime."""

import re
import shutil
import tempfile
import threading
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np

from cnn_digits.export.formats import format_of
from cnn_digits.export.trial import N_IMAGES, check_file, noise
from cnn_digits.files import (
    check_writable,
    folder_written_whole,
    writable_folder,
    written_whole,
)

# What tells a SavedModel from a folder of anything else.
_SAVED_MODEL = "saved_model.pb"

_writing = threading.Lock()


def export(fitted, metadata, path, *, format, dtype, images, quantize):
    """Write a network to a file of another format, once the file says what the network says.

    Parameters
    ----------
    fitted : Fitted
    metadata : Metadata
    path, format, dtype, quantize
        As for `CNNDigitClassifier.export`, which says what is raised.
    images : ndarray of shape (n, h, w, c) or None
    """
    name, kind = format_of(path, format)
    _check_place(path, kind)
    _check_settings(name, kind, images, quantize)
    _check_dtype(dtype, metadata.pixel_range, images)
    network = _in_float32(fitted)
    shown = noise(metadata.image_shape, metadata.pixel_range) if images is None else images
    shown = shown[:N_IMAGES].astype(dtype)
    signature = [keras.InputSpec(shape=(None, *metadata.image_shape), dtype=dtype, name="images")]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / f"network{kind.suffix}"
        more = {"images": shown} if quantize else {}
        try:
            # One at a time, because exporters use logs and warnings, which all threads share.
            with _writing:
                kind.write(network, str(made), signature, metadata, **more)
        except OSError:  # a full disk
            raise
        except Exception as error:  # exporters raise anything for what they can't express
            raise ValueError(_refusal(name, network, error)) from error
        try:
            call = kind.open(str(made))
            if call is not None:
                expected = network.predict_on_batch(shown.astype(np.float32))
                check_file(call, expected, shown, quantized=quantize)
        except Exception as error:  # a runtime raises anything for what it can't read
            reason = " ".join(str(error).split())
            raise ValueError(f"{path} is not written: tried at once, {reason}") from error
        _move(made, path, kind)


def _check_place(path, kind):
    """Raise OSError if nothing can be written there, or something else would be lost."""
    path = Path(path)
    if kind.suffix or not path.is_dir():
        check_writable(path)
    else:
        writable_folder(path.resolve().parent)
    if not kind.suffix and path.exists() and not (path / _SAVED_MODEL).is_file():
        what = "a folder of something else" if path.is_dir() else "a file"
        raise FileExistsError(f"{path} is {what}; expected a new folder, or a SavedModel's.")


def _check_dtype(dtype, pixel_range, images):
    """Raise ValueError unless pixels on the scale of `fit` are of a dtype."""
    if dtype not in ("float32", "uint8"):
        raise ValueError(f"dtype={dtype!r}; expected 'float32' or 'uint8'.")
    if dtype == "float32":
        return
    low, high = pixel_range
    if low < 0 or not 1 < high <= 255:
        raise ValueError(
            f"dtype='uint8', but pixels in fit ranged from {low:g} to {high:g}; expected whole "
            "numbers up to 255, or dtype='float32'."
        )
    if images is not None and not np.array_equal(images, images.astype(np.uint8)):
        raise ValueError(
            "dtype='uint8', but pixels of images are no whole numbers from 0 to 255; expected "
            "images as in fit, or dtype='float32'."
        )


def _check_settings(name, kind, images, quantize):
    if quantize and name != "litert":
        raise ValueError(f"quantize=True, but format {name!r}; only 'litert' (.tflite) has int8.")
    if quantize and images is None:
        raise ValueError(
            "quantize=True needs images, to see how large activations become: some hundred like "
            "those that the network was trained on."
        )
    if keras.backend.backend() != "tensorflow" and name != "keras":
        raise RuntimeError(
            f"Keras runs on {keras.backend.backend()}; {name!r} is written under TensorFlow alone: "
            "save the classifier, and export it in a process with KERAS_BACKEND=tensorflow."
        )
    missing = [package for package in kind.needs if find_spec(package) is None]
    if missing:
        raise ModuleNotFoundError(
            f"{' and '.join(missing)} missing, which write {kind.suffix} files: "
            'pip install "cnn-digits[export]"'
        )


def _in_float32(fitted):
    """The network, or one with its weights that computes in float32."""
    network, blueprint = fitted.network, fitted.blueprint
    if blueprint.dtype_policy == "float32":
        return network
    twin = replace(blueprint, dtype_policy="float32").build(
        network.input_shape[1:], len(fitted.classes)
    )
    twin.set_weights(network.get_weights())
    return twin


def _refusal(name, network, error):
    """Why a network can't be written, with the layer that it is about, if the reason names one."""
    reason = " ".join(str(error).split())
    layers = [layer for layer in network._flatten_layers() if not isinstance(layer, keras.Model)]
    # TensorFlow numbers names that it has had before.
    named = [layer for layer in layers if re.search(rf"/{re.escape(layer.name)}(_\d+)?/", reason)]
    at = "".join(f" Its layer {each.name!r} ({type(each).__name__}):" for each in named[:1])
    return f"The network can't be written as {name!r}.{at} {reason}"


def _move(made, path, kind):
    if kind.suffix:
        with written_whole(path) as file:
            file.write(made.read_bytes())
    else:
        with folder_written_whole(path) as folder:
            shutil.copytree(made, folder)
