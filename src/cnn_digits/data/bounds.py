"""How much a file may ask for: every bound of the readers, and how each is raised.

A few kilobytes can claim a picture of terabytes, or unpack to gigabytes of zeros. What is beyond
a bound is refused by what the file claims, before memory is taken for it, or as soon as it shows.
Each bound can be raised by an environment variable of its name.
"""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Bound:
    """What is allowed of something, unless the environment variable `name` says otherwise."""

    name: str
    default: int
    unit: str

    @property
    def value(self):
        text = os.environ.get(self.name, "").strip()
        if not text:
            return self.default
        if not (text.isascii() and text.isdecimal()) or len(text) > 18 or int(text) == 0:
            raise ValueError(
                f"the environment variable {self.name} is {text[:40]!r}; expected a whole number "
                f"of {self.unit}, such as {self.default}."
            )
        return int(text)

    def check(self, seen, what, at_least=0):
        """Raise ValueError if more was seen than is allowed, `at_least` in any case.

        Parameters
        ----------
        seen : int
        what : str
            What the file does: "it claims".
        at_least : int, default=0
        """
        allowed = max(self.value, at_least)
        if seen > allowed:
            raise ValueError(
                f"{what} {seen:,} {self.unit}; up to {allowed:,} are read, because more may be an "
                "attack on the memory. If you trust the file, set the environment variable "
                f"{self.name} to {seen} or more."
            )


# Arrays made of a file. MNIST's 70,000 images take 439 MB as float64.
MAX_BYTES = Bound("CNN_DIGITS_MAX_BYTES", 2**29, "bytes")

# Arrays in an npz file, each of which is looked at.
MAX_ARRAYS = Bound("CNN_DIGITS_MAX_ARRAYS", 1_000, "arrays")

# The text of a table. MNIST's 70,000 images take 128 MB, and 220 MB with decimal points.
MAX_TEXT = Bound("CNN_DIGITS_MAX_TEXT", 2**28, "bytes")

# Packed data that is honest is seldom smaller than a sixty-fourth of what it unpacks to; a bomb
# is a thousandth. Of both of these so much, by the size of the file, is allowed in any case.
_UNPACKED = 64

# The largest sensors of phones have 200 million pixels, 16,384 × 12,288.
MAX_PIXELS = Bound("CNN_DIGITS_MAX_PIXELS", 2**28, "pixels")

# As in JPEG. A longer side is no photo; work on a picture goes by its longer side.
MAX_SIDE = Bound("CNN_DIGITS_MAX_SIDE", 2**16 - 1, "pixels")

# A progressive JPEG is decoded once for each of its scans. Programs write 1 to 14.
MAX_SCANS = Bound("CNN_DIGITS_MAX_SCANS", 100, "scans")

# A line of a table: names of a million pixels. What is no table may have no end of line.
MAX_LINE = Bound("CNN_DIGITS_MAX_LINE", 2**24, "bytes")

# A pixel each, and some more.
MAX_COLUMNS = Bound("CNN_DIGITS_MAX_COLUMNS", 2**20 + 2**10, "columns")

# A label of a table. An array of text has room for the longest in each of its rows.
MAX_LABEL = Bound("CNN_DIGITS_MAX_LABEL", 200, "characters")


def check_unpacked(bound, n_bytes, what, path):
    """Raise ValueError if a file makes more bytes than a bound, and than fit to its size."""
    try:
        size = os.stat(path).st_size
    except OSError:
        size = 0
    bound.check(n_bytes, what, at_least=_UNPACKED * size)
