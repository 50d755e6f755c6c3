"""NumbersDisplay: pictures with the numbers that were read on them, and what is doubtful."""

import numpy as np

from cnn_digits.display.arguments import check_ax, check_reject
from cnn_digits.display.drawing import (
    VERMILLION,
    count_of,
    percent,
    shortened,
    shown,
    shrink,
)
from cnn_digits.display.image_grid import ImageGrid
from cnn_digits.display.thumbnails import thumbnail
from cnn_digits.reading.pictures import pictures_of
from cnn_digits.reading.results import Reading

# Of Okabe and Ito's colours, which everybody can tell apart, the one beside vermillion that is seen
# on white paper.
_BLUE = "#0072B2"

# The pixels of all pictures together are about those of a square of this side, and of each at least
# those of the smaller one.
_ALL, _LEAST = 1600, 160

# A picture that is higher, in widths, is drawn less wide.
_HIGHEST = 1.4

# Points, at most.
_FONT = 14

# Around the box of a number, in widths of a picture, so that it is apart from those of its digits.
_AROUND = 0.004


class NumbersDisplay:
    """Pictures with a box round each number and each digit, and above it what was read.

    What is doubtful has a question mark, bold text and a dashed box of another colour; so have
    the digits in it that make it so. Best made by `from_estimator` or `from_predictions`.

    Read more in the user guide: :ref:`numbers`.

    Parameters
    ----------
    pictures : list of paths, of Pillow's images or of arrays, or array of shape (n, h, w[, c])
        As `NumberReader.read` takes them.

    readings : list of Reading
        What `NumberReader.read` returned, one for each picture.

    names : list of str or None, default=None
        What to write below each picture, such as the name of its file.

    reject : float or None, default=None
        Numbers of a lower confidence are doubtful.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        All pictures are drawn in one.

    figure_ : matplotlib.figure.Figure

    images_ : list of matplotlib.image.AxesImage
        The pictures, large ones reduced.

    boxes_ : list of matplotlib.patches.Rectangle
        Around each number, those of the first picture first.

    digit_boxes_ : list of matplotlib.patches.Rectangle
        Around each digit of each of them.

    text_ : list of matplotlib.text.Text
        What is written above each number.

    captions_ : list of matplotlib.text.Text
        What is written below each picture: its name if it has one, and its number with the
        confidence, or how many there are.

    See Also
    --------
    NumberReader : Reads the numbers.
    FramedDigitsDisplay : Pictures of single digits.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from PIL import Image, ImageDraw
    >>> from cnn_digits import NumberReader, NumbersDisplay
    >>> paper = Image.new("L", (190, 100), 230)
    >>> pen = ImageDraw.Draw(paper)
    >>> for stroke in (
    ...     [(30, 22), (62, 20), (42, 78)],
    ...     [(92, 20), (78, 54), (116, 52)],
    ...     [(106, 36), (102, 78)],
    ...     [(145, 22), (142, 78)],
    ... ):
    ...     pen.line(stroke, fill=40, width=7, joint="curve")
    >>> display = NumbersDisplay.from_estimator(NumberReader(), [paper], reject=0.9)
    >>> plt.show()
    """

    def __init__(self, pictures, readings, *, names=None, reject=None):
        self.pictures = pictures
        self.readings = readings
        self.names = names
        self.reject = reject

    @classmethod
    def from_estimator(cls, reader, pictures, *, names=None, reject=None, ax=None):
        """Read the numbers on pictures and draw them.

        Parameters
        ----------
        reader : NumberReader
            As it comes, fitted or loaded.

        pictures : list of paths, of Pillow's images or of arrays, or array of shape (n, h, w[, c])
            As `NumberReader.read` takes them.

        names : list of str or None, default=None
            What to write below each picture, such as the name of its file.

        reject : float or None, default=None
            Numbers of a lower confidence are doubtful.

        ax : matplotlib.axes.Axes or None, default=None
            Where to draw all of them. None makes a new figure.

        Returns
        -------
        display : NumbersDisplay

        Raises
        ------
        TypeError
            If `reader` does not read numbers.
        ValueError, TypeError, OSError
            As `from_predictions`; if the pictures can't be read.
        """
        if not hasattr(reader, "read"):
            raise TypeError(f"reader is {reader!r}; expected a NumberReader.")
        check_reject(reject)
        check_ax(ax)
        readings = reader.read(pictures)
        return cls.from_predictions(pictures, readings, names=names, reject=reject, ax=ax)

    @classmethod
    def from_predictions(cls, pictures, readings, *, names=None, reject=None, ax=None):
        """Draw pictures and what was read on them.

        Parameters
        ----------
        pictures : list of paths, of Pillow's images or of arrays, or array of shape (n, h, w[, c])
            As `NumberReader.read` takes them.

        readings : list of Reading
            What `NumberReader.read` returned, one for each picture.

        names : list of str or None, default=None
            What to write below each picture, such as the name of its file.

        reject : float or None, default=None
            Numbers of a lower confidence are doubtful.

        ax : matplotlib.axes.Axes or None, default=None
            Where to draw all of them. None makes a new figure.

        Returns
        -------
        display : NumbersDisplay

        Raises
        ------
        ValueError, TypeError
            If numbers of pictures, readings and names differ, there is none, or an argument is
            of the wrong kind.
        OSError
            If a file of a picture can't be read.
        """
        n_pictures, readings = len(pictures_of(pictures)), list(readings)
        for name, given in (("readings", readings), ("names", names)):
            if given is not None and len(given) != n_pictures:
                raise ValueError(
                    f"{name} has length {len(given)}, but there are {n_pictures} pictures; "
                    "expected one for each."
                )
        for i, reading in enumerate(readings):
            if not isinstance(reading, Reading):
                raise TypeError(
                    f"readings[{i}] is of type {type(reading).__name__}; expected what "
                    "NumberReader.read returns."
                )
        check_reject(reject)
        return cls(pictures, readings, names=names, reject=reject).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw the pictures.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw all of them. None makes a new figure.

        Returns
        -------
        self : NumbersDisplay
        """
        check_ax(ax)
        pictures = pictures_of(self.pictures)
        n_pictures = len(pictures)
        side = int(max(_LEAST, _ALL / n_pictures**0.5))
        small, scales = zip(*(_small(picture, side) for picture in pictures), strict=True)
        # For a line of text, in widths of a picture: the more of them, the smaller they are.
        line = min(0.03 + 0.015 * (n_pictures**0.5 - 1), 0.1)
        tiles, corners = _tiles(small, self._head(scales, line * side))
        grid = ImageGrid(tiles, self._captions(), inches=max(2, 10 / n_pictures**0.5)).draw(ax)
        self.ax_, self.figure_ = grid.ax_, grid.figure_
        self.images_, self.captions_ = grid.images_, grid.text_
        self.boxes_, self.digit_boxes_, self.text_ = [], [], []
        for i, reading in enumerate(self.readings):
            left, right, _, top = self.images_[i].get_extent()
            pixel = (right - left) / tiles.shape[2]
            corner = left + pixel * corners[i][0], top + pixel * corners[i][1]
            for number in reading.numbers:
                self._draw(number, corner, pixel * scales[i])
        self._fit_text(line)
        return self

    def _head(self, scales, room):
        """Rows that are needed above the pictures, so that what is read has room above them."""
        tops = [
            scale * number.box[1]
            for reading, scale in zip(self.readings, scales, strict=True)
            for number in reading.numbers
        ]
        return max(0, round(1.5 * room - min(tops, default=1.5 * room)))

    def _is_doubtful(self, probability):
        return self.reject is not None and probability < self.reject

    def _captions(self):
        captions = []
        for i, reading in enumerate(self.readings):
            numbers = reading.numbers
            n_doubtful = sum(self._is_doubtful(number.confidence) for number in numbers)
            if len(numbers) == 1:
                caption = f"{self._marked(numbers[0])} ({percent(numbers[0].confidence)})"
            else:
                caption = count_of(len(numbers), "number") if numbers else "no number"
                caption += f", {n_doubtful:,} doubtful" if n_doubtful else ""
            if reading.turned:
                caption += f", turned by {reading.turned}°"
            name = "" if self.names is None else f"{shortened(shown(self.names[i]))}\n"
            captions.append(name + caption)
        return captions

    def _marked(self, number):
        """What was read, with a question mark if it is doubtful."""
        return shown(number.text) + ("?" if self._is_doubtful(number.confidence) else "")

    def _draw(self, number, corner, scale):
        """Draw a number: its box, those of its digits, and what was read above it."""
        is_doubtful = self._is_doubtful(number.confidence)
        for digit in number.digits:
            style = _style(is_doubtful and self._is_doubtful(digit.probability), 0.8)
            self.digit_boxes_.append(self._rectangle(digit.box, corner, scale, 0, style))
        style = _style(is_doubtful, 1.6)
        box = self._rectangle(number.box, corner, scale, _AROUND, style)
        self.boxes_.append(box)
        self.text_.append(
            self.ax_.text(
                *box.get_xy(),
                self._marked(number),
                fontsize=_FONT,
                fontweight="bold" if is_doubtful else "normal",
                color=style["edgecolor"],
                va="bottom",
                parse_math=False,
                bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.5},
            )
        )

    def _rectangle(self, box, corner, scale, around, style):
        from matplotlib.patches import Rectangle

        left, top, width, height = np.multiply(box, scale)
        return self.ax_.add_patch(
            Rectangle(
                (corner[0] + left - around, corner[1] + top - around),
                width + 2 * around,
                height + 2 * around,
                fill=False,
                **style,
            )
        )

    def _fit_text(self, line):
        """Make text small enough for the line above a number, and no wider than the number."""
        unit = np.ptp(self.ax_.transData.transform([(0, 0), (1, 0)])[:, 0])
        for text, box in zip(self.text_, self.boxes_, strict=True):
            shrink([text], box.get_window_extent().width, line * unit)


def _small(picture, side):
    """A picture of at most so many pixels a side; (h, w, 3), uint8; and its scale."""
    pixels = picture.pixels()
    height, width = pixels.shape[:2]
    scale = min(side / width, _HIGHEST * side / height)
    size = max(1, round(scale * width)), max(1, round(scale * height))
    return np.asarray(thumbnail(pixels, size)), scale


def _tiles(pictures, head):
    """Pictures in white ones of one size, and where they are on them: (left, top)."""
    shapes = np.array([picture.shape[:2] for picture in pictures])
    height, width = shapes.max(axis=0)
    tiles = np.full((len(pictures), head + height, width, 3), 255, np.uint8)
    corners = []
    for tile, picture in zip(tiles, pictures, strict=True):
        rows, columns = picture.shape[:2]
        top, left = head + height - rows, (width - columns) // 2
        tile[top : top + rows, left : left + columns] = picture
        corners.append((left, top))
    return tiles, corners


def _style(is_doubtful, linewidth):
    """How a box is drawn; a white rim lets it be seen on dark paper, too."""
    from matplotlib.patheffects import withStroke

    return {
        "edgecolor": VERMILLION if is_doubtful else _BLUE,
        "linestyle": "--" if is_doubtful else "-",
        "linewidth": linewidth * (1.4 if is_doubtful else 1),
        "path_effects": [withStroke(linewidth=2 * linewidth + 0.8, foreground="white", alpha=0.6)],
    }
