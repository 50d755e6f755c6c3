"""Loading Keras for a terminal: without a word."""

import os
import sys
from contextlib import contextmanager
from importlib import import_module


def load_keras():
    """Load Keras quietly.

    TensorFlow's remarks on the processor are written before any setting of its own can stop
    them, straight to the file descriptor. An import that fails raises; nothing is lost with
    them.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with silent_stderr():
        import_module("keras")


@contextmanager
def silent_stderr():
    """A block in which nothing is written to the standard error, by C++ neither."""
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "w") as null:
        os.dup2(null.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
