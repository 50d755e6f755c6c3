"""Make the networks in the box for ONNX Runtime, of those that Keras opens.

python networks/light.py [--out FOLDER]
"""

import argparse
import json
from pathlib import Path

import keras
import numpy as np
import onnx
from onnx import numpy_helper

from cnn_digits import NumberReader, load_pretrained
from cnn_digits.export.formats import as_onnx
from cnn_digits.reading.strips import STRIP_HEIGHT

IN_THE_BOX = Path(__file__).parents[1] / "src" / "cnn_digits" / "pretrained"


def make_digits(path):
    """The classifier of single digits."""
    load_pretrained().export(path)


def make_numbers(path):
    """What reads lines, and how far it is to be believed; weights in 16 bits, as they were."""
    fitted, _ = NumberReader()._in_use()
    strips = keras.InputSpec(shape=(None, STRIP_HEIGHT, None, 1), dtype="uint8", name="strips")
    model = as_onnx(fitted.network, [strips], output="logits")
    calibration = {"slope": fitted.calibration.slope, "offset": fitted.calibration.offset}
    model.metadata_props.add(key="calibration", value=json.dumps(calibration))
    in_16_bits(model.graph)
    onnx.save(model, path)


def in_16_bits(graph):
    """Keep weights in 16 bits, which the runtime turns into 32 when it opens the file."""
    casts = []
    for weights in graph.initializer:
        values = numpy_helper.to_array(weights)
        if values.dtype != np.float32 or values.ndim < 2:
            continue
        name = weights.name
        weights.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_16"))
        to = onnx.TensorProto.FLOAT
        casts.append(onnx.helper.make_node("Cast", [weights.name], [name], to=to))
    for node in reversed(casts):
        graph.node.insert(0, node)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=IN_THE_BOX, metavar="FOLDER")
    folder = parser.parse_args().out
    make_digits(folder / "digits.onnx")
    make_numbers(folder / "numbers.onnx")


if __name__ == "__main__":
    main()
