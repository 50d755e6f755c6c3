"""The numbers that are written on pictures, as they are given to `fit` and `score`."""

from numbers import Integral

import numpy as np

from cnn_digits.reading.symbols import DIGITS

# Digits of a number.
LONGEST = 40


def texts_of(numbers, n_pictures):
    """Numbers as texts, one for each picture.

    Parameters
    ----------
    numbers : array-like of shape (n_pictures,)
        Texts, or whole numbers.
    n_pictures : int

    Returns
    -------
    texts : list of str

    Raises
    ------
    TypeError, ValueError
        If there are not as many, or one is neither.
    """
    if numbers is None or isinstance(numbers, (str, bytes)) or np.ndim(numbers) == 0:
        raise TypeError(f"numbers is {numbers!r}; expected a list of texts, one for each picture.")
    if np.ndim(numbers) > 1:
        raise ValueError(
            f"numbers has shape {np.shape(numbers)}; expected one text for each picture, shape "
            f"({n_pictures},)."
        )
    numbers = list(numbers)
    if len(numbers) != n_pictures:
        raise ValueError(
            f"There are {len(numbers):,} numbers for {n_pictures:,} pictures; expected as many."
        )
    return [_text(number, i) for i, number in enumerate(numbers)]


def _text(number, place):
    if isinstance(number, str):
        return str(number)
    if isinstance(number, Integral) and not isinstance(number, (bool, np.bool_)):
        return str(int(number))
    raise TypeError(
        f"numbers[{place}] is {number!r}, a {type(number).__name__}; expected a text of digits, "
        "such as '0420'. pandas.read_csv(..., dtype=str) keeps them as they are."
    )


def digits_of(texts):
    """The digits on each line of each picture.

    Parameters
    ----------
    texts : list of str
        As `NumberReader.predict` returns them: a space between the numbers of a line, a newline
        between lines.

    Returns
    -------
    lines : list of list of str

    Raises
    ------
    ValueError
        If one holds anything else than digits, or a number is longer than 40 digits.
    """
    for i, text in enumerate(texts):
        others = sorted(set(text) - set(DIGITS) - {" ", "\n"})
        if others:
            raise ValueError(
                f"numbers[{i}] is {_shortened(text)}, which holds {', '.join(map(repr, others))}; "
                "expected digits alone (a space between the numbers of a line, a newline between "
                "lines). Leave separators out."
            )
        longest = max(map(len, text.split()), default=0)
        if longest > LONGEST:
            raise ValueError(
                f"numbers[{i}] is {_shortened(text)}, a number of {longest} digits; expected "
                f"{LONGEST} at most."
            )
    return [[line.replace(" ", "") for line in text.split("\n")] for text in texts]


def _shortened(text):
    return repr(text) if len(text) <= 50 else f"{text[:50]!r} …"
