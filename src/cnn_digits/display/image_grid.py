"""ImageGrid: images in rows with captions below them, all drawn into one axes.

Before it, what makes any images and their labels fit for it.
"""

import math

import numpy as np

from cnn_digits.display.drawing import (
    LARGEST_FONT,
    VERMILLION,
    final_box,
    new_axes,
    percent,
    shown,
    shrink,
)
from cnn_digits.transformers import Reshape

# Geometry of a grid of images, in units of the longer side of an image: between images,
# for a line of text below them, for the note to the right.
_GAP = 0.15
_LINE = 0.17
_NOTE_WIDTH = 1.8

# Inches. Around larger images there is no more room than around those.
_LARGE = 2

# Characters. The probability gets a line of its own below longer labels.
_LONG_LABEL = 3

_TEXT = {"fontsize": LARGEST_FONT, "va": "top", "parse_math": False}


def images_to_show(X, image_shape=None):
    """Images as floats from 0 to 1, of shape (n, h, w, channels)."""
    images = Reshape(image_shape).fit_transform(X)
    if images.shape[-1] not in (1, 3, 4):
        raise ValueError(
            f"X has images of {images.shape[-1]} channels; expected 1 (grey), 3 (RGB) or 4 (RGBA), "
            "to show them."
        )
    images = images.astype(np.float64)
    # Zero is black in every usual scale, even where no pixel is: a faint scan looks faint.
    low = min(0.0, images.min())
    return (images - low) / ((images.max() - low) or 1.0)


def label_captions(rows, y_true, y_pred, confidence):
    """Captions of these rows: true label, prediction and its probability, as far as known."""
    known = [y for y in (y_true, y_pred) if y is not None]
    is_long = max(len(shown(label)) for y in known for label in y[rows]) > _LONG_LABEL
    captions = []
    for row in rows:
        caption = "" if y_true is None else f"true {shown(y_true[row])}\n"
        caption += f"pred {shown(y_pred[row])}"
        if confidence is not None:
            caption += ("\n" if is_long else " ") + f"({percent(confidence[row])})"
        captions.append(caption)
    return captions


class ImageGrid:
    """Images in rows with a caption below each, and a note to the right of them.

    Parameters
    ----------
    images : ndarray of shape (n, h, w, c)
        Pixels of 1 (grey), 3 (RGB) or 4 (RGBA) channels: from 0 to 1, or colours as uint8.

    captions : list of n str
        All of as many lines.

    note : str, default=""

    inches : float, default=1
        Width of an image in a new figure, at least, as long as the whole is not too wide.

    Attributes
    ----------
    ax_, figure_, images_, text_, outlines_, note_
        What `draw` has drawn, as the displays have it; `note_` only if there is a note.
    """

    def __init__(self, images, captions, *, note="", inches=1):
        self._images = images
        self._captions = captions
        self._note = note
        self._inches = inches
        self._height, self._width = np.divide(images.shape[1:3], max(images.shape[1:3]))
        room = min(1, _LARGE / inches)
        self._gap = room * _GAP
        self._text_height = (captions[0].count("\n") + 1) * room * _LINE
        self._tile_width = 1 + self._gap
        self._tile_height = self._height + self._text_height + self._gap
        self._note_width = _NOTE_WIDTH if note else 0

    def draw(self, ax=None, *, outlined=()):
        """Draw the images into these axes, or into those of a new figure.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None

        outlined : sequence of int, default=()
            Positions of the images that are marked.

        Returns
        -------
        self : ImageGrid
        """
        n_images = len(self._images)
        # A new figure is about square, but no wider: text would have to be small.
        most = math.ceil(math.sqrt(n_images)) if ax is None else n_images
        space = (1, 1) if ax is None else ax.get_window_extent().size
        # The number of columns that lets the images be largest.
        n_columns = max(range(1, most + 1), key=lambda n: min(np.divide(space, self._size(n))))
        if ax is None:
            ax = self._new_axes(*self._size(n_columns))
        self._draw_images(ax, n_columns)
        self.outlines_ = [self._outline(ax, i) for i in outlined]
        width, height = self._size(n_columns)
        ax.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
        ax.set_axis_off()

        box = final_box(ax)
        unit = box.width / width
        shrink(self.text_, 0.95 * unit, unit * self._text_height)
        if self._note:
            self.note_ = ax.text(n_columns * self._tile_width + self._gap, 0, self._note, **_TEXT)
            shrink([self.note_], unit * (self._note_width - self._gap), box.height)
        self.ax_ = ax
        self.figure_ = ax.figure
        return self

    def _size(self, n_columns):
        """Width and height of the whole."""
        n_rows = math.ceil(len(self._images) / n_columns)
        return n_columns * self._tile_width + self._note_width, n_rows * self._tile_height

    def _new_axes(self, width, height):
        longest = max(len(line) for caption in self._captions for line in caption.split("\n"))
        # For an image: more where captions are long or images few, and the whole at most
        # 12 wide.
        inches = max(self._inches, 0.075 * longest, 5 / width)
        inches = min(inches, max(2.5, self._inches), 12 / width)
        return new_axes(inches * width, inches * height)

    def _draw_images(self, ax, n_columns):
        self.images_, self.text_ = [], []
        for i, (image, caption) in enumerate(zip(self._images, self._captions, strict=True)):
            row, column = divmod(i, n_columns)
            center, top = (column + 0.5) * self._tile_width, row * self._tile_height
            left, right = center - self._width / 2, center + self._width / 2
            bottom = top + self._height
            pixels = image[..., 0] if image.shape[-1] == 1 else image
            style = {"cmap": "gray", "vmin": 0, "vmax": 1, "extent": (left, right, bottom, top)}
            self.images_.append(ax.imshow(pixels, **style))
            self.text_.append(
                ax.text(center, bottom + self._gap / 3, caption, ha="center", **_TEXT)
            )

    def _outline(self, ax, i):
        """Mark an image without relying on colour alone: by an outline and by bold text."""
        from matplotlib.patches import Rectangle

        left, right, bottom, top = self.images_[i].get_extent()
        self.text_[i].set_fontweight("bold")
        style = {"fill": False, "edgecolor": VERMILLION, "linewidth": 3}
        return ax.add_patch(Rectangle((left, top), right - left, bottom - top, **style))
