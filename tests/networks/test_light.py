"""The networks in the box for ONNX Runtime are those that Keras opens."""

from importlib.resources import files

import numpy as np
import pytest

from cnn_digits import NumberReader, load_pretrained
from cnn_digits.onnx_network import OnnxNetwork
from cnn_digits.reading.strips import STRIP_HEIGHT

pytest.importorskip("tf2onnx")

BOX = files("cnn_digits.pretrained")


def assert_alike(path, batch, expected, atol):
    np.testing.assert_allclose(OnnxNetwork(path)(batch), expected, atol=atol)


def test_the_files_are_what_the_command_makes(tmp_path):
    from light import make_digits, make_numbers

    make_digits(tmp_path / "digits.onnx")
    make_numbers(tmp_path / "numbers.onnx")
    rng = np.random.default_rng(0)
    frames = rng.uniform(0, 255, (20, 28, 28, 1)).astype(np.float32)
    expected = load_pretrained().predict_proba(frames)
    strips = np.kron(rng.integers(0, 256, (4, 6, 12, 1)), np.ones((1, 4, 8, 1))).astype(np.uint8)
    assert strips.shape[1] == STRIP_HEIGHT
    network = NumberReader()._in_use()[0].network
    logits = np.asarray(network(strips, training=False))
    for folder in (tmp_path, BOX):
        assert_alike(folder / "digits.onnx", frames, expected, atol=1e-5)
        # Weights are rounded once more, to 16 bits.
        assert_alike(folder / "numbers.onnx", strips, logits, atol=2e-3 * np.abs(logits).max())
    for name in ("digits.onnx", "numbers.onnx"):
        made, kept = OnnxNetwork(tmp_path / name), OnnxNetwork(BOX / name)
        assert made.metadata == kept.metadata
