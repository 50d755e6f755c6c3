"""ClassDistributionDisplay: how many images there are of each class."""

import math

import numpy as np

from cnn_digits.display.arguments import check_ax, check_class_labels
from cnn_digits.display.drawing import (
    LARGEST_FONT,
    count_of,
    final_box,
    new_axes,
    percent,
    shown,
    shrink,
)


class ClassDistributionDisplay:
    """How many images there are of each class.

    Best made by `from_labels`.

    Read more in the user guide: :ref:`weights`.

    Parameters
    ----------
    classes : array-like of shape (n_classes,)
        Labels, in the order in which they are drawn, from top to bottom.

    counts : array-like of shape (n_classes,)
        Number of images of each class.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes

    figure_ : matplotlib.figure.Figure

    bars_ : matplotlib.container.BarContainer
        A horizontal bar for each class.

    text_ : list of matplotlib.text.Text
        Count and share of each class, at the end of its bar.

    See Also
    --------
    DigitGridDisplay : The images themselves.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_digits
    >>> from cnn_digits import ClassDistributionDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> display = ClassDistributionDisplay.from_labels(y)
    >>> plt.show()
    """

    def __init__(self, classes, counts):
        self.classes = classes
        self.counts = counts

    @classmethod
    def from_labels(cls, y, *, ax=None):
        """Count labels and draw their distribution.

        Parameters
        ----------
        y : array-like of shape (n,)
            Labels: numbers, strings, anything scikit-learn takes for classes.

        ax : matplotlib.axes.Axes or None, default=None
            Where to draw. None makes a new figure, the higher the more classes there are.

        Returns
        -------
        display : ClassDistributionDisplay

        Raises
        ------
        ValueError
            If y is empty, has missing values, holds no classes or more than one label per
            image.
        """
        return cls(*np.unique(check_class_labels(y, "y"), return_counts=True)).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the distribution.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw. None makes a new figure, the higher the more classes there are.

        Returns
        -------
        self : ClassDistributionDisplay
        """
        from matplotlib.ticker import MaxNLocator, StrMethodFormatter

        check_ax(ax)
        n_classes, n_images = len(self.classes), int(np.sum(self.counts))
        if ax is None:
            ax = new_axes(7, 1.2 + n_classes * max(0.17, min(0.3, 8 / n_classes)))
        rows = range(n_classes)
        self.bars_ = ax.barh(rows, self.counts, color="C0")
        labels = [f"{count:,} ({percent(count / n_images)})" for count in self.counts]
        self.text_ = ax.bar_label(self.bars_, labels, padding=3, fontsize=LARGEST_FONT)
        ax.set_yticks(rows, labels=[shown(label) for label in self.classes], parse_math=False)
        ax.set(
            xlabel="Number of images",
            ylabel="Class",
            title=f"{count_of(n_images, 'image')}, {count_of(n_classes, 'class', 'classes')}",
            xlim=(0, 1.4 * max(self.counts)),
            ylim=(n_classes - 0.5, -0.5),
        )
        ax.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))

        box = final_box(ax)
        line = 0.9 * box.height / n_classes
        shrink(self.text_, 0.25 * box.width, line)
        shrink(ax.get_yticklabels(), math.inf, line)
        self.ax_ = ax
        self.figure_ = ax.figure
        return self
