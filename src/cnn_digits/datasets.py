"""Digits from files, and predictions into one.

Files are not to be trusted: whatever is wrong with one becomes a ValueError of one line
that names the file. This module knows nothing of the network.
"""

import hashlib
import math
import os
import re
import struct
import warnings
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from sklearn.datasets import get_data_home
from sklearn.utils import Bunch, check_array, check_consistent_length, column_or_1d

from cnn_digits.files import damage_named, opened
from cnn_digits.framing import FrameDigits
from cnn_digits.images import EXPECTED
from cnn_digits.tables import read_csv

# The files as Yann LeCun published them, with the SHA-256 of the compressed ones, from
# TensorFlow Datasets.
_MNIST_FILES = {
    "train": (
        (
            "train-images-idx3-ubyte.gz",
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        (
            "train-labels-idx1-ubyte.gz",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
    ),
    "test": (
        (
            "t10k-images-idx3-ubyte.gz",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
}

# Mirrors of these files, the ones that TensorFlow Datasets and torchvision download from:
# LeCun's own page refuses downloads.
_MNIST_MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)

# Where they are looked for in a folder.
_PLACES = (".", "mnist")

# Without an answer for so many seconds, a mirror counts as out of reach.
_TIMEOUT = 5

# Names under which arrays of images and labels are found in an npz file, by subset:
# keras.datasets', scikit-learn's, and what numpy.savez calls arrays without a name.
_NPZ_NAMES = {
    "train": (("x_train", "y_train"), ("X_train", "y_train")),
    "test": (("x_test", "y_test"), ("X_test", "y_test")),
    None: (
        ("images", "labels"),
        ("X", "y"),
        ("x", "y"),
        ("data", "target"),
        ("data", "labels"),
        ("arr_0", "arr_1"),
    ),
}

_TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".npz", ".gz", ".zip")
_IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
# Other formats that Pillow knows may start programs, as EPS does, whatever the file's name.
_IMAGE_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")


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
    `CNN_DIGITS_DATA` names and in scikit-learn's data home, each with its subfolder `mnist`.
    What is found nowhere is downloaded once, and checked: 10 MB to train on, 2 MB to test on.

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
        If MNIST is neither found nor can be downloaded: says which files belong where.
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
    parts = [_mnist_part(data_home, part, download_if_missing) for part in subsets]
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


def _mnist_part(data_home, subset, download_if_missing):
    """Images and labels of "train" or "test"."""
    searched = []
    for folder in _mnist_homes(data_home):
        found = _read_mnist(folder, subset)
        if found is not None:
            break
        searched.append(str(folder))
    else:
        where = f"MNIST is not in {' or '.join(searched)}"
        advice = f"put {_file_names(subset)}, or mnist.npz, into {folder}"
        if not download_if_missing:
            raise OSError(f"{where}; {advice}, or allow the download.")
        try:
            _download(folder, subset)
        except OSError as error:
            reason = " ".join(str(error).split())
            raise OSError(f"{where}, and can't be downloaded ({reason}); {advice}.") from error
        found = read_idx_folder(folder, subset)
    images, labels = found
    if images.shape[1:] != (28, 28) or labels is None:
        raise ValueError(
            f"{folder} does not hold MNIST: its images have shape {images.shape[1:]}"
            f"{' and no labels' if labels is None else ''}; expected (28, 28), with labels."
        )
    return images, labels


def _mnist_homes(data_home):
    """Folders to look in, one after the other; the last is downloaded to."""
    if data_home is not None:
        yield Path(data_home).expanduser()
        return
    environment = os.environ.get("CNN_DIGITS_DATA")
    if environment:
        yield Path(environment)
    # Asked for last, because asking makes the folder.
    yield Path(get_data_home()) / "mnist"


def _read_mnist(folder, subset):
    """Images and labels in a folder or its subfolder `mnist`; None if there are none."""
    for place in (folder / place for place in _PLACES):
        if _idx_files(place, subset):
            return read_idx_folder(place, subset)
        if (place / "mnist.npz").is_file():
            return read_npz(place / "mnist.npz", subset)
    return None


def _file_names(subset):
    return " and ".join(name for name, _ in _MNIST_FILES[subset])


def _download(folder, subset):
    """Fetch the two files of a subset, unless another process has done so meanwhile."""
    from filelock import FileLock

    folder.mkdir(parents=True, exist_ok=True)
    # The system's own lock: a process that dies leaves it open.
    with FileLock(folder / ".download.lock"):
        for name, sha256 in _MNIST_FILES[subset]:
            if (folder / name).exists():
                continue
            for mirror in _MNIST_MIRRORS:
                try:
                    # Another mirror is a better second try than the same.
                    _fetch(mirror + name, folder / name, sha256)
                    break
                except OSError:
                    if mirror == _MNIST_MIRRORS[-1]:
                        raise


def _fetch(url, path, sha256):
    """Download a file, going on where an earlier call was cut off; move it into place if right."""
    import gdown

    # gdown loads into a file of this name with an ending of its own.
    unchecked = path.with_name(f"{path.name}.unchecked")

    def left_over():
        return list(path.parent.glob(f"{unchecked.name}*"))

    def n_bytes():
        return sum(file.stat().st_size for file in left_over())

    n_before = n_bytes()
    hasher = hashlib.sha256()
    try:
        gdown.download(
            url, str(unchecked), resume=True, hasher=hasher, timeout=_TIMEOUT, quiet=True,
            use_cookies=False,
        )  # fmt: skip
    except gdown.DownloadError as error:
        failure = OSError(str(error))
        if n_bytes() > n_before:
            raise failure from error  # cut off; what came is kept
    else:
        if hasher.hexdigest() == sha256:
            unchecked.replace(path)
            return
        failure = OSError(f"SHA256 of {url} is {hasher.hexdigest()}, expected {sha256}")
    for file in left_over():
        file.unlink()
    if not n_before:
        raise failure
    # What the earlier call had left may have been at fault.
    _fetch(url, path, sha256)


def read_idx_folder(folder, subset):
    """Read images and labels in LeCun's IDX format.

    Parameters
    ----------
    folder : str or path-like
        Holds `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, or the same beginning
        with `t10k`; with a dot in place of the last hyphen, or with `.gz`, as well.

    subset : {"train", "test"}

    Returns
    -------
    images : ndarray of shape (n, h, w), uint8
    labels : ndarray of shape (n,), uint8

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If one is damaged, or their numbers of images and labels differ.
    """
    files = _idx_files(folder, subset)
    if not files:
        names = _file_names(subset)
        raise FileNotFoundError(f"{folder} does not hold {names} (with or without .gz).")
    return _read_idx_pair(*files)


def _read_idx_pair(images_path, labels_path):
    """Images of an IDX file and the labels of another, if there is one."""
    images = read_idx(images_path)
    if images.ndim != 3:
        raise ValueError(f"{images_path} holds no images but an array of {images.ndim} dimensions.")
    if labels_path is None:
        return images, None
    labels = read_idx(labels_path)
    if labels.ndim != 1:
        raise ValueError(f"{labels_path} holds no labels but an array of {labels.ndim} dimensions.")
    _check_same_number(images, labels, f"{images_path} and {labels_path}")
    return images, labels


def _idx_files(folder, subset):
    """Paths of images and labels, or None unless both are there."""
    found = []
    for name, _ in _MNIST_FILES[subset]:
        plain = name.removesuffix(".gz")
        dotted = plain.replace("-idx", ".idx")
        candidates = [Path(folder) / n for n in (plain, dotted, name, f"{dotted}.gz")]
        found += [path for path in candidates if path.is_file()][:1]
    return found if len(found) == 2 else None


def read_idx(path):
    """Read an array of bytes in LeCun's IDX format.

    Parameters
    ----------
    path : str or path-like
        Compressed with gzip or not.

    Returns
    -------
    array : ndarray of uint8

    Raises
    ------
    ValueError
        If it is no such file, is cut short, or goes on after its end.
    """
    with damage_named(path), opened(path) as file:
        magic = _read_exactly(file, 4)
        if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] != 8 or not 1 <= magic[3] <= 4:
            raise ValueError(
                f"it begins with {bytes(magic).hex(' ') or 'nothing'}; an IDX file of unsigned "
                "bytes begins with 00 00 08 and its number of dimensions."
            )
        n_dimensions = magic[3]
        sizes = _read_exactly(file, 4 * n_dimensions)
        if len(sizes) < 4 * n_dimensions:
            raise ValueError("it is cut short within its header.")
        shape = struct.unpack(f">{n_dimensions}I", sizes)
        n_bytes = math.prod(shape)
        data = _read_exactly(file, n_bytes)
        seen = " × ".join(f"{side:,}" for side in shape)
        if len(data) < n_bytes:
            raise ValueError(f"it announces {seen} bytes and holds {len(data):,}: cut short?")
        if file.read(1):
            raise ValueError(f"it announces {seen} bytes and holds more.")
        if 0 in shape:
            raise ValueError(f"it is empty: {seen}.")
        return np.frombuffer(data, np.uint8).reshape(shape)


def _read_exactly(file, n_bytes):
    """Up to n bytes: no more memory than there is data, whatever a header claims."""
    data = bytearray()
    while len(data) < n_bytes:
        piece = file.read(min(2**20, n_bytes - len(data)))
        if not piece:
            break
        data += piece
    return data


def read_npz(path, subset="train"):
    """Read images and labels from a file of `numpy.savez`.

    Parameters
    ----------
    path : str or path-like

    subset : {"train", "test"}, default="train"
        For files with both, as Keras's `mnist.npz`: arrays `x_train`, `y_train`, `x_test`,
        `y_test`. Otherwise arrays are `X` and `y`, `images` and `labels`, `data` and
        `target`, or have no names and are in this order.

    Returns
    -------
    images : ndarray of shape (n, features), (n, h, w) or (n, h, w, c)
    labels : ndarray of shape (n,), or None if there are none

    Raises
    ------
    ValueError
        If the file is damaged or holds no such arrays, or Python objects.
    """
    with damage_named(path), open(path, "rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError("it is no file of numpy.savez, or it is cut short.")
        with zipfile.ZipFile(file) as archive:
            held = {name.removesuffix(".npy") for name in archive.namelist()}
            for x_name, y_name in (*_NPZ_NAMES[subset], *_NPZ_NAMES[None]):
                if x_name in held:
                    images = _read_npy(archive, x_name)
                    labels = _read_npy(archive, y_name) if y_name in held else None
                    break
            else:
                raise ValueError(
                    f"it holds the arrays {', '.join(sorted(held)) or 'none'}; expected "
                    f"{' and '.join(_NPZ_NAMES[subset][0])}, or X and y."
                )
        if images.ndim not in (2, 3, 4) or images.dtype.kind not in "buif":
            raise ValueError(
                f"{x_name} is an array of {images.dtype} of shape {images.shape}; expected numbers "
                f"of shape {EXPECTED}."
            )
        if 0 in images.shape:
            raise ValueError(f"{x_name} is empty: shape {images.shape}.")
        if labels is not None:
            if labels.ndim != 1 or labels.dtype.kind not in "buifU":
                raise ValueError(
                    f"{y_name} is an array of {labels.dtype} of shape {labels.shape}; expected "
                    "numbers or text of one dimension."
                )
            _check_same_number(images, labels, f"{x_name} and {y_name}")
        return images, labels


def _read_npy(archive, name):
    # Reading all of it first checks the CRC, that of the header included, which np.load of
    # the archive does not do.
    data = archive.read(f"{name}.npy")
    array = np.load(BytesIO(data), allow_pickle=False)
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name} is no array.")
    return array


def _check_same_number(images, labels, where):
    if len(images) != len(labels):
        raise ValueError(f"{where} hold {len(images):,} images and {len(labels):,} labels.")


def read_images(paths, *, skip_bad=False):
    """Read pictures as grey images.

    Read more in the user guide: :ref:`own_images`.

    Parameters
    ----------
    paths : str, path-like or list of them
        Pictures, or a folder of pictures: PNG, JPEG, BMP, GIF, TIFF, WebP.

    skip_bad : bool, default=False
        Leave out what can't be read, with a warning that names it, instead of raising.

    Returns
    -------
    images : list of ndarray of shape (h, w), uint8
        Turned as the camera says; on white where they are transparent, or on black if nothing
        shows on white. Of several in one file, the first.
    names : list of str
        Their paths; those of a folder in the order of the numbers in them.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or no picture in the folder.
    ValueError
        If a picture can't be read, or is so large that it may be an attack on the memory; if
        there are no paths.

    Warns
    -----
    UserWarning
        If pictures were left out.

    See Also
    --------
    FrameDigits : Brings such images into the frame of MNIST's.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from PIL import Image
    >>> from cnn_digits import read_images
    >>> with TemporaryDirectory() as folder:
    ...     Image.fromarray(np.full((40, 30), 255, dtype=np.uint8)).save(Path(folder) / "1.png")
    ...     images, names = read_images(folder)
    >>> images[0].shape, images[0].dtype, Path(names[0]).name
    ((40, 30), dtype('uint8'), '1.png')
    """
    found = _picture_paths(paths)
    images, good, skipped = _read_pictures(found, skip_bad)
    if skipped:
        warnings.warn(f"Left out: {'; '.join(skipped)}", UserWarning, stacklevel=2)
    return images, [str(found[i]) for i in good]


def _picture_paths(paths):
    """Paths of pictures, those in folders as well; raises if there are none."""
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    found = []
    for path in map(Path, paths):
        if path.is_dir():
            pictures = _pictures(path)
            if not pictures:
                raise FileNotFoundError(f"{path} holds no pictures ({', '.join(_IMAGE_SUFFIXES)}).")
            found += pictures
        else:
            found.append(path)
    if not found:
        raise ValueError("There are no paths; expected at least one picture.")
    return found


def _read_pictures(paths, skip_bad, then=None):
    """Images, their positions in `paths`, and what was wrong with the others.

    `then` is done to each image as soon as it is read, so that a folder of photos need not be
    in memory as a whole.
    """
    images, good, skipped = [], [], []
    for i, path in enumerate(paths):
        try:
            image = _read_picture(path)
        except (OSError, ValueError) as error:
            if not skip_bad:
                raise
            skipped.append(str(error))
        else:
            images.append(image if then is None else then(image))
            good.append(i)
    if not images:
        raise ValueError(f"None of {len(paths)} pictures can be read: {skipped[0]}")
    return images, good, skipped


def _read_picture(path):
    from PIL import Image, ImageOps, UnidentifiedImageError

    with damage_named(path), open(path, "rb") as file, warnings.catch_warnings():
        # Pillow only warns of pictures of up to twice the size that it takes for an attack.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(file, formats=_IMAGE_FORMATS)
        except UnidentifiedImageError:
            raise ValueError(f"it is none of {', '.join(_IMAGE_FORMATS)}.") from None
        image = ImageOps.exif_transpose(image)
        if image.mode[0] in "IF":
            return _to_uint8(np.asarray(image))
        if not image.has_transparency_data:
            return np.array(image.convert("L"))
        image = image.convert("RGBA")
        for paper in ("white", "black"):
            drawn = Image.alpha_composite(Image.new("RGBA", image.size, paper), image)
            grey = np.array(drawn.convert("L"))
            if np.ptp(grey) > 0:
                break  # white ink does not show on white
        return grey


def _to_uint8(pixels):
    """Pixels of 16 bits, whose white is 65535, of 32, or floats, whose white may be 1 or 255."""
    if not np.isfinite(pixels).all():
        raise ValueError("it has pixels that are no finite numbers.")
    whites = {"f": (1, 255), "i": (255,), "u": ()}[pixels.dtype.kind]
    # Resampling may have gone beyond white.
    white = next((white for white in whites if pixels.max() <= 1.1 * white), 65535)
    return (np.clip(pixels, 0, white).astype(np.float32) * (255 / white) + 0.5).astype(np.uint8)


def _pictures(folder):
    """Paths of the pictures in a folder or else in its subfolders, by the numbers in them."""

    def inside(place, is_wanted):
        # What editors and systems put there unasked has names that begin with a dot.
        return [path for path in place.iterdir() if path.name[0] != "." and is_wanted(path)]

    def is_picture(path):
        return path.suffix.lower() in _IMAGE_SUFFIXES and not path.is_dir()

    direct = inside(folder, is_picture)
    nested = [path for place in inside(folder, Path.is_dir) for path in inside(place, is_picture)]
    if direct and nested:
        raise ValueError(
            f"{folder} holds pictures ({direct[0].name}) and subfolders with pictures "
            f"({nested[0].parent.name}); expected one or the other."
        )
    return sorted(direct or nested, key=_by_number)


def _by_number(path):
    """Key that sorts 9.png before 10.png."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.split(r"(\d+)", str(path))
    ]


def _picture_labels(folder, paths):
    """Labels of pictures: the names of their subfolders, or a digit in their own names.

    Raises
    ------
    ValueError
        If they are neither sorted nor named by label.
    """
    if paths[0].parent != folder:
        labels = np.array([path.parent.name for path in paths])
        return labels.astype(np.int64) if all(map(str.isdecimal, labels)) else labels
    parts = [re.split(r"[^0-9A-Za-z]+", path.stem) for path in paths]
    ways = [[part[place] for part in parts] for place in (0, -1)]
    ways = [labels for labels in ways if all(re.fullmatch("[0-9]", label) for label in labels)]
    if len(ways) == 2 and ways[0] != ways[1]:
        # Numbers of up to ten pictures look like labels, but none comes twice.
        ways = [labels for labels in ways if len(set(labels)) < len(labels)]
    if ways:
        return np.array(ways[0], dtype=np.int64)
    names_label = [any(re.fullmatch("[0-9]", part[place]) for place in (0, -1)) for part in parts]
    odd = paths[0] if all(names_label) else paths[names_label.index(False)]
    raise ValueError(
        f"the pictures in {folder} are not labelled: expected a subfolder for each label, or names "
        f"that begin or end in it, such as 7_0001.png or 0001_7.png; found {odd.name}."
    )


def read_dataset(path, *, subset="train", labelled=True, skip_bad=False, framed=False):
    """Read images, and labels if there are any, from any kind of file this package knows.

    Parameters
    ----------
    path : str or path-like, or list of them
        A table (see `read_csv`), a file of `numpy.savez` (`.npz`), a folder with MNIST's IDX
        files or `mnist.npz`, an IDX file of images, a picture, or a folder of pictures, whose
        labels are the names of subfolders or begin or end their own names. Several are
        pictures, or folders of them, without labels.

    subset : {"train", "test"}, default="train"
        Which one, where a folder or a file holds both.

    labelled : bool, default=True
        Whether labels are needed.

    skip_bad : bool, default=False
        Leave out pictures that can't be read.

    framed : bool, default=False
        Pass pictures, but no arrays, through `FrameDigits`. They have to be of one size
        otherwise.

    Returns
    -------
    dataset : :class:`~sklearn.utils.Bunch`
        - data : ndarray of shape (n, features), (n, h, w) or (n, h, w, c)
        - target : ndarray of shape (n,), or None without labels
        - names : list of str, paths of pictures, or None
        - framed : bool, whether `data` are frames of pictures
        - skipped : list of str, what was wrong with those left out

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If a file is damaged or of no known kind, or labels are needed and missing.
    """
    paths = [Path(path)] if isinstance(path, (str, os.PathLike)) else [Path(part) for part in path]
    for part in paths:
        if not part.exists():
            raise FileNotFoundError(f"There is no file or folder {part}.")
        if len(paths) > 1 and part.suffix.lower() in _TABLE_SUFFIXES:
            raise ValueError(f"{part} is no picture; expected several pictures, or one other file.")
    arrays = _read_arrays(paths[0], subset) if len(paths) == 1 else None
    if arrays is not None:
        images, labels, no_labels = arrays
    else:
        pictures = _picture_paths(paths)
        labels, no_labels = None, "single pictures have none"
        if len(paths) == 1 and paths[0].is_dir():
            try:
                labels = _picture_labels(paths[0], pictures)
            except ValueError as error:
                no_labels = str(error).removesuffix(".")
    if labelled and labels is None:
        raise ValueError(f"{paths[0]}: labels are needed here, and {no_labels}.")
    if arrays is not None:
        return Bunch(data=images, target=labels, names=None, framed=False, skipped=[])
    images, good, skipped = _read_pictures(pictures, skip_bad, _frame if framed else None)
    names = [str(pictures[i]) for i in good]
    return Bunch(
        data=np.stack(images) if framed else _same_size(images, names),
        target=None if labels is None else labels[good],
        names=names,
        framed=framed,
        skipped=skipped,
    )


def _read_arrays(path, subset):
    """Images, labels and, for where those are None, why; None if there are pictures at `path`."""
    if path.is_dir():
        mnist = _read_mnist(path, subset)
        if mnist is not None:
            return *mnist, "it has none"
        if any(_idx_files(path / place, part) for place in _PLACES for part in _MNIST_FILES):
            raise FileNotFoundError(f"{path} holds MNIST, but not {_file_names(subset)}.")
        if not _pictures(path):
            raise FileNotFoundError(
                f"{path} holds neither {_file_names(subset)} nor mnist.npz nor pictures "
                f"({', '.join(_IMAGE_SUFFIXES)})."
            )
        return None
    if path.suffix.lower() in _IMAGE_SUFFIXES:
        return None
    if path.suffix.lower() == ".npz":
        return *read_npz(path, subset), "it has none"
    if re.search(r"[.-]idx\d", path.name):
        return *_read_idx_pair(path, _labels_beside(path)), "no file of labels lies beside it"
    if {suffix.lower() for suffix in path.suffixes} & {".csv", ".tsv", ".txt"}:
        return *read_csv(path), "it has none"
    raise ValueError(
        f"{path} is of no known kind; expected .csv (also .gz or .zip), .npz, IDX files, or "
        f"pictures ({', '.join(_IMAGE_SUFFIXES)})."
    )


def _frame(image):
    """The frame of one image. Who sees all of them can count those that are empty."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return FrameDigits().fit_transform([image])[0]


def _labels_beside(path):
    """The IDX file of labels that belongs to one of images by its name, or None."""
    name = path.name.replace("images", "labels").replace("idx3", "idx1").removesuffix(".gz")
    for partner in (path.with_name(name), path.with_name(f"{name}.gz")):
        if partner != path and partner.is_file():
            return partner
    return None


def _same_size(images, paths):
    """Images of one size as one array; raises if they are not."""
    for image, path in zip(images, paths, strict=True):
        if image.shape != images[0].shape:
            sizes = (
                f"{p} has {h} × {w}"
                for p, (h, w) in ((paths[0], images[0].shape), (path, image.shape))
            )
            raise ValueError(f"All pictures must be of one size: {' pixels, '.join(sizes)} pixels.")
    return np.stack(images)


def summary(X, y=None):
    """What a data set is like: shape, range, what is missing or there twice, classes.

    Read more in the user guide: :ref:`data`.

    Parameters
    ----------
    X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
        Images; values may be missing.

    y : array-like of shape (n,) or None, default=None
        Labels.

    Returns
    -------
    summary : DatasetSummary
        Printed as a few lines of text; has the attributes `n_images`, `image_shape`, `dtype`,
        `minimum` and `maximum` of the pixels, `n_missing` values, `n_duplicates` (images that
        equal an earlier one) and `class_counts` (a dict, or None without labels).

    Raises
    ------
    ValueError
        If X is empty or of other dimensions, or X and y differ in length.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from cnn_digits import summary
    >>> X, y = load_digits(return_X_y=True)
    >>> print(summary(X, y))
    1,797 images of 64 values, float64, from 0 to 16
    missing values: none
    duplicates: none
    10 classes, of 174 to 183 images
      0     178    9.9 %
      1     182   10.1 %
      2     177    9.8 %
      3     183   10.2 %
      4     181   10.1 %
      5     182   10.1 %
      6     181   10.1 %
      7     179   10.0 %
      8     174    9.7 %
      9     180   10.0 %
    """
    images = check_array(X, allow_nd=True, ensure_all_finite=False, input_name="X")
    if images.ndim > 4:
        raise ValueError(f"X has shape {images.shape}; expected {EXPECTED}.")
    n_missing = int(np.isnan(images).sum()) if images.dtype.kind == "f" else 0
    is_all_missing = n_missing == images.size
    digests = {
        hashlib.blake2b(np.ascontiguousarray(image), digest_size=16).digest() for image in images
    }
    counts = None
    if y is not None:
        import pandas as pd

        labels = column_or_1d(y)
        check_consistent_length(images, labels)
        is_missing = pd.isna(labels)
        n_missing += int(is_missing.sum())
        values, numbers = np.unique(labels[~is_missing], return_counts=True)
        counts = dict(zip(values.tolist(), numbers.tolist(), strict=True))
    return DatasetSummary(
        n_images=len(images),
        image_shape=images.shape[1:],
        dtype=images.dtype,
        minimum=None if is_all_missing else np.nanmin(images).item(),
        maximum=None if is_all_missing else np.nanmax(images).item(),
        n_missing=n_missing,
        n_duplicates=len(images) - len(digests),
        class_counts=counts,
    )


@dataclass(frozen=True)
class DatasetSummary:
    """What `summary` found.

    Attributes
    ----------
    n_images : int

    image_shape : tuple of int
        Shape of X without its first dimension.

    dtype : numpy.dtype

    minimum, maximum : int or float
        Of all pixels that are not missing; None if all are.

    n_missing : int
        Values that are NaN, and labels that are missing.

    n_duplicates : int
        Images that equal an earlier one.

    class_counts : dict of int, or None
        Number of images by label, in ascending order; None without labels.
    """

    n_images: int
    image_shape: tuple
    dtype: np.dtype
    minimum: object
    maximum: object
    n_missing: int
    n_duplicates: int
    class_counts: dict | None

    def __str__(self):
        if len(self.image_shape) == 1:
            size = f"{self.image_shape[0]} values"
        else:
            size = " × ".join(map(str, self.image_shape)) + " pixels"
        lines = [
            f"{self.n_images:,} images of {size}, {self.dtype}, from {self.minimum:g} to "
            f"{self.maximum:g}"
            if self.minimum is not None
            else f"{self.n_images:,} images of {size}, {self.dtype}",
            f"missing values: {self.n_missing or 'none'}",
            f"duplicates: {self.n_duplicates or 'none'}",
        ]
        if self.class_counts is not None:
            numbers = self.class_counts.values()
            lines.append(
                f"{len(numbers)} classes, of {min(numbers):,} to {max(numbers):,} images"
                if len(numbers) > 1
                else f"{len(numbers) or 'no'} class"
            )
            width = max((len(str(label)) for label in self.class_counts), default=0)
            lines += [
                f"  {label!s:>{width}}  {n:>6,}  {100 * n / self.n_images:5.1f} %"
                for label, n in self.class_counts.items()
            ]
        return "\n".join(lines)
