"""The formats: how each is named, written and read again."""

import functools
import importlib
import io
import logging
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import keras

from cnn_digits.devices import to_numpy
from cnn_digits.metadata import METADATA_FILE
from cnn_digits.onnx_network import OnnxNetwork, is_available

# Where TensorFlow leaves room for what others want to keep in a SavedModel.
_EXTRA = "assets.extra"

# The version of ONNX's operators: old enough for runtimes of some years.
_OPSET = 15


@dataclass(frozen=True)
class Format:
    """How a network is written in a format.

    Parameters
    ----------
    suffix : str
        Of the files, "" of a folder.
    write : callable
        `write(network, path, signature, metadata)`.
    open : callable
        `open(path)`, a function from images to probabilities by the runtime of the format, or None
        if that isn't installed.
    needs : tuple of str
        Packages to import beyond those of this package.
    """

    suffix: str
    write: Callable
    open: Callable
    needs: tuple = ()


def format_of(path, format):
    """A format by its name, or by the ending of a path.

    Returns
    -------
    name : str
    format : Format

    Raises
    ------
    ValueError
        If there is no such format, or the ending is that of another one.
    """
    suffix = Path(path).suffix
    if format is None:
        names = [name for name, each in FORMATS.items() if each.suffix == suffix.lower()]
        if not names:
            endings = ", ".join(f"{each.suffix or 'none'} ({n!r})" for n, each in FORMATS.items())
            raise ValueError(f"{path} ends in {suffix!r}; expected one of {endings}.")
        return names[0], FORMATS[names[0]]
    if format not in FORMATS:
        raise ValueError(f"format={format!r}; expected None or one of {', '.join(FORMATS)}.")
    expected = FORMATS[format].suffix
    if suffix.lower() != expected:
        ending = f"ends in {suffix!r}" if suffix else "has no ending"
        raise ValueError(
            f"{path} {ending}; expected {expected or 'none, for a folder'} for format={format!r}."
        )
    return format, FORMATS[format]


def write_onnx(network, path, signature, metadata):
    import onnx

    model = as_onnx(network, signature, output="probabilities")
    for name, text in metadata.entries().items():
        model.metadata_props.add(key=name, value=text)
    onnx.save(model, path)


def as_onnx(network, signature, output):
    """A network as ONNX has it.

    Parameters
    ----------
    network : keras.Model
    signature : list of keras.InputSpec
    output : str
        Name of what comes out.

    Returns
    -------
    model : onnx.ModelProto

    Raises
    ------
    ValueError
        If ONNX lacks an operation.
    """
    import onnx

    # Of what it can't translate tf2onnx only tells its log.
    errors = io.StringIO()
    handler = logging.StreamHandler(errors)
    handler.setLevel(logging.ERROR)
    log = logging.getLogger("tf2onnx")
    log.addHandler(handler)
    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            # Keras asks NumPy for a name that it has no more.
            warnings.simplefilter("ignore", FutureWarning)
            path = f"{folder}/network.onnx"
            network.export(
                path,
                format="onnx",
                verbose=False,
                input_signature=signature,
                opset_version=_OPSET,
            )
            model = onnx.load(path)
    finally:
        log.removeHandler(handler)
    foreign = {node.domain for node in model.graph.node} - {"", "ai.onnx"}
    if errors.getvalue() or foreign:
        raise ValueError(f"ONNX has no such operation. {errors.getvalue()}")
    _rename(model.graph, output)
    return model


def _rename(graph, output):
    """Name what comes out, and number the rest: tf2onnx counts on from one export to the next."""
    names = {graph.input[0].name: graph.input[0].name, graph.output[0].name: output}
    for i, node in enumerate(graph.node):
        node.name = f"{node.op_type}{i}"
        for places in (node.input, node.output):
            places[:] = [name and names.setdefault(name, f"values{len(names)}") for name in places]
    weights = {names[each.name]: each for each in graph.initializer if each.name in names}
    for name, each in weights.items():
        each.name = name
    # In the order of their use.
    ordered = [
        type(each).FromString(weights[name].SerializeToString())
        for name in names.values()
        if name in weights
    ]
    del graph.initializer[:], graph.value_info[:]
    graph.initializer.extend(ordered)
    graph.doc_string = ""
    graph.output[0].name = output
    for end in (graph.input[0], graph.output[0]):
        for i, side in enumerate(end.type.tensor_type.shape.dim):
            if side.dim_param:
                side.dim_param = f"side{i}" if i else "n"


def write_saved_model(network, path, signature, metadata):
    _archive(network, path, signature)
    folder = Path(path) / _EXTRA
    folder.mkdir()
    (folder / METADATA_FILE).write_text(metadata.to_json(), "utf-8")


def _archive(network, path, signature):
    """A SavedModel of the network as it predicts."""
    archive = keras.export.ExportArchive()
    archive.track(network)
    call = functools.partial(network.__call__, training=False)
    archive.add_endpoint("serve", call, input_signature=signature)
    archive.write_out(path, verbose=False)


def write_keras(network, path, signature, metadata):
    # Without its optimizer, whose state takes twice the room.
    keras.Model(network.inputs, network.outputs, name=network.name).save(path)
    _append(path, metadata)


def write_litert(network, path, signature, metadata, images=None):
    """LiteRT, float32; with images to measure activations on, int8."""
    import tensorflow as tf

    folder = Path(path).with_suffix("")
    _archive(network, folder, signature)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    if images is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([image[None]] for image in images)
    Path(path).write_bytes(converter.convert())
    # Behind the network, where LiteRT's tools look for files that belong to it.
    _append(path, metadata)


def _append(path, metadata):
    with zipfile.ZipFile(path, "a") as archive:
        # The same file for the same network.
        archive.writestr(zipfile.ZipInfo(METADATA_FILE), metadata.to_json())


def open_onnx(path):
    return OnnxNetwork(path) if is_available() else None


def open_litert(path):
    # TensorFlow has the same interpreter, which leaves it.
    of_its_own = find_spec("ai_edge_litert") is not None
    module = "ai_edge_litert.interpreter" if of_its_own else "tensorflow.lite"
    interpreter = importlib.import_module(module).Interpreter(model_path=str(path))

    def call(images):
        place = interpreter.get_input_details()[0]["index"]
        interpreter.resize_tensor_input(place, images.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(place, images)
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

    return call


def open_saved_model(path):
    import tensorflow as tf

    # The function is gone with the model that it belongs to.
    model = tf.saved_model.load(str(path))
    return lambda images: model.serve(images).numpy()


def open_keras(path):
    model = keras.models.load_model(path)
    return lambda images: to_numpy(model(images, training=False))


FORMATS = {
    "onnx": Format(".onnx", write_onnx, open_onnx, needs=("tf2onnx", "onnx")),
    "litert": Format(".tflite", write_litert, open_litert),
    "keras": Format(".keras", write_keras, open_keras),
    "saved_model": Format("", write_saved_model, open_saved_model),
}
