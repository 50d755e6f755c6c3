"""Reading tables with a row per image, as Kaggle has them."""

import csv
from io import StringIO
from itertools import chain
from operator import itemgetter

import numpy as np

from cnn_digits.data.bounds import MAX_BYTES, MAX_LABEL, MAX_LINE, MAX_TEXT, check_unpacked
from cnn_digits.data.columns import columns_of, decoded, is_number
from cnn_digits.data.emnist import upright
from cnn_digits.data.label_place import with_label_placed
from cnn_digits.files import damage_named, opened

# What programs write for a value that they don't have.
_MISSING = ("", "na", "n/a", "nan", "null", "none", "<na>")

# Text that is parsed at once: it and its temporary arrays stay in the processor's cache.
_BLOCK = 2**18

# Bytes that a row counts as at least, because it takes its time however short it is.
_LEAST = 128

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
        first or last, whichever its values show. A column of row numbers ("id", "ImageId",
        "Unnamed: 0" or no name) is left out. EMNIST's tables, known by their names such as
        `emnist-digits-train.csv`, hold images on their sides, and are read upright.

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
        Tells the row, from 0 as in X, the line of the file, and the column. If the place of
        the label can't be told, or a label, a line or the whole is larger than what is read
        (see :ref:`bounds`).

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
        first = file.readline(MAX_LINE.value + 1)
        MAX_LINE.check(len(first), "its first line has at least")
        columns, has_names = columns_of(first)
        texts = _whole_lines(file, b"" if has_names else first, path)
        if columns.label_may_be_last:
            texts = list(texts)
            columns = with_label_placed(columns, texts)
        row, line, width = 0, 2 if has_names else 1, 8
        for text in texts:
            table = _plain_table(text, columns)
            if table is None:
                # Quotes, spaces, decimal points, text for labels; or something is wrong.
                pixels, of_rows = _any_table(text, columns, row, line)
            else:
                pixels = np.ascontiguousarray(table[:, columns.pixels])
                of_rows = None if columns.label is None else table[:, columns.label].copy()
            images.append(pixels)
            labels.append(of_rows)
            row += len(pixels)
            line += text.count(b"\n")
            if columns.label is not None:
                width = max(width, of_rows.itemsize)
            n_bytes = row * max(_LEAST, pixels.shape[1] + width)
            check_unpacked(MAX_BYTES, n_bytes, "its pixels and labels count as", path)
        if not row:
            raise ValueError("it has names of columns and no row.")
        y = None if columns.label is None else _as_labels(np.concatenate(labels))
        return upright(np.concatenate(images), path), y


def _whole_lines(file, rest, path):
    """Pieces of a file that end where a line ends."""
    n_bytes, longest = 0, MAX_LINE.value
    while piece := file.read(_BLOCK):
        n_bytes += len(piece)
        check_unpacked(MAX_TEXT, n_bytes, "it unpacks to at least", path)
        text = rest + piece
        end = text.rfind(b"\n") + 1
        text, rest = text[:end], text[end:]
        if len(rest) > longest:
            MAX_LINE.check(len(rest), "it has a line of at least")
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
    columns : Columns
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
    columns : Columns
    row, line : int
        Numbers of the first row and the first line, for errors.

    Returns
    -------
    pixels : ndarray of shape (rows, pixels), uint8
    labels : ndarray of shape (rows,), str, or None
    """
    is_run = isinstance(columns.pixels, slice)
    of_pixels = itemgetter(*[columns.pixels] if is_run else columns.pixels.tolist())
    labels = None
    try:
        rows = list(filter(None, _split(text, columns)))  # an empty line is no row
        if set(map(len, rows)) - {len(columns.names)}:
            raise ValueError("the number of values differs.")
        images = bytes(map(_Pixels().__getitem__, chain.from_iterable(map(of_pixels, rows))))
        if columns.label is not None:
            labels = list(map(str.strip, map(itemgetter(columns.label), rows)))
            for label in set(labels):
                _check_label(label, "")
    except (ValueError, csv.Error):
        _raise_for_first(text, columns, row, line)
        raise
    n_pixels = len(range(len(columns.names))[columns.pixels]) if is_run else len(columns.pixels)
    images = np.frombuffer(images, np.uint8).reshape(-1, n_pixels)
    return images, None if labels is None else np.array(labels, dtype=str)


def _split(text, columns):
    """A reader of the rows of a text, each a list of values."""
    # Lines end as in the file, because the reader counts them.
    lines = StringIO(decoded(text), newline="")
    return csv.reader(lines, delimiter=columns.delimiter, skipinitialspace=True)


class _Pixels(dict):
    """Pixels by their text: there are few, and each is looked at once."""

    def __missing__(self, text):
        _check_pixel(text, "")
        if len(self) < 2**12:
            self[text] = int(float(text))
        return int(float(text))


def _raise_for_first(text, columns, row, line):
    """Raise for the first row whose values are no image, or its label none."""
    reader = _split(text, columns)
    places = np.arange(len(columns.names))[columns.pixels].tolist()
    try:
        for values in reader:
            if not values:
                continue
            where = f"row {row} (line {line + reader.line_num - 1})"
            if len(values) != len(columns.names):
                raise ValueError(
                    f"{where} has {len(values)} values; expected {len(columns.names)}."
                )
            for i in places:
                _check_pixel(values[i], f"{where}, column {columns.names[i]!r}")
            if columns.label is not None:
                _check_label(values[columns.label].strip(), where)
            row += 1
    except csv.Error as error:  # a value that is longer than any
        raise ValueError(f"row {row} (line {line + reader.line_num - 1}): {error}.") from None


def _check_label(label, where):
    """Raise if a label is missing, or longer than any."""
    if label.lower() in _MISSING:
        raise ValueError(f"{where}: the label is missing.")
    MAX_LABEL.check(len(label), f"{where}: the label has")


def _check_pixel(text, where):
    """Raise unless a text is a pixel."""
    if text.strip().lower() in _MISSING:
        raise ValueError(f"{where}: the value is missing.")
    if not is_number(text) or float(text) not in range(256):
        raise ValueError(f"{where}: {text[:40]!r}; expected a whole number from 0 to 255.")


def _as_labels(labels):
    """Labels as int64 if all are whole numbers, otherwise as they are."""
    if labels.dtype.kind == "u":
        return labels.astype(np.int64)
    numbers = np.empty(len(labels), np.int64)
    # Piece by piece, because the numbers on the way take more than the labels.
    for start in range(0, len(labels), _BLOCK):
        rows = slice(start, start + _BLOCK)
        if not all(map(is_number, set(labels[rows].tolist()))):
            return labels
        piece = labels[rows].astype(np.float64)
        # Beyond that, not every whole number is a float.
        if not ((np.abs(piece) < 2**53) & (piece == np.floor(piece))).all():
            return labels
        numbers[rows] = piece
    return numbers
