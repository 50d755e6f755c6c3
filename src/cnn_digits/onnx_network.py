"""A network in an ONNX file, at work. NumPy and ONNX Runtime alone."""

import os
from pathlib import Path

from cnn_digits.files import check_regular, damage_named


def is_available():
    """Whether ONNX Runtime is installed, and in order."""
    try:
        _runtime()
    except ImportError:
        return False
    return True


def _runtime():
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'ONNX Runtime is missing, which reads .onnx files: pip install "cnn-digits[onnx]"'
        ) from error
    except ImportError as error:
        raise ImportError(
            f"ONNX Runtime is installed, but can't be imported: {error}. Install it again."
        ) from error
    return onnxruntime


class OnnxNetwork:
    """What a network in a file says, and what the file tells beside it.

    In a process that was forked from the one that has opened it, it is opened again: threads don't
    survive a fork, and a call would wait for ever.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    metadata : dict of str
    dtype : str
        Of what goes in, "uint8" or "float".

    Raises
    ------
    ImportError
        If ONNX Runtime is missing, or not in order.
    ValueError
        If the file is damaged.
    """

    def __init__(self, path):
        _runtime()  # what is wrong with it is not the file's fault
        with damage_named(path):
            check_regular(path)
            self._model = Path(path).read_bytes()
            # By process: one of another can't even be closed, but would wait for its threads.
            self._sessions = {os.getpid(): self._opened()}
        (session,) = self._sessions.values()
        self.metadata = session.get_modelmeta().custom_metadata_map
        (given,) = session.get_inputs()
        self._name, self.dtype = given.name, given.type.removeprefix("tensor(").removesuffix(")")

    def __call__(self, batch):
        """What the network says of a batch, an ndarray."""
        process = os.getpid()
        if process not in self._sessions:
            self._sessions[process] = self._opened()
        return self._sessions[process].run(None, {self._name: batch})[0]

    def _opened(self):
        onnxruntime = _runtime()
        options = onnxruntime.SessionOptions()
        # joblib tells its workers so how many cores each has.
        threads = os.environ.get("OMP_NUM_THREADS", "")
        if threads.isdecimal():
            options.intra_op_num_threads = int(threads)
        options.log_severity_level = 4  # what is wrong is raised
        how = {"providers": ["CPUExecutionProvider"]}
        return onnxruntime.InferenceSession(self._model, options, **how)
