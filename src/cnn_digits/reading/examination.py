"""Pictures go through line finder, network and decoding, some at a time; also turned.

The network is passed in: this file needs NumPy and SciPy alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cnn_digits.reading.assembly import Sheet, reading_of, sureness, written_lines
from cnn_digits.reading.calibration import Calibration

# Pictures whose strips are in memory at a time.
_PER_BATCH = 64

_TURNS = (0, 90, 180, 270)

# How sure a digit is, on average, of a reading that is not doubtful, and of one that is believed to
# be of a picture that lies another way than it should.
_DOUBTFUL, _SURE = 0.8, 0.9

# By how many sure digits more a picture reads better that was turned: of 142 cheques this gives 18
# in a hundred more that lie upside down than 0.5 does, and costs two in a hundred that don't. And
# by how many more than that it reads clearly better.
_LEAD, _CLEARLY = 0.05, 1.45


@dataclass(frozen=True)
class Examiner:
    """How pictures are read.

    Parameters
    ----------
    answers : callable
        Logits of strips, a list of each.
    calibration : Calibration
    lines : "auto" or 1
        See `find_lines`.
    separators : bool
    """

    answers: Callable
    calibration: Calibration
    lines: str | int
    separators: bool

    def read(self, pictures):
        """A reading of each picture, as it lies."""
        return [readings[0] for readings in self._read(pictures, (0,))]

    def read_turned(self, pictures):
        """The best reading of each picture, in whichever of four ways it lies.

        Parameters
        ----------
        pictures : list of Picture

        Returns
        -------
        readings : list of Reading
            As it lies, unless it clearly reads better turned.
        """
        return [max(readings, key=_merit) for readings in self._read(pictures, _TURNS)]

    def lying_otherwise(self, pictures, readings):
        """Pictures that surely read better when they are turned.

        Only of doubtful readings this is asked, and lines are read in one view.

        Parameters
        ----------
        pictures : list of Picture
        readings : list of Reading
            Of each, as it lies.

        Returns
        -------
        found : dict
            For the numbers of such pictures, the better reading.
        """
        doubtful = [i for i, reading in enumerate(readings) if _is_doubtful(reading)]
        turned = self._read([pictures[i] for i in doubtful], _TURNS[1:], n_views=1)
        best = {i: max(some, key=_merit) for i, some in zip(doubtful, turned, strict=True)}
        return {i: other for i, other in best.items() if _is_clearly_better(other, readings[i])}

    def _read(self, pictures, turns, n_views=None):
        """Readings of each picture, one for each turn."""
        found = []
        for start in range(0, len(pictures), _PER_BATCH):
            sheets, written = [], []
            for picture in pictures[start : start + _PER_BATCH]:
                shades, factor = picture.shades()
                for turn in turns:
                    sheets.append(Sheet(*shades.shape, factor, turn))
                    turned = np.ascontiguousarray(np.rot90(shades, turn // 90))
                    written.append(written_lines(turned, self.lines))
            found += self._readings(sheets, written, n_views)
        return [found[i : i + len(turns)] for i in range(0, len(found), len(turns))]

    def _readings(self, sheets, written, n_views):
        strips = [s.pixels for lines in written for line in lines for s in line.strips[:n_views]]
        logits = iter(self.answers(strips))
        return [
            reading_of(
                lines,
                [[next(logits) for _ in line.strips[:n_views]] for line in lines],
                sheet,
                separators=self.separators,
                calibration=self.calibration,
            )
            for sheet, lines in zip(sheets, written, strict=True)
        ]


def _is_doubtful(reading):
    """Whether a reading may be of a picture that lies on its side or upside down."""
    return not reading.lines or min(map(_sureness, reading.numbers)) < _DOUBTFUL


def _is_clearly_better(turned, reading):
    """Whether a picture reads surely when it is turned, and not as it lies."""
    return bool(turned.lines) and (
        min(map(_sureness, turned.numbers)) > _SURE and _merit(turned) > _merit(reading) + _CLEARLY
    )


def _merit(reading):
    """How many digits are sure, those in doubt taken off; as it lies a picture has a lead."""
    digits = sum(len(n.digits) * (2 * _sureness(n) - 1) for n in reading.numbers)
    return digits + (_LEAD if not reading.turned else 0)


def _sureness(number):
    return sureness(number.confidence, number.digits)
