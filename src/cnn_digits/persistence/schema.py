"""What the description of a classifier may say: one table, with a check for each entry.

It holds for what is read and for what is written, so that nothing is saved that would not open.
What the classifier itself says of its parameters, it checks beyond this.
"""

import math
import re
import reprlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from cnn_digits.architectures import recipe_for

_LARGEST_FLOAT32 = float(np.finfo(np.float32).max)

# Of an image: 2,048 × 2,048 grey pixels. Nobody trains on more, but a network for more would be
# built and tried if a forged file says so.
_MAX_VALUES = 2**22

# What a type of texts may have room for beyond the longest label: predictions take that room.
_SPARE_LETTERS = 1024

# Of Keras's names, which messages repeat.
_LONGEST_NAME = 100

_LABEL_TYPE = re.compile(r"[<>|](?:b1|[iu][1248]|f[248]|O)|[<>]U(?P<letters>\d{1,18})")
# What JSON calls their values; anything may be an object.
_LABEL_KINDS = {"b": (bool,), "i": (int,), "u": (int,), "f": (float,), "U": (str,)}

# Of a value in a message.
SHORT = reprlib.Repr()


@dataclass(frozen=True)
class Check:
    """What a value of the description may be.

    Parameters
    ----------
    expected : str
        In words, for a message.
    holds : callable
        Whether a value is that; it may be anything that JSON can hold.
    optional : bool
        Whether the entry may be missing, as in files of earlier versions.
    """

    expected: str
    holds: Callable
    optional: bool = False


def check_description(meta):
    """Raise ValueError, a sentence, unless a description says what one has to say.

    Parameters
    ----------
    meta : dict
        As JSON holds it.
    """
    check_entries(meta, DESCRIPTION)
    _check_labels(**meta["classes"])
    _check_standardization(meta["building"])
    _check_images(meta["image_shape"], meta["n_features_in"], meta["feature_names_in"])
    _check_history(meta["history"])


def check_entries(values, table, where=""):
    """Raise ValueError, a sentence, unless an object says what a table of checks expects.

    Parameters
    ----------
    values : object
        Whatever JSON held.
    table : dict
        A check for each name, or such a table; under `...` that of all other names.
    where : str, default=""
        Beginning of the names in messages.
    """
    if not isinstance(values, dict):
        raise ValueError(f"its {where.rstrip('.')} is {SHORT.repr(values)}; expected an object.")
    for key, expected in table.items():
        if key is not ... and key not in values and not getattr(expected, "optional", False):
            raise ValueError(f"it has no {where}{key}.")
    for key, value in values.items():
        expected = table.get(key, table.get(...))
        if isinstance(expected, dict):
            check_entries(value, expected, f"{where}{key}.")
        elif expected is not None and not expected.holds(value):
            raise ValueError(
                f"its {where}{key} is {SHORT.repr(value)}; expected {expected.expected}."
            )


def _check_labels(dtype, labels, **others):
    """Raise unless labels are distinct, sorted, and as they are in an array of their type."""
    kinds = _LABEL_KINDS.get(dtype[1], (bool, int, float, str))
    if any(type(label) not in kinds for label in labels):
        raise ValueError(f"its labels are {SHORT.repr(labels)}; their type is {dtype}.")
    letters = _LABEL_TYPE.fullmatch(dtype)["letters"]
    longest = max(map(len, labels)) if letters else 0
    if letters and not longest <= int(letters) <= longest + _SPARE_LETTERS:
        raise ValueError(
            f"the longest of its labels has {longest} letters; their type is {dtype}, of {letters}."
        )
    try:
        with np.errstate(over="ignore"):
            in_type = np.array(labels, dtype).tolist()
        are_sorted = all(a < b for a, b in pairwise(labels))
    except (OverflowError, TypeError):  # too large for the type, or not to be compared
        in_type, are_sorted = None, False
    if in_type != labels or not are_sorted:
        raise ValueError(
            f"its labels are {SHORT.repr(labels)}; expected distinct ones of type {dtype}, sorted."
        )


def _check_standardization(building):
    """Raise unless pixels can be standardised in the numbers of the network."""
    mean, std = building["mean"], building["std"]
    if max(1, abs(mean)) / std > _LARGEST_FLOAT32:
        raise ValueError(f"its pixels have mean {mean} and std {std}, which no fit comes to.")


def _check_images(image_shape, n_features_in, feature_names_in):
    """Raise unless shape, number of values and their names belong to the same images."""
    height, width, channels = image_shape
    n_values = height * width * channels
    # Flat rows that are no square have been padded to one.
    is_padded = height == width and channels == 1 and (height - 1) ** 2 < n_features_in < n_values
    if n_features_in != n_values and not is_padded:
        raise ValueError(f"its image_shape is {image_shape}, but n_features_in is {n_features_in}.")
    if feature_names_in is not None and len(feature_names_in) != n_features_in:
        raise ValueError(
            f"its feature_names_in are {len(feature_names_in)}, but n_features_in is "
            f"{n_features_in}."
        )


def _check_history(history):
    """Raise unless each epoch has been measured once; validation may have come later, or ended."""
    lengths = {key: len(values) for key, values in history.items()}
    n_epochs = lengths.get("loss", 0)
    everywhere = {lengths.get(key, n_epochs) for key in ("accuracy", "learning_rate")}
    if everywhere != {n_epochs} or max(lengths.values(), default=0) > n_epochs:
        raise ValueError(
            f"its history has lists of {SHORT.repr(lengths)} values; expected one for each epoch."
        )


def is_number(value):
    """Whether a value of JSON is a finite number."""
    # True is none, and NaN is not below anything.
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def _is_pixel(value):
    return is_number(value) and abs(value) <= _LARGEST_FLOAT32


def _is_above_zero(value):
    return _is_pixel(value) and value > 0


def _is_count(value):
    return type(value) is int and value > 0


def _is_measure(value):
    # Also NaN: a measure of the user's own may be undefined.
    return isinstance(value, float) or is_number(value)


def _is_plain(value):
    return value is None or isinstance(value, (bool, str)) or is_number(value)


def _are(holds, values):
    return isinstance(values, list) and all(map(holds, values))


def _is_shape(value):
    return _are(_is_count, value) and len(value) == 3 and math.prod(value) <= _MAX_VALUES


def _is_architecture(value):
    try:
        return value is None or (isinstance(value, str) and recipe_for(value) is not None)
    except KeyError:
        return False


def _is_name(value):
    return isinstance(value, str) and len(value) <= _LONGEST_NAME


def _is_component(value):
    """Whether it is the name of an object of Keras, or its class and what that is made of."""
    if not isinstance(value, dict):
        return _is_name(value)
    return (
        value.keys() == {"class", "config"}
        and _is_name(value["class"])
        and isinstance(value["config"], dict)
        and all(
            isinstance(part, dict) and _is_component(part)
            if key == "inner_optimizer"
            else _is_plain(part)
            for key, part in value["config"].items()
        )
    )


def _is_pair(value):
    """Whether it is a label with its weight."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and _is_plain(value[0])
        and is_number(value[1])
        and value[1] >= 0
    )


_TEXT = Check("a text", lambda value: isinstance(value, str))
_ARCHITECTURE = Check("the name of one of this package, or null", _is_architecture)
_COMPONENT = Check("a name, or the class of one of Keras's with plain values", _is_component)
_COMPONENT_OF_LATER_FILES = replace(_COMPONENT, optional=True)
_POSITIVE = Check("a finite number above 0", _is_above_zero)
_KNOWN_OF_LATER_FILES = Check(
    "true, false or null", lambda value: value is None or isinstance(value, bool), optional=True
)

# By name, and `...` for all other names of an object. Names that are not here are left alone:
# later versions may say more.
DESCRIPTION = {
    "versions": {"cnn_digits": _TEXT, "keras": _TEXT},
    "parameters": {
        "architecture": _ARCHITECTURE,
        "augment": Check(
            "null, a text, or plain values by name",
            lambda value: (
                _are(_is_plain, list(value.values()))
                if isinstance(value, dict)
                else value is None or isinstance(value, str)
            ),
        ),
        "class_weight": Check(
            "null, a text, or pairs of a label and its weight",
            lambda value: value is None or isinstance(value, str) or _are(_is_pair, value),
        ),
        "optimizer": _COMPONENT,
        "loss": _COMPONENT,
        ...: Check(
            "a plain value or a list of them",
            lambda value: _is_plain(value) or _are(_is_plain, value),
        ),
    },
    "building": {
        "architecture": _ARCHITECTURE,
        "dropout": Check(
            "a number in [0, 1), or null",
            lambda value: value is None or (is_number(value) and 0 <= value < 1),
        ),
        "mean": Check("a finite number", _is_pixel),
        "std": _POSITIVE,
        "sharpness": _POSITIVE,
        "dtype_policy": Check(
            "'float32', 'mixed_bfloat16' or 'mixed_float16'",
            lambda value: value in ("float32", "mixed_bfloat16", "mixed_float16"),
        ),
        "optimizer": _COMPONENT_OF_LATER_FILES,
        "loss": _COMPONENT_OF_LATER_FILES,
    },
    "classes": {
        "dtype": Check(
            "a type of labels in NumPy's words, such as '<i8' or '<U5'",
            lambda value: isinstance(value, str) and bool(_LABEL_TYPE.fullmatch(value)),
        ),
        "labels": Check(
            "a list of texts and finite numbers",
            lambda value: bool(value) and _are(_is_plain, value) and None not in value,
        ),
    },
    "image_shape": Check(
        f"height, width and channels of at most {_MAX_VALUES:,} values", _is_shape
    ),
    "n_features_in": Check("a positive integer", _is_count),
    "feature_names_in": Check(
        "null or a list of texts",
        lambda value: value is None or _are(lambda name: isinstance(name, str), value),
    ),
    "pixel_range": Check(
        "two finite numbers, the lowest pixel and the highest",
        lambda value: _are(_is_pixel, value) and len(value) == 2 and value[0] <= value[1],
    ),
    "history": {...: Check("a list of numbers", lambda value: _are(_is_measure, value))},
    "framed": _KNOWN_OF_LATER_FILES,
    "knows_blank": _KNOWN_OF_LATER_FILES,
}
