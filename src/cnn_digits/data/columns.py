"""What the first line of a table says of its columns."""

import csv
import math
import re
from dataclasses import dataclass
from itertools import product

import numpy as np

from cnn_digits.data.bounds import MAX_COLUMNS

_LABEL_COLUMNS = ("label", "labels", "class", "target", "digit", "y")

# Row numbers. What pandas calls the column of them that it writes is nothing; if such a file is
# read and saved again, "Unnamed: 0", then "Unnamed: 0.1".
_ID_COLUMN = re.compile(r"|id|imageid|index|level_0|unnamed: [0-9]+(\.[0-9]+)*")

# A pixel's name ends in its number or numbers: 7 in pixel7, 28 and 1 in 28x1.
_PIXEL_NAME = re.compile(r"(\D*?)(\d+)(?:([x_,.-])(\d+))?", re.ASCII)

# As C and everything that writes tables print numbers. Python's float takes more: 1_0, ٣, nan.
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Columns:
    """Where a row has what.

    Attributes
    ----------
    names : list of str

    delimiter : str

    label : int or None

    pixels : slice or ndarray of int
        Places of the pixels in their order.

    label_may_be_last : bool
        The label is first by convention alone, and might as well be last.
    """

    names: list
    delimiter: str
    label: int | None
    pixels: object
    label_may_be_last: bool = False


def columns_of(line):
    """What the first line says of the columns, and whether it names them at all."""
    if not line.strip():
        raise ValueError("its first line is empty." if line else "it is empty.")
    text = decoded(line).rstrip("\r\n")
    if "\r" in text:
        raise ValueError(
            "its lines end in carriage returns alone; expected line feeds, which programs call "
            "the endings of Unix or Windows."
        )
    delimiter = max(",;\t", key=text.count)
    MAX_COLUMNS.check(text.count(delimiter) + 1, "its first line has")
    try:
        names = next(csv.reader([text], delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:  # a name that is longer than any
        raise ValueError(f"its first line has no names or pixels: {error}.") from None
    names = [name.strip() for name in names]
    if all(map(is_number, names)):
        # A row of pixels is not 0, 1, 2, ...: so pandas calls the columns of an array.
        has_names = len(names) > 1 and names in (_counted(names, 0), _counted(names, 1))
        return _nameless_columns(len(names), delimiter), has_names
    return _named_columns(names, delimiter), True


def is_number(text):
    """Whether text is a number in plain decimal notation, with an exponent or not."""
    return _NUMBER.fullmatch(text) is not None


def _counted(names, start):
    return [str(number) for number in range(start, start + len(names))]


def _nameless_columns(n, delimiter):
    if math.isqrt(n) ** 2 == n:
        return Columns([f"pixel{i}" for i in range(n)], delimiter, None, slice(0, n))
    if math.isqrt(n - 1) ** 2 != n - 1:
        raise ValueError(
            f"its first line has {n} numbers and no names; without names expected are the pixels "
            "of a square image, and the label before or behind them."
        )
    return nameless_with_label(n, delimiter, first=True)


def nameless_with_label(n, delimiter, *, first):
    """Columns without names, the label before the pixels or behind them."""
    names = [f"pixel{i}" for i in range(n - 1)]
    if first:
        return Columns(["label", *names], delimiter, 0, slice(1, n), label_may_be_last=True)
    return Columns([*names, "label"], delimiter, n - 1, slice(0, n - 1))


def _named_columns(names, delimiter):
    labels = [i for i, name in enumerate(names) if name.lower() in _LABEL_COLUMNS]
    if len(labels) > 1:
        raise ValueError(f"it has more than one label: {', '.join(names[i] for i in labels)}.")
    place = {}
    for i, name in enumerate(names):
        if i in labels or _ID_COLUMN.fullmatch(name.lower()):
            continue
        match = _PIXEL_NAME.fullmatch(name)
        if not match:
            raise ValueError(
                f"column {name[:40]!r} is neither a pixel, such as 'pixel0', nor a label, such as "
                "'label'."
            )
        key = tuple(int(number) for number in match.group(2, 4) if number)
        if key in place:
            raise ValueError(f"columns {names[place[key]]!r} and {name!r} are the same pixel.")
        place[key] = i
    if not place:
        raise ValueError("it has no column of pixels, such as 'pixel0'.")
    _check_complete(place, names)
    order = [place[key] for key in sorted(place)]
    is_run = order == list(range(order[0], order[0] + len(order)))
    pixels = slice(order[0], order[-1] + 1) if is_run else np.array(order)
    return Columns(names, delimiter, labels[0] if labels else None, pixels)


def _check_complete(place, names):
    """Raise if the pixels, given by their numbers, leave one out."""
    first, last = min(place), max(place)
    if len({len(key) for key in place}) > 1:
        raise ValueError(
            f"names of its pixels have one number or two: {names[place[first]]!r}, "
            f"{names[place[last]]!r}."
        )
    # Numbers begin with 0 or 1. Nothing of their size is made: one may be huge.
    spans = [range(min(*numbers, 1), max(numbers) + 1) for numbers in zip(*place, strict=True)]
    n_missing = math.prod(span.stop - span.start for span in spans) - len(place)
    if n_missing:
        tried = product(*(span[: len(place) + 1] for span in spans))
        key = next(key for key in tried if key not in place)
        prefix, _, mark, _ = _PIXEL_NAME.fullmatch(names[place[first]]).groups()
        name = prefix + (mark or "").join(map(str, key))
        raise ValueError(
            f"column {name!r} is missing"
            + (f", and {n_missing - 1:,} more pixels." if n_missing > 1 else ".")
        )
    side = math.isqrt(len(place)) + 1
    if len(first) == 1 and len(place) == side * side - 1:
        raise ValueError(
            f"it has {len(place):,} pixels, one short of {side} × {side}: is the one before "
            f"{names[place[first]]!r} or the one after {names[place[last]]!r} missing?"
        )


def decoded(data):
    """Text of bytes in UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is no text in UTF-8.") from None
