"""What Keras computes on, and how: threads, precision, compilation, the devices in use."""

import functools
import math
import os
import time
from contextlib import suppress

import keras
import numpy as np

# Of the time in float32, what a product in bfloat16 takes at most where that pays.
_CLEARLY_FASTER = 0.75


@functools.cache
def share_cores():
    """Give TensorFlow as many threads as OMP_NUM_THREADS says, if it has none yet.

    joblib sets this in its workers, so that together they use each core once; TensorFlow
    does not look at it, and workers that all use all cores slow each other down. To be
    called before anything is computed in a process: once TensorFlow is at work, the number
    stays.
    """
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if keras.backend.backend() != "tensorflow" or not threads.isdecimal() or not int(threads):
        return
    from tensorflow import config

    with suppress(RuntimeError):  # TensorFlow is at work already
        if not config.threading.get_intra_op_parallelism_threads():
            config.threading.set_intra_op_parallelism_threads(int(threads))
            config.threading.set_inter_op_parallelism_threads(int(threads))


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
    share_cores()
    matrices = [keras.ops.ones((512, 512), dtype=dtype) for dtype in ("bfloat16", "float32")]
    best = [math.inf, math.inf]
    for _ in range(12):  # the first ones warm up
        for i, x in enumerate(matrices):
            start = time.perf_counter()
            np.asarray(keras.ops.cast(keras.ops.matmul(x, x)[0, 0], "float32"))
            best[i] = min(best[i], time.perf_counter() - start)
    return best[0] < _CLEARLY_FASTER * best[1]


def names_of_devices():
    """Names of the devices that Keras computes on, GPUs with what they are."""
    names = keras.distribution.list_devices()
    if keras.backend.backend() == "tensorflow":
        from tensorflow import config

        for i, device in enumerate(config.list_physical_devices("GPU")):
            kind = config.experimental.get_device_details(device).get("device_name", "GPU")
            names = [f"{name} ({kind})" if name == f"gpu:{i}" else name for name in names]
    return names
