"""Whether the label of a table without names is its first column or its last."""

from collections import Counter
from enum import IntEnum

from cnn_digits.data.columns import is_number, nameless_with_label

# Labels up to codes of letters. The grey of paper goes beyond.
_LABELS = range(128)

# Nearly all images are blank in their corners.
_MOSTLY = 0.9


class _Like(IntEnum):
    """What the values of a column are like; the higher, the more they are like labels."""

    PAPER = 0  # pixels all the same, or of many greys
    BLANK = 1  # black in all rows, as a corner is; or labels of the single class 0
    NEARLY_BLANK = 2  # the same in nearly all rows
    ONE = 3  # the same in all rows, and not black: could be the label of a single class
    LABELS = 4  # a few different ones, and all could be labels
    NO_PIXELS = 5  # text, or numbers beyond 0 to 255


def with_label_placed(columns, texts):
    """Columns of a table without names, with the label where the rows say that it is.

    A corner of a picture is the same in nearly all rows, or paper of many greys; labels are a
    few different small numbers, or text.

    Parameters
    ----------
    columns : Columns
        Those with the label first, which it is by convention.
    texts : list of bytes
        All rows.

    Returns
    -------
    columns : Columns

    Raises
    ------
    ValueError
        If it can't be told: a guess would be labels that are wrong without anybody seeing it.
    """
    delimiter = columns.delimiter.encode()
    ends = Counter(), Counter()
    for text in texts:
        for line in text.splitlines():
            if line.strip():
                ends[0][line.partition(delimiter)[0]] += 1
                ends[1][line.rpartition(delimiter)[2]] += 1
    if not ends[0]:
        return columns  # who reads the rows finds that there are none
    first, last = map(_plain, ends)
    like_first, like_last = _like(first), _like(last)
    # Of a single class, black in both corners, the label is the same in any case.
    are_same = len(first) == 1 and first.keys() == last.keys()
    if are_same or like_first > max(like_last, _Like.NEARLY_BLANK):
        return columns
    if like_last > max(like_first, _Like.NEARLY_BLANK):
        return nameless_with_label(len(columns.names), columns.delimiter, first=False)
    raise ValueError(
        f"it has {len(columns.names):,} columns without names, and whether the first "
        f"({_examples(first)}) or the last ({_examples(last)}) is the label can't be told; "
        "expected a first line with names: label,pixel0,pixel1, and so on."
    )


def _plain(counts):
    """How often each value occurs, whatever quotes or spaces are around it."""
    values = Counter()
    for value, n in counts.items():
        text = value.decode(errors="replace").strip(' \t"\ufeff')
        is_whole = is_number(text) and float(text).is_integer()
        values[int(float(text)) if is_whole else text] += n
    return values


def _like(counts):
    n = counts.total()
    if sum(m for value, m in counts.items() if not _is_pixel(value)) > n / 10:
        return _Like.NO_PIXELS
    (value, most), *_ = counts.most_common(1)
    are_labels = all(value in _LABELS for value in counts)
    if len(counts) == 1:
        return _Like.BLANK if value == 0 else _Like.ONE if are_labels else _Like.PAPER
    if most > _MOSTLY * n:
        return _Like.NEARLY_BLANK
    return _Like.LABELS if are_labels else _Like.PAPER


def _is_pixel(value):
    return not isinstance(value, str) and 0 <= value <= 255


def _examples(counts):
    values = list(counts)[:3]
    return ", ".join(str(value)[:20] for value in values) + (", …" if len(counts) > 3 else "")
