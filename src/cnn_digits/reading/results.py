"""What is read on a picture: lines, their numbers, the digits of these."""

import math
from dataclasses import asdict, dataclass

_COLUMNS = ["line", "number", "confidence", "left", "top", "width", "height"]


@dataclass(frozen=True)
class Digit:
    """A digit of a number.

    Parameters
    ----------
    label : str
        "0" to "9"; a separator where these were asked for.
    probability : float
        That it is this digit, between 0 and 1.
    box : tuple of four ints
        Left, top, width and height in pixels of the picture.
    """

    label: str
    probability: float
    box: tuple


@dataclass(frozen=True)
class Number:
    """A number on a line.

    Parameters
    ----------
    text : str
        Its digits, leading zeros too, with the separators between them where these were asked for.
    confidence : float
        Probability that the whole number is right, between 0 and 1.
    box : tuple of four ints
        Left, top, width and height in pixels of the picture.
    digits : tuple of Digit
        From left to right, one for each character of the text.
    """

    text: str
    confidence: float
    box: tuple
    digits: tuple


@dataclass(frozen=True)
class Line:
    """A line of writing.

    Parameters
    ----------
    box : tuple of four ints
        Left, top, width and height in pixels of the picture.
    numbers : tuple of Number
        From left to right.
    """

    box: tuple
    numbers: tuple


@dataclass(frozen=True)
class Reading:
    """What :class:`~cnn_digits.NumberReader` reads on a picture.

    Pixels are those of the picture as it was given: of a photo, after it was turned as the camera
    says.

    Parameters
    ----------
    lines : tuple of Line
        From top to bottom, those on which a number was read.
    turned : {0, 90, 180, 270}, default=0
        By how many degrees the picture was turned anticlockwise to be read. Boxes are those in the
        picture as it was given.

    Examples
    --------
    >>> from cnn_digits.reading.results import Digit, Line, Number, Reading
    >>> seven = Digit("7", 0.98, (12, 10, 20, 30))
    >>> number = Number("7", 0.97, seven.box, (seven,))
    >>> reading = Reading((Line(seven.box, (number,)),))
    >>> reading.text, reading.confidence
    ('7', 0.97)
    >>> reading.to_dict()["lines"][0]["numbers"][0]["digits"]
    [{'label': '7', 'probability': 0.98, 'box': [12, 10, 20, 30]}]
    >>> reading.to_frame()
       line number  confidence  left  top  width  height
    0     0      7        0.97    12   10     20      30
    """

    lines: tuple
    turned: int = 0

    @property
    def numbers(self):
        """All numbers, line by line: a tuple of Number."""
        return tuple(number for line in self.lines for number in line.numbers)

    @property
    def text(self):
        """The numbers of a line with a space between them, the lines with a newline."""
        return "\n".join(" ".join(number.text for number in line.numbers) for line in self.lines)

    @property
    def confidence(self):
        """Probability that all of it is right; 0 if nothing was read."""
        return math.prod(number.confidence for number in self.numbers) if self.lines else 0.0

    def to_dict(self):
        """The same as dicts, lists and plain values, as JSON has them.

        Returns
        -------
        reading : dict
            Lines, their numbers, their digits; what `turned`, `text` and `confidence` say.
        """
        return {
            **_plain(asdict(self)),
            "text": self.text,
            "confidence": self.confidence,
        }

    def to_frame(self):
        """A row for each number: its line, counted from 0, itself, its confidence, its box.

        Returns
        -------
        frame : pandas.DataFrame
            Columns line, number (str), confidence, left, top, width and height.
        """
        import pandas as pd

        rows = [
            (i, number.text, number.confidence, *number.box)
            for i, line in enumerate(self.lines)
            for number in line.numbers
        ]
        return pd.DataFrame(rows, columns=_COLUMNS)


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
