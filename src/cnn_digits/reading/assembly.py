"""From a picture to strips, and from what the network says of them to a reading of the picture.

NumPy and SciPy alone.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cnn_digits.reading.decoding import (
    agreed,
    decode,
    mean_log_probability,
    probabilities_of,
    separator_frames,
)
from cnn_digits.reading.grouping import numbers_of, spaces_in
from cnn_digits.reading.lines import LineRegion, find_lines
from cnn_digits.reading.places import boxes_on
from cnn_digits.reading.results import Digit, Line, Number, Reading
from cnn_digits.reading.strips import strips_of
from cnn_digits.reading.symbols import DIGITS

# How sure of a digit, on average, is what is reported as a number: the rest is stains, or letters.
_INVENTED = 0.65


@dataclass(frozen=True)
class WrittenLine:
    """A line of writing on a picture, ready to be read.

    Parameters
    ----------
    region : LineRegion
    strips : tuple of Strip
        In several views, the usual one first.
    """

    region: LineRegion
    strips: tuple

    @property
    def strip(self):
        """The usual one, along which characters are placed."""
        return self.strips[0]

    def box(self, left, top, right, bottom):
        """A box of the strip in the picture: first column and row, and those behind the last."""
        strip, region = self.strip, self.region
        height, width = strip.pixels.shape
        ends = np.array([strip.to_picture(left), strip.to_picture(right)])
        climb = region.slope * (ends - strip.to_picture(width / 2))
        middle = region.top + region.height / 2
        rows = middle + (np.array([top, bottom]) - height / 2) * strip.scale
        return ends[0], rows[0] + climb.min(), ends[1], rows[1] + climb.max()


@dataclass(frozen=True)
class Sheet:
    """How a picture lay when its lines were looked for, to say where they are as it was given.

    Parameters
    ----------
    height, width : int
        Of the shades, before they were turned.
    factor : int
        Pixels of the picture to one of these.
    turned : {0, 90, 180, 270}
        Degrees, anticlockwise.
    """

    height: int
    width: int
    factor: int
    turned: int

    def box(self, left, top, right, bottom):
        """Left, top, width and height in whole pixels of the picture as it was given."""
        height, width = self.height, self.width
        left, top, right, bottom = {
            0: (left, top, right, bottom),
            90: (width - bottom, left, width - top, right),
            180: (width - right, height - bottom, width - left, height - top),
            270: (top, height - right, bottom, height - left),
        }[self.turned]
        x0, x1 = (self._within(x, width) for x in (math.floor(left), math.ceil(right)))
        y0, y1 = (self._within(y, height) for y in (math.floor(top), math.ceil(bottom)))
        return x0, y0, x1 - x0, y1 - y0

    def _within(self, place, side):
        return int(min(max(place, 0), side)) * self.factor


def written_lines(shades, lines):
    """Lines of writing on a picture, from top to bottom; those without any ink are left out."""
    regions = find_lines(shades, lines=lines)
    found = [(region, strips_of(shades, region)) for region in regions]
    return [WrittenLine(region, strips) for region, strips in found if strips]


def reading_of(written, logits, sheet, *, separators, calibration):
    """What is read on a picture.

    Parameters
    ----------
    written : list of WrittenLine
    logits : list of lists of ndarray of shape (n_frames, 1 + number of symbols)
        What the network says of each strip of each.
    sheet : Sheet
    separators : bool
        Whether separators are read.
    calibration : Calibration

    Returns
    -------
    reading : Reading
    """
    lines = []
    for line, answers in zip(written, logits, strict=True):
        numbers = _numbers_on(line, answers, sheet, separators, calibration)
        if numbers:
            lines.append(Line(_around([number.box for number in numbers]), numbers))
    return Reading(tuple(lines), sheet.turned)


def _numbers_on(line, logits, sheet, separators, calibration):
    opinions = [probabilities_of(answers, separators) for answers in logits]
    text = agreed(opinions)
    if not text:
        return ()
    decoded = decode(opinions[0], text)
    boxes = _boxes(line, decoded, logits[0], separators)
    height = _height(boxes, decoded.text)
    numbers = []
    parts = numbers_of(boxes[:, 0], boxes[:, 2], height)
    for part, pieces in zip(parts, _parted(line, opinions, decoded.frames, parts), strict=True):
        text = decoded.text[part]
        if not set(text) & set(DIGITS):
            continue
        confidence = float(calibration(mean_log_probability(pieces, text)))
        if sureness(confidence, text) < _INVENTED:
            continue
        digits = tuple(
            Digit(label, float(probability), sheet.box(*line.box(*box)))
            for label, probability, box in zip(
                text, decoded.probabilities[part], boxes[part], strict=True
            )
        )
        if separators:
            text = _spaced(text, spaces_in(boxes[part, 0], boxes[part, 2], height))
        numbers.append(Number(text, confidence, _around([d.box for d in digits]), digits))
    return tuple(numbers)


def sureness(confidence, text):
    """How sure each digit of a number is, on average; long ones are less sure as a whole."""
    return confidence ** (1 / len(text))


def _boxes(line, decoded, logits, separators):
    """Boxes of the characters on the strip, between separators that are not among them."""
    stride = line.strip.pixels.shape[1] / len(logits)
    columns = (decoded.frames + 0.5) * stride
    others = np.zeros(0) if separators else (separator_frames(logits) + 0.5) * stride
    order = np.argsort(np.concatenate([columns, others]), kind="stable")
    boxes = boxes_on(line.strip.pixels, np.concatenate([columns, others])[order])
    return boxes[order < len(columns)]


def _height(boxes, text):
    """How high digits are on the strip, mostly."""
    is_digit = [character in DIGITS for character in text]
    heights = (boxes[:, 3] - boxes[:, 1])[is_digit if any(is_digit) else slice(None)]
    return float(np.median(heights))


def _parted(line, opinions, places, parts):
    """What all opinions say of each number: up to the middle of the gap to the next."""
    n_frames = len(opinions[0])
    middles = [math.ceil((places[a.stop - 1] + places[b.start]) / 2) for a, b in pairwise(parts)]
    # Of the width of the strips, which are as wide as each other but for the size of the writing.
    ends = np.array([0, *middles, n_frames]) / n_frames
    cuts = [np.rint(ends * len(opinion)).astype(int) for opinion in opinions]
    return [
        [opinion[cut[i] : cut[i + 1]] for opinion, cut in zip(opinions, cuts, strict=True)]
        for i in range(len(parts))
    ]


def _spaced(text, places):
    for place in reversed(places):
        text = f"{text[:place]} {text[place:]}"
    return text


def _around(boxes):
    """The box around boxes."""
    boxes = np.array(boxes)
    left, top = boxes[:, :2].min(axis=0).tolist()
    right, bottom = (boxes[:, :2] + boxes[:, 2:]).max(axis=0).tolist()
    return left, top, right - left, bottom - top
