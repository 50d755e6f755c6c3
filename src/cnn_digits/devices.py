"""What Keras computes on, and how: threads, precision, compilation, the devices in use."""

import functools
import math
import os
import sys
import threading
import time
from contextlib import suppress

import keras
import numpy as np

# Of the time in float32, what a product in bfloat16 takes at most where that pays.
_CLEARLY_FASTER = 0.75


# The process in which this package computes.
_process = None


def ready_to_compute():
    """Prepare this process; to be called before anything is computed in it.

    Raises
    ------
    RuntimeError
        In a process that can't compute, see `is_lifeless_fork`.
    """
    global _process
    check_alive()
    if _process is None:
        _share_cores()
        _process = os.getpid()


def check_alive():
    """Raise RuntimeError in a process that can't compute, see `is_lifeless_fork`."""
    if is_lifeless_fork():
        raise RuntimeError(
            "This process was forked from one in which Keras had computed already, and would wait "
            "for ever for threads that are left behind there. Load or fit the classifier in the "
            "forked process alone, not in its parent; or start processes by 'spawn' or "
            "'forkserver' (in joblib by 'loky', its default)."
        )


def is_lifeless_fork():
    """Whether this process is a copy, by fork, of one that had computed.

    A fork has the memory of its parent, but of its threads only the one that forked: what
    TensorFlow gives to the others is never done.
    """
    if _process is not None:
        return _process != os.getpid()
    return _is_at_work() and _is_alone()


def _is_at_work():
    """Whether TensorFlow has computed, for this package or anybody else."""
    if "tensorflow" not in sys.modules:
        return False
    from tensorflow import config

    threads = config.threading.get_intra_op_parallelism_threads()
    try:
        # Which it refuses from then on.
        config.threading.set_intra_op_parallelism_threads(threads + 1)
    except RuntimeError:
        return True
    config.threading.set_intra_op_parallelism_threads(threads)
    return False


def _is_alone():
    """Whether this process has no threads but Python's, where the system tells."""
    try:
        return len(os.listdir("/proc/self/task")) <= threading.active_count()
    except OSError:
        return False


def _share_cores():
    """Give TensorFlow as many threads as OMP_NUM_THREADS says, if it has none yet.

    joblib sets this in its workers, so that together they use each core once; TensorFlow
    does not look at it, and workers that all use all cores slow each other down. Once
    TensorFlow is at work, the number stays.
    """
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if keras.backend.backend() != "tensorflow" or not threads.isdecimal() or not int(threads):
        return
    from tensorflow import config

    with suppress(RuntimeError):  # TensorFlow is at work already
        if not config.threading.get_intra_op_parallelism_threads():
            config.threading.set_intra_op_parallelism_threads(int(threads))
            config.threading.set_inter_op_parallelism_threads(int(threads))


class _Float32ByDefault:
    """Keras's default dtype is float32 as long as anybody is in such a block.

    Keras takes from it the dtype of losses, metrics and learning rates, and offers no other way
    for some of them: with the user's "float16", the logarithm of a probability is infinite.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._n_blocks = 0
        self._of_user = None

    def __enter__(self):
        with self._lock:
            if self._n_blocks == 0:
                self._of_user = keras.config.floatx()
                keras.config.set_floatx("float32")
            self._n_blocks += 1

    def __exit__(self, *_):
        with self._lock:
            self._n_blocks -= 1
            if self._n_blocks == 0:
                keras.config.set_floatx(self._of_user)


float32_by_default = _Float32ByDefault()


def compiles_with_xla():
    """Whether networks are compiled by XLA.

    It more than doubles the time of an epoch on a CPU under TensorFlow; JAX without it is no
    use.
    """
    return keras.backend.backend() == "jax"


@functools.cache
def bfloat16_pays():
    """Whether this machine multiplies matrices faster in bfloat16: tried, not guessed.

    Processors with the instructions are about twice as fast as in float32. Those without
    emulate it, several times slower, or turn it into float32 for this product, as fast within
    a tenth, though a training takes several times as long. Whatever else the machine does must
    not tip the scales, or the same seed would give other weights: so the two take turns, each
    is judged by its best time, and the verdict lies between twice as fast and as fast. The
    probe takes some tens of milliseconds.
    """
    ready_to_compute()
    matrices = [keras.ops.ones((512, 512), dtype=dtype) for dtype in ("bfloat16", "float32")]
    best = [math.inf, math.inf]
    for _ in range(12):  # the first ones warm up
        for i, x in enumerate(matrices):
            start = time.perf_counter()
            np.asarray(keras.ops.cast(keras.ops.matmul(x, x)[0, 0], "float32"))
            best[i] = min(best[i], time.perf_counter() - start)
    return best[0] < _CLEARLY_FASTER * best[1]


def to_numpy(tensor):
    """A tensor or a variable as an array.

    Under TensorFlow not by Keras's own function: what that does is deprecated by NumPy 2, which
    is an error where warnings are.
    """
    if keras.backend.backend() == "tensorflow":
        return np.asarray(tensor)
    return keras.ops.convert_to_numpy(tensor)


def names_of_devices():
    """Names of the devices that Keras computes on, GPUs with what they are."""
    names = keras.distribution.list_devices()
    if keras.backend.backend() == "tensorflow":
        from tensorflow import config

        for i, device in enumerate(config.list_physical_devices("GPU")):
            kind = config.experimental.get_device_details(device).get("device_name", "GPU")
            names = [f"{name} ({kind})" if name == f"gpu:{i}" else name for name in names]
    return names
