"""MNIST: found on this machine, or downloaded."""

import hashlib
import os
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Timer

import numpy as np

from cnn_digits.data.mnist_files import MNIST_FILES, file_names, mnist_in, read_mnist
from cnn_digits.files import writable_folder

# Mirrors of these files, the ones that TensorFlow Datasets and torchvision download from:
# LeCun's own page refuses downloads.
_MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)

# Without an answer for so many seconds, a mirror counts as out of reach.
_TIMEOUT = 5

# Seconds that a mirror has for a file, however it trickles; the next one goes on where it was.
# 10 MB come in them at 83 kB/s.
_DEADLINE = 120


def fetch_mnist(
    data_home=None,
    subset="train",
    *,
    return_X_y=False,
    as_frame=False,
    download_if_missing=True,
):
    """Load MNIST, from files on this machine if there are any.

    Looked for are LeCun's IDX files, compressed or not, or Keras's `mnist.npz`: in
    `data_home` or, without one, in the folder that the environment variable
    `CNN_DIGITS_DATA` names and in scikit-learn's data home, each with its subfolder `mnist` and
    torchvision's, `MNIST/raw`. What is found nowhere is downloaded once, and checked: 10 MB to
    train on, 2 MB to test on.

    Read more in the user guide: :ref:`data`.

    Parameters
    ----------
    data_home : str, path-like or None, default=None
        Folder to look in and to download to. None: see above; downloads go into the
        subfolder `mnist` of scikit-learn's data home (`~/scikit_learn_data`).

    subset : {"train", "test", "all"}, default="train"
        60,000 images, 10,000, or both, in this order.

    return_X_y : bool, default=False
        Return `(data, target)` instead of a Bunch.

    as_frame : bool, default=False
        Return a DataFrame and a Series instead of arrays.

    download_if_missing : bool, default=True
        If False, raise OSError instead of downloading.

    Returns
    -------
    mnist : :class:`~sklearn.utils.Bunch`
        - data : ndarray of shape (n, 784), uint8, white (255) on black (0); or a DataFrame
        - target : ndarray of shape (n,), int64; or a Series
        - images : ndarray of shape (n, 28, 28), the same pixels
        - feature_names : list of str, "pixel0" to "pixel783", as in Kaggle's files
        - target_names : list of int
        - frame : DataFrame with both, only if `as_frame`
        - DESCR : str

    (data, target) : tuple
        If `return_X_y`.

    Raises
    ------
    OSError
        If MNIST is neither found nor can be downloaded, or the folder for it can't be written
        in (PermissionError): says which files belong where.
    ValueError
        If a file is damaged, or `subset` is unknown.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998). Gradient-based learning applied to
    document recognition. Proceedings of the IEEE 86(11), 2278-2324.

    Examples
    --------
    >>> from cnn_digits import fetch_mnist
    >>> X, y = fetch_mnist(return_X_y=True)  # doctest: +SKIP
    >>> X.shape, X.dtype  # doctest: +SKIP
    ((60000, 784), dtype('uint8'))
    """
    if subset not in ("train", "test", "all"):
        raise ValueError(f"subset={subset!r}; expected 'train', 'test' or 'all'.")
    subsets = ("train", "test") if subset == "all" else (subset,)
    parts = [_part(data_home, part, download_if_missing) for part in subsets]
    images = np.concatenate([images for images, _ in parts]) if len(parts) > 1 else parts[0][0]
    target = np.concatenate([labels for _, labels in parts]).astype(np.int64)
    data = images.reshape(len(images), -1)
    names = [f"pixel{i}" for i in range(data.shape[1])]
    frame = None
    if as_frame:
        import pandas as pd

        data = pd.DataFrame(data, columns=names)
        target = pd.Series(target, name="label")
        frame = pd.concat([target, data], axis=1)
    if return_X_y:
        return data, target
    from sklearn.utils import Bunch

    return Bunch(
        data=data,
        target=target,
        images=images,
        frame=frame,
        feature_names=names,
        target_names=list(range(10)),
        DESCR="MNIST (LeCun, Cortes, Burges): handwritten digits of about 500 people, 28 × 28 "
        "pixels, white on black, scaled into 20 × 20 and centred by their mass. 60,000 to train "
        "on, 10,000 by other writers to test on. CC BY-SA 3.0.",
    )


def _part(data_home, subset, download_if_missing):
    """Images and labels of "train" or "test"."""
    searched = []
    for folder in _homes(data_home):
        found = mnist_in(folder)
        if subset in found:
            break
        searched.append(str(folder))
    else:
        where = f"MNIST is not in {' or '.join(searched)}"
        advice = f"put {file_names(subset)}, or mnist.npz, into {folder}"
        if not download_if_missing:
            raise OSError(f"{where}; {advice}, or allow the download.")
        try:
            writable_folder(folder)
        except OSError as error:
            raise type(error)(
                f"{where}, and can't be downloaded there: {_one_line(error)} Pass a folder that "
                f"can be written in as data_home, or {advice}."
            ) from error
        try:
            _download(folder, subset)
        except OSError as error:
            raise OSError(
                f"{where}, and can't be downloaded ({_one_line(error)}); {advice}."
            ) from error
        found = mnist_in(folder)
    images, labels = read_mnist(found[subset], subset)
    if images.shape[1:] != (28, 28) or labels is None:
        raise ValueError(
            f"{folder} does not hold MNIST: its images have shape {images.shape[1:]}"
            f"{' and no labels' if labels is None else ''}; expected (28, 28), with labels."
        )
    return images, labels


def _homes(data_home):
    """Folders to look in, one after the other; the last is downloaded to."""
    if data_home is not None:
        yield Path(data_home).expanduser()
        return
    environment = os.environ.get("CNN_DIGITS_DATA")
    if environment:
        yield Path(environment)
    from sklearn.datasets import get_data_home

    # Asked for last, because asking makes the folder.
    try:
        home = get_data_home()
    except OSError as error:
        raise type(error)(
            f"scikit-learn's folder for data can't be made ({_one_line(error)}); expected a folder "
            "that can be written in, or that holds MNIST: pass it as data_home, or name it in the "
            "environment variable CNN_DIGITS_DATA."
        ) from error
    yield Path(home) / "mnist"


def _one_line(error):
    return " ".join(str(error).split()) or type(error).__name__


def _download(folder, subset):
    """Fetch the two files of a subset, unless another process has done so meanwhile."""
    from filelock import FileLock

    files = MNIST_FILES[subset]
    # The system's own lock: a process that dies leaves it open. One that lives keeps it no longer
    # than all mirrors take for all files.
    longest = 2 * _DEADLINE * len(_MIRRORS) * len(files)
    with FileLock(folder / ".download.lock", timeout=longest):
        for file in files:
            if not (folder / file.name).is_file():
                _fetch_from_any(folder, file)


def _fetch_from_any(folder, file):
    """Download a file from the first mirror that has it; raises OSError with all that failed."""
    reasons = []
    for mirror in _MIRRORS:
        url = mirror + file.name
        try:
            # Another mirror is a better second try than the same.
            return _fetch(url, folder / file.name, file)
        except Exception as error:  # gdown, requests and urllib3 raise almost anything
            reason, cause = _one_line(error), error
            reasons.append(reason if url in reason else f"{url}: {reason}")
    raise OSError("; ".join(dict.fromkeys(reasons))) from cause


def _fetch(url, path, file):
    """Download a file, going on where an earlier call was cut off; move it into place if right."""
    import gdown

    # gdown loads into a file of this name with an ending of its own.
    unchecked = path.with_name(f"{path.name}.unchecked")

    def left_over():
        return list(path.parent.glob(f"{unchecked.name}*"))

    def n_bytes():
        return sum(part.stat().st_size for part in left_over())

    def check_size(received, announced):
        if max(received, announced or 0) > file.size:
            raise _TooLarge(f"{url} is larger than the {file.size:,} bytes expected")

    n_before = n_bytes()
    hasher = hashlib.sha256()
    try:
        with _deadline(url) as cancel:
            gdown.download(
                url, str(unchecked), resume=True, hasher=hasher, timeout=_TIMEOUT, quiet=True,
                use_cookies=False, progress=check_size, cancel=cancel,
            )  # fmt: skip
    except _TooLarge as error:
        failure = error
    except gdown.DownloadError as error:
        if n_bytes() > n_before:
            raise  # cut off; what came is kept
        failure = error
    else:
        if hasher.hexdigest() == file.sha256:
            unchecked.replace(path)
            return
        failure = OSError(f"SHA256 of {url} is {hasher.hexdigest()}, expected {file.sha256}")
    for part in left_over():
        part.unlink()
    if not n_before:
        raise failure
    # What the earlier call had left may have been at fault.
    _fetch(url, path, file)


class _TooLarge(OSError):
    """More is sent than was published."""


@contextmanager
def _deadline(url):
    """An event that is set when the time of a mirror is over; what it ends is a TimeoutError."""
    import gdown

    over = Event()
    timer = Timer(_DEADLINE, over.set)
    timer.daemon = True
    timer.start()
    try:
        yield over
    except gdown.DownloadCancelled as error:
        raise TimeoutError(f"{url} took longer than {_DEADLINE} seconds") from error
    finally:
        timer.cancel()
