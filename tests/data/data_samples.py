"""Files for the tests of data: MNIST's, only smaller, and pictures."""

import gzip
import struct

import numpy as np
from hypothesis import HealthCheck, settings
from PIL import Image

# Each example writes over the file of the one before.
one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

TRAIN = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
TEST = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")


def idx(array, dtype_code=8):
    array = np.asarray(array, dtype=np.uint8)
    return struct.pack(f">4B{array.ndim}I", 0, 0, dtype_code, array.ndim, *array.shape) + (
        array.tobytes()
    )


def random_digits(n, seed=0, shape=(28, 28)):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, *shape), dtype=np.uint8), np.arange(n, dtype=np.uint8) % 10


def idx_files(n_train=20, n_test=10):
    """What MNIST's mirrors have, only less of it."""
    content = (*random_digits(n_train, seed=0), *random_digits(n_test, seed=1))
    return {
        name: gzip.compress(idx(array), mtime=0)
        for name, array in zip((*TRAIN, *TEST), content, strict=True)
    }


def write_all(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


# Something dark in a corner of a white sheet, so that turns show.
SHEET = np.full((12, 8), 255, np.uint8)
SHEET[1:4, 1:3] = 20


def save(path, image=SHEET, **kwargs):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(path, **kwargs)
    return path
