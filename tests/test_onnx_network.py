"""A network in an ONNX file, in this process and in others."""

import os
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import numpy as np
import pytest

from cnn_digits.onnx_network import OnnxNetwork

pytest.importorskip("onnxruntime")

PATH = files("cnn_digits.pretrained") / "digits.onnx"
FRAMES = np.random.default_rng(0).uniform(0, 255, (6, 28, 28, 1)).astype(np.float32)


def test_what_it_says():
    network = OnnxNetwork(PATH)
    probabilities = network(FRAMES)
    assert probabilities.shape == (6, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert network.dtype == "float"
    assert network.metadata["labels"] == str(list(range(10)))


def test_from_threads():
    network = OnnxNetwork(PATH)
    expected = network(FRAMES)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(network, [FRAMES] * 32):
            np.testing.assert_array_equal(found, expected)


def test_a_runtime_that_is_not_in_order(tmp_path, run_python):
    """It is said of the runtime, not of the file; and others read in its place."""
    (tmp_path / "onnxruntime").mkdir()
    (tmp_path / "onnxruntime" / "__init__.py").write_text("raise ImportError('DLL load failed')")
    code = (
        "import sys, numpy as np; from cnn_digits import OnnxDigitClassifier, NumberReader\n"
        "try: OnnxDigitClassifier().fit()\n"
        "except ImportError as error: print(error)\n"
        "paper = np.full((60, 90), 230, np.uint8); paper[10:50, 70:75] = 40\n"
        "print(*NumberReader().predict([paper]), 'keras' in sys.modules)"
    )
    environment = os.environ.get("PYTHONPATH", "")
    out = run_python(code, PYTHONPATH=os.pathsep.join([str(tmp_path), environment]))
    assert out.splitlines() == [
        "ONNX Runtime is installed, but can't be imported: DLL load failed. Install it again.",
        "1 True",
    ]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_after_a_fork(run_python):
    code = (
        "import os, numpy as np; from cnn_digits.onnx_network import OnnxNetwork\n"
        f"network = OnnxNetwork({str(PATH)!r})\n"
        "frames = np.zeros((2000, 28, 28, 1), np.float32); network(frames)\n"
        "child = os.fork()\n"
        "if child == 0: network(frames); os._exit(0)\n"
        "print(os.waitpid(child, 0)[1])"
    )
    assert run_python(code) == "0"


def test_as_many_threads_as_joblib_says(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (session,) = OnnxNetwork(PATH)._sessions.values()
    options = session.get_session_options()
    assert options.intra_op_num_threads == 1
