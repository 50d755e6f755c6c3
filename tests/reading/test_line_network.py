import numpy as np
import pytest

from cnn_digits.reading.line_network import STRIDE, build_network
from cnn_digits.reading.symbols import SYMBOLS


@pytest.mark.parametrize("width", [4, 32, 100])
def test_any_width(width):
    strips = np.zeros((2, 24, width, 1), np.uint8)
    answers = np.asarray(build_network(seed=0)(strips))
    assert answers.shape == (2, width // STRIDE, 1 + len(SYMBOLS))


def test_the_same_seed_the_same_weights():
    one, same, other = (build_network(seed).get_weights() for seed in (1, 1, 2))
    assert all(map(np.array_equal, one, same))
    assert not all(map(np.array_equal, one, other))


def test_global_settings_do_not_matter(run_python):
    """What is read, and how sure that is, with and without."""
    code = """
import keras
{setting}
from PIL import Image, ImageDraw
from cnn_digits import NumberReader
from cnn_digits.reading import number_reader
number_reader.is_available = lambda: False  # not ONNX Runtime, which knows none of them
paper = Image.new("L", (190, 100), 230)
pen = ImageDraw.Draw(paper)
pen.line([(30, 22), (62, 20), (42, 78)], fill=40, width=7, joint="curve")
pen.line([(92, 20), (78, 54), (116, 52)], fill=40, width=7, joint="curve")
pen.line([(106, 36), (102, 78)], fill=40, width=7)
print(NumberReader().confidence([paper]).tolist())
"""
    settings = [
        "",
        "keras.config.set_image_data_format('channels_first')",
        "keras.config.set_dtype_policy('mixed_float16')",
    ]
    confidences = {run_python(code.format(setting=setting)) for setting in settings}
    assert len(confidences) == 1, confidences
    assert float(confidences.pop().strip("[]")) > 0.5
