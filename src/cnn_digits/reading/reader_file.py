"""A network that reads lines in a file that is safe to open, with what belongs to it.

The same zip of JSON and plain arrays as that of a classifier. Weights that float16 holds exactly
are written so, which halves the file of a network that was rounded to it.
"""

from contextlib import contextmanager
from dataclasses import dataclass

import keras
import numpy as np

from cnn_digits import __version__
from cnn_digits.devices import float32_by_default, ready_to_compute, to_numpy
from cnn_digits.persistence.archive import (
    READER,
    check_header,
    opened_archive,
    read_array,
    read_description,
    reasons_in_one_line,
    write_array,
    written_archive,
)
from cnn_digits.persistence.schema import Check, check_entries, is_number
from cnn_digits.reading.calibration import Calibration
from cnn_digits.reading.line_network import build_network
from cnn_digits.reading.strips import STRIP_HEIGHT

FORMAT, VERSION = "cnn-digits reader", 1


@dataclass(frozen=True)
class FittedReader:
    """A network that reads lines, and what belongs to it.

    Parameters
    ----------
    network : keras.Model
        From strips to logits.
    calibration : Calibration
        From what it says of a number to the probability that it is right.
    history : dict of lists
        What each epoch of a fit measured.
    """

    network: keras.Model
    calibration: Calibration
    history: dict


def save(path, parameters, fitted):
    """Write a reader, whole or not at all.

    Parameters
    ----------
    path : str or path-like
    parameters : dict
        Of a NumberReader, plain values.
    fitted : FittedReader

    Raises
    ------
    ValueError
        If weights are not finite.
    OSError
        If it can't be written.
    """
    calibration = {"slope": fitted.calibration.slope, "offset": fitted.calibration.offset}
    meta = {
        "format": FORMAT,
        "version": VERSION,
        "versions": {"cnn_digits": __version__, "keras": keras.__version__},
        "parameters": parameters,
        "calibration": calibration,
        "history": fitted.history,
    }
    check_entries(meta, _DESCRIPTION)
    with written_archive(path, meta, READER) as archive:
        for name, variable in _entries(fitted.network.variables):
            write_array(archive, name, variable, short=True)


@contextmanager
def loaded(path):
    """Read what `save` has written.

    Whatever is wrong, also in what the block makes of it, is one error that names the file.

    Parameters
    ----------
    path : str or path-like

    Yields
    ------
    parameters : dict
    fitted : FittedReader

    Raises
    ------
    OSError
        If the file can't be opened, because there is none, say.
    ValueError
        If it is no such file, is damaged, or was written by a later version.
    """
    with reasons_in_one_line(path), opened_archive(path, READER) as archive:
        meta = _checked(read_description(archive, READER))
        network = _read_network(archive)
        yield (
            meta["parameters"],
            FittedReader(network, Calibration(**meta["calibration"]), meta["history"]),
        )


def new_network(values=None):
    """A network of the kind that is kept in files, with given weights.

    Parameters
    ----------
    values : list of ndarray or None
        One for each of its variables.
    """
    ready_to_compute()
    with float32_by_default:
        network = build_network(seed=0)
    for variable, value in zip(network.variables, values or (), strict=values is not None):
        variable.assign(value)
    return network


def values_of(network):
    """The values of a network's variables, to make another one of or to keep in a pickle."""
    return [to_numpy(variable) for variable in network.variables]


def _entries(variables):
    return [(f"network/{i}.npy", variable) for i, variable in enumerate(variables)]


def _checked(meta):
    """What a file says of a reader, after all checks."""
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise ValueError("it was not written by NumberReader.save.")
    if type(meta.get("version")) is not int or meta["version"] != VERSION:
        raise ValueError(
            f"it has format version {str(meta.get('version'))[:20]}; this is cnn-digits "
            f"{__version__}, which reads {VERSION}."
        )
    check_entries(meta, _DESCRIPTION)
    return meta


def _read_network(archive):
    network = new_network()
    entries = _entries(network.variables)
    surplus = set(archive.namelist()) - {name for name, _ in entries} - {READER.description}
    if surplus:
        raise ValueError(f"it holds {min(surplus)}, which its network has no use for.")
    for name, variable in entries:
        check_header(archive, name, variable)
    for name, variable in entries:
        variable.assign(read_array(archive, name, variable))
    _check_answers(network)
    return network


def _check_answers(network):
    """Raise unless a network says numbers: each of its weights may be one, and they overflow."""
    strips = np.random.default_rng(0).integers(0, 256, (1, STRIP_HEIGHT, 64, 1), dtype=np.uint8)
    if not np.isfinite(to_numpy(network(strips, training=False))).all():
        raise ValueError("its network says NaN or infinity: its weights are not those of a fit.")


def _are_measures(value):
    return isinstance(value, list) and all(map(is_number, value))


_TEXT = Check("a text", lambda value: isinstance(value, str))
_NUMBER = Check("a finite number", is_number)

_DESCRIPTION = {
    "versions": {"cnn_digits": _TEXT, "keras": _TEXT},
    "parameters": {
        ...: Check(
            "a plain value",
            lambda value: value is None or isinstance(value, (bool, str)) or is_number(value),
        )
    },
    "calibration": {
        "slope": Check("a number above 0", lambda value: is_number(value) and value > 0),
        "offset": _NUMBER,
    },
    "history": {...: Check("a list of numbers", _are_measures)},
}
