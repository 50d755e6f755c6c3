"""Lines of writing on a picture, each a region that holds one line."""

from dataclasses import dataclass

from cnn_digits.reading.fields import line_on_field
from cnn_digits.reading.pages import lines_on_page

# Rows of a field at most, or its width as a multiple of its height at least.
_LOW, _WIDE = 120, 2


@dataclass(frozen=True)
class LineRegion:
    """Where a line of writing is on a picture.

    Parameters
    ----------
    left, top, width, height : float
        In pixels of the picture. A line that climbs or falls is as high as its writing; `top` is
        where it is in the middle of its width.
    slope : float, default=0.0
        Rows down for one column to the right.
    """

    left: float
    top: float
    width: float
    height: float
    slope: float = 0.0


def find_lines(shades, lines="auto"):
    """Find the lines of writing on a picture.

    What looks like writing is taken for it: letters, too.

    Parameters
    ----------
    shades : ndarray of float32 or uint8, shape (h, w)
        Luminance; writing may be darker or lighter than its paper.
    lines : {"auto", 1}, default="auto"
        1 if the picture is a cropped field, with one line on it: none is found if it is blank, and
        the whole picture if no line stands out. "auto" takes small and wide pictures for fields
        where they hold no second line, and others for pages.

    Returns
    -------
    regions : list of LineRegion
        From top to bottom; none if nothing is written.
    """
    height, width = shades.shape
    if height <= _LOW or width > _WIDE * height:
        line, is_alone = line_on_field(shades)
        found = [line] if line else []
        if lines != 1 and not is_alone:
            found = lines_on_page(shades)
    else:
        found = lines_on_page(shades)
        if lines == 1 and len(found) != 1:
            line, _ = line_on_field(shades)
            found = [line] if line else []
    return [LineRegion(*line) for line in found]
