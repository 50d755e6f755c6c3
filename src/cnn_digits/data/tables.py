"""Reading tables with a row per image, as Kaggle has them."""

import csv
import math
import re
from dataclasses import dataclass
from io import StringIO
from itertools import product

import numpy as np

from cnn_digits.files import damage_named, opened

_LABEL_COLUMNS = ("label", "labels", "class", "target", "digit", "y")
# What pandas calls the column of row numbers that it writes is nothing.
_ID_COLUMNS = ("", "id", "imageid", "index", "unnamed: 0")

# A pixel's name ends in its number or numbers: 7 in pixel7, 28 and 1 in 28x1.
_PIXEL_NAME = re.compile(r"(\D*?)(\d+)(?:([x_,.-])(\d+))?")

# What programs write for a value that they don't have.
_MISSING = ("", "na", "n/a", "nan", "null", "none", "<na>")

# Text that is parsed at once: it and its temporary arrays stay in the processor's cache.
_BLOCK = 2**18

# No line is longer: names of a million pixels. A file of anything else may have no end of line.
_MAX_LINE = 2**24

_DIGIT_0, _NEWLINE = ord("0"), ord("\n")


def read_csv(path):
    """Read images from a table with a row per image, as Kaggle's Digit Recognizer has them.

    Read more in the user guide: :ref:`kaggle`.

    Parameters
    ----------
    path : str or path-like
        CSV, plain, gzip or a zip of one file; values are parted by commas, semicolons or
        tabs. The first line names the columns: the label's is "label", "class", "target",
        "digit" or "y", in any place; the pixels', in any order, end in their number
        ("pixel0") or in row and column ("28x28"). Without names, or if they are numbers in
        ascending order, there must be a square number of columns, or one more: the label,
        first. A column of row numbers ("id", "ImageId" or no name) is left out.

    Returns
    -------
    X : ndarray of shape (n, features), uint8
    y : ndarray of shape (n,), or None if no column has labels
        Of int64 if all are whole numbers, otherwise of str.

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If a value is missing or no whole number from 0 to 255, or if a column is missing.
        Tells the row, from 0 as in X, the line of the file, and the column.

    See Also
    --------
    write_submission : The way back to Kaggle.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cnn_digits import read_csv
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "two.csv"
    ...     _ = path.write_text("label,pixel0,pixel1,pixel2,pixel3\\n7,0,9,255,0\\n1,1,0,8,3\\n")
    ...     X, y = read_csv(path)
    >>> X
    array([[  0,   9, 255,   0],
           [  1,   0,   8,   3]], dtype=uint8)
    >>> y
    array([7, 1])
    """
    images, labels = [], []
    with damage_named(path), opened(path) as file:
        first = file.readline(_MAX_LINE)
        columns, has_names = _columns(first)
        row, line = 0, 2 if has_names else 1
        for text in _whole_lines(file, b"" if has_names else first):
            table = _plain_table(text, columns)
            if table is None:
                # Quotes, spaces, decimal points, text for labels; or something is wrong.
                pixels, of_rows = _any_table(text, columns, row, line)
            else:
                pixels = table[:, columns.pixels]
                of_rows = None if columns.label is None else table[:, columns.label]
            images.append(pixels)
            labels.append(of_rows)
            row += len(pixels)
            line += text.count(b"\n")
        if not row:
            raise ValueError("it has names of columns and no row.")
    y = None if columns.label is None else _as_labels(np.concatenate(labels))
    return np.concatenate(images), y


@dataclass(frozen=True)
class _Columns:
    """Where a row has what."""

    names: list
    delimiter: str
    label: int | None
    pixels: object  # places of the pixels in their order: a slice, or an array of int


def _columns(line):
    """What the first line says of the columns, and whether it names them at all."""
    if not line.strip():
        raise ValueError("its first line is empty." if line else "it is empty.")
    text = _decoded(line).rstrip("\r\n")
    delimiter = max(",;\t", key=text.count)
    names = next(csv.reader([text], delimiter=delimiter, skipinitialspace=True))
    names = [name.strip() for name in names]
    if all(map(_is_number, names)):
        # A row of pixels is not 0, 1, 2, ...: so pandas calls the columns of an array.
        has_names = len(names) > 1 and names in (_counted(names, 0), _counted(names, 1))
        return _nameless_columns(len(names), delimiter), has_names
    return _named_columns(names, delimiter), True


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _counted(names, start):
    return [str(number) for number in range(start, start + len(names))]


def _nameless_columns(n, delimiter):
    if math.isqrt(n) ** 2 == n:
        label, pixels = None, slice(0, n)
    elif math.isqrt(n - 1) ** 2 == n - 1:
        label, pixels = 0, slice(1, n)
    else:
        raise ValueError(
            f"its first line has {n} numbers and no names; without names expected are the pixels "
            "of a square image, and the label before them."
        )
    names = [f"pixel{i}" for i in range(n - pixels.start)]
    return _Columns(["label"] * pixels.start + names, delimiter, label, pixels)


def _named_columns(names, delimiter):
    labels = [i for i, name in enumerate(names) if name.lower() in _LABEL_COLUMNS]
    if len(labels) > 1:
        raise ValueError(f"it has more than one label: {', '.join(names[i] for i in labels)}.")
    place = {}
    for i, name in enumerate(names):
        if i in labels or name.lower() in _ID_COLUMNS:
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
    return _Columns(names, delimiter, labels[0] if labels else None, pixels)


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


def _whole_lines(file, rest):
    """Pieces of a file that end where a line ends."""
    while piece := file.read(_BLOCK):
        text = rest + piece
        end = text.rfind(b"\n") + 1
        text, rest = text[:end], text[end:]
        if len(rest) > _MAX_LINE:
            raise ValueError(f"a line of it is longer than {_MAX_LINE:,} bytes.")
        if text:
            yield text
    if rest:
        yield rest + b"\n"


def _plain_table(text, columns):
    """A table of nothing but whole numbers from 0 to 255; None if there is anything else.

    Array operations for all characters at once: each digit looks back at the two before it,
    and the last digit of a number then has its value.

    Parameters
    ----------
    text : bytes
        Whole lines, the last with its newline.
    columns : _Columns
        Only pixels and labels have to be such numbers; others may be larger.

    Returns
    -------
    table : ndarray of shape (rows, columns), uint8, or None
    """
    delimiter = columns.delimiter.encode()
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    if b"." in text:  # as pandas writes whole numbers if they are floats
        text = text.replace(b".0" + delimiter, delimiter).replace(b".0\n", b"\n")
    text = np.frombuffer(text, np.uint8)
    value = text - np.uint8(_DIGIT_0)  # what is no digit wraps around to 10 and more
    is_digit = value < 10
    is_end = ~is_digit
    if is_end[0] or (is_end[1:] & is_end[:-1]).any():
        return None  # a number is missing
    # Taking by places is several times faster than by a mask.
    ends = np.flatnonzero(is_end)
    n_columns = len(columns.names)
    if ends.size % n_columns:
        return None
    marks = text[ends].reshape(-1, n_columns)
    if (marks[:, :-1] != ord(delimiter)).any() or (marks[:, -1] != _NEWLINE).any():
        return None

    two = is_digit[1:] & is_digit[:-1]
    three = two[1:] & two[:-1]
    rest = value[1:] + 10 * (value[:-1] * two)
    hundreds = value[:-2] * three
    is_over = (hundreds > 2) | ((hundreds == 2) & (rest[1:] > 55))
    is_over[1:] |= three[1:] & three[:-1]
    if is_over.any():
        # The place of a third digit. If the first number has none, place 0 is not over.
        is_over = is_over[np.maximum(ends - 3, 0)].reshape(-1, n_columns)
        labels = slice(0) if columns.label is None else columns.label
        if is_over[:, columns.pixels].any() or is_over[:, labels].any():
            return None
    value[1:] = rest
    value[2:] += 100 * hundreds
    return value[ends - 1].reshape(-1, n_columns)


def _any_table(text, columns, row, line):
    """Pixels and labels of whole lines, value by value; raises if something is wrong.

    Parameters
    ----------
    text : bytes
    columns : _Columns
    row, line : int
        Numbers of the first row and the first line, for errors.

    Returns
    -------
    pixels : ndarray of shape (rows, pixels), uint8
    labels : ndarray of shape (rows,), str, or None
    """
    n_columns = len(columns.names)
    places = np.arange(n_columns)[columns.pixels].tolist()
    images, labels = bytearray(), []
    # Lines end as in the file, because the reader counts them.
    reader = csv.reader(
        StringIO(_decoded(text), newline=""), delimiter=columns.delimiter, skipinitialspace=True
    )
    for values in reader:
        if not values:
            continue  # an empty line
        where = f"row {row} (line {line + reader.line_num - 1})"
        if len(values) != n_columns:
            raise ValueError(f"{where} has {len(values)} values; expected {n_columns}.")
        texts = [values[i] for i in places]
        try:
            numbers = list(map(float, texts))
            pixels = bytes(map(int, numbers))
        except (ValueError, OverflowError):  # no number, or not from 0 to 255
            pixels = None
        if pixels is None or list(pixels) != numbers:
            for i in places:
                _check_pixel(values[i], f"{where}, column {columns.names[i]!r}")
        images += pixels
        if columns.label is not None:
            label = values[columns.label].strip()
            if label.lower() in _MISSING:
                raise ValueError(f"{where}: the label is missing.")
            labels.append(label)
        row += 1
    images = np.frombuffer(images, np.uint8).reshape(-1, len(places))
    return images, None if columns.label is None else np.array(labels, dtype=str)


def _check_pixel(text, where):
    """Raise unless a text is a pixel."""
    if text.strip().lower() in _MISSING:
        raise ValueError(f"{where}: the value is missing.")
    try:
        is_pixel = float(text) in range(256)
    except ValueError:
        is_pixel = False
    if not is_pixel:
        raise ValueError(f"{where}: {text[:40]!r}; expected a whole number from 0 to 255.")


def _as_labels(labels):
    """Labels as int64 if all are whole numbers, otherwise as they are."""
    try:
        numbers = labels.astype(np.float64)
    except ValueError:
        return labels
    # Beyond that, not every whole number is a float.
    is_whole = (np.abs(numbers) < 2**53) & (numbers == np.floor(numbers))
    return numbers.astype(np.int64) if is_whole.all() else labels


def _decoded(data):
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is no text in UTF-8.") from None
