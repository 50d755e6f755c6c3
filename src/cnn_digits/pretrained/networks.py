"""The networks of this folder: which there are, how one is loaded, what its card says."""

from contextlib import contextmanager
from importlib.resources import as_file, files

_FOLDER = files("cnn_digits.pretrained")
_SUFFIX = ".cnn"

# The same networks for ONNX Runtime, which `networks/light.py` makes of them.
_LIGHT = ".onnx"

# Networks that read whole numbers, which are no classifiers.
_OF_READERS = {"numbers"}


def load_pretrained(name="digits"):
    """Load a network that comes with the package: it reads digits without any training.

    It takes frames as MNIST's are, and as `FrameDigits` makes them of any picture:
    white on black, 28 × 28 pixels. What it was trained on, how well it reads whose digits, and
    what it gets wrong is told in the user guide: :ref:`pretrained`.

    Parameters
    ----------
    name : {"digits"}, default="digits"
        Which network.

    Returns
    -------
    clf : CNNDigitClassifier
        Fitted on ten classes, the integers from 0 to 9. A classifier as any other: it goes into
        pipelines, `partial_fit` teaches it digits of your own, `save` and pickles keep it.

    Raises
    ------
    ValueError
        If there is no network of this name, or its file is damaged.
    RuntimeError
        In a process that was forked from one in which Keras had computed, where it would
        wait for ever; see :ref:`fork`.

    See Also
    --------
    FrameDigits : Makes frames of pictures of any size.
    NumberReader : Reads numbers, by another network that comes with the package.
    CNNDigitClassifier.load : Opens networks of your own.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from cnn_digits import FrameDigits, load_pretrained
    >>> reader = make_pipeline(FrameDigits(), load_pretrained())
    >>> paper = np.full((60, 90), 230, dtype=np.uint8)
    >>> paper[10:50, 70:75] = 40  # a one, far off the middle
    >>> reader.predict([paper])
    array([1])
    """
    if name in network_names() and name in _OF_READERS:
        raise ValueError(
            f"name={name!r}, which reads whole numbers and is no classifier: "
            f"NumberReader(network={name!r}) uses it. Expected {_listed(_classifiers())}."
        )
    # Here, because who reads by ONNX Runtime does without.
    from cnn_digits.classifier import CNNDigitClassifier

    with packaged_network(name, _classifiers()) as path:
        return CNNDigitClassifier.load(path)


@contextmanager
def packaged_network(name, names, suffix=_SUFFIX):
    """The file of a network that comes with the package; what is wrong with it is said so.

    Parameters
    ----------
    name : str
    names : list of str
        Those that are expected.
    suffix : str, default=".cnn"
        Of the file.

    Yields
    ------
    path : Path
    """
    with as_file(_resource(name, suffix, names)) as path:
        try:
            yield path
        except ValueError as error:
            raise ValueError(
                f"The network {name!r} that comes with cnn-digits is damaged; install the package "
                f"again. {error}"
            ) from error


def reader_names():
    """Names of those that come with the package and read numbers, for `NumberReader`."""
    return [name for name in network_names() if name in _OF_READERS]


def _classifiers():
    return [name for name in network_names() if name not in _OF_READERS]


def light_names():
    """Names of those that come with the package for ONNX Runtime, and are classifiers."""
    return [name for name in _names(_LIGHT) if name not in _OF_READERS]


def light_reader_names():
    """Names of those that come with the package for ONNX Runtime, and read numbers."""
    return [name for name in _names(_LIGHT) if name in _OF_READERS]


def network_names():
    """Names of the networks that come with the package."""
    return _names(_SUFFIX)


def _names(suffix):
    names = (file.name for file in _FOLDER.iterdir())
    return sorted(name.removesuffix(suffix) for name in names if name.endswith(suffix))


def read_card(name="digits"):
    """The model card of a network that comes with the package, Markdown."""
    return _resource(name, ".md", network_names()).read_text("utf-8")


def _resource(name, suffix, names):
    if name not in names:
        raise ValueError(
            f"name={name!r}; expected a network that comes with cnn-digits: {_listed(names)}."
        )
    return _FOLDER / f"{name}{suffix}"


def _listed(names):
    return ", ".join(map(repr, names)) or "there is none, install the package again"
