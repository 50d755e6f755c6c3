"""Lines of writing on a picture, each a region that holds one line."""

from dataclasses import dataclass

from cnn_digits.reading.fields import find_line_box
from cnn_digits.reading.pages import find_line_boxes


@dataclass(frozen=True)
class LineRegion:
    """Where a line of writing is on a picture.

    Parameters
    ----------
    left, top, width, height : float
        In pixels of the picture.
    slope : float, default=0.0
        Rows down for one column to the right.
    """

    left: float
    top: float
    width: float
    height: float
    slope: float = 0.0


def find_lines(shades, lines="auto"):
    if lines == 1 or _is_field(shades):
        box = find_line_box(shades)
        if box is None:
            return []
        top, left, bottom, right = box
        return [LineRegion(left, top, right - left, bottom - top)]
    return [LineRegion(*box) for box in find_line_boxes(shades)]


def _is_field(shades):
    height, width = shades.shape
    return height <= 90 or width > 2.2 * height
