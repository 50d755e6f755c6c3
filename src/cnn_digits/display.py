"""Pictures, in scikit-learn's Display convention."""

import math
from collections import Counter
from numbers import Integral, Real

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import _safe_indexing, check_array
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _num_samples, check_is_fitted

from cnn_digits.framing import FrameDigits
from cnn_digits.transformers import Reshape

# Of Okabe and Ito's colours, which everybody can tell apart, the one for a warning.
_VERMILLION = "#D55E00"

# Geometry of a grid of images, in units of the longer side of an image: between images,
# for a line of text below them, for the note to the right.
_GAP = 0.15
_LINE = 0.17
_NOTE_WIDTH = 1.8

# Characters. The probability gets a line of its own below longer labels.
_LONG_LABEL = 3

# Names of files are shortened to so many.
_LONG_NAME = 26

# Pairs of confused classes that are written into the picture.
_NOTED_PAIRS = 10

# Points. Text is made smaller where it would not fit.
_LARGEST_FONT = 10


class TrainingCurveDisplay:
    """Loss, accuracy and learning rate of a fit, epoch by epoch.

    Best made by `from_estimator`.

    Read more in the user guide: :ref:`training`.

    Parameters
    ----------
    history : dict of lists
        `history_` of a fitted CNNDigitClassifier.

    Attributes
    ----------
    ax_ : ndarray of matplotlib.axes.Axes, shape (3,)
        Axes of loss, accuracy and learning rate.

    figure_ : matplotlib.figure.Figure

    lines_ : list of matplotlib.lines.Line2D

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_digits
    >>> from cnn_digits import CNNDigitClassifier, TrainingCurveDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = CNNDigitClassifier(epochs=3, validation_fraction=0.2, random_state=0).fit(X, y)
    >>> display = TrainingCurveDisplay.from_estimator(clf)
    >>> plt.show()
    """

    # Key of the history, label of its axis.
    _CURVES = (("loss", "Loss"), ("accuracy", "Accuracy"), ("learning_rate", "Learning rate"))

    def __init__(self, history):
        self.history = history

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw the curves of a fitted classifier.

        Parameters
        ----------
        estimator : CNNDigitClassifier
            Fitted.

        ax : array of three matplotlib.axes.Axes or None, default=None
            Where to draw. None makes a new figure.

        Returns
        -------
        display : TrainingCurveDisplay

        Raises
        ------
        NotFittedError
            If the classifier is not fitted.
        """
        check_is_fitted(estimator)
        return cls(estimator.history_).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the curves.

        Parameters
        ----------
        ax : array of three matplotlib.axes.Axes or None, default=None
            Where to draw. None makes a new figure.

        Returns
        -------
        self : TrainingCurveDisplay
        """
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator

        if ax is None:
            _, ax = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
        if len(ax) != len(self._CURVES):
            raise ValueError(f"ax has {len(ax)} axes; expected {len(self._CURVES)}.")
        epochs = range(1, len(self.history["loss"]) + 1)
        self.lines_ = []
        for axes, (key, label) in zip(ax, self._CURVES, strict=True):
            for name, legend, style in (
                (key, "training", {"color": "C0", "marker": "o"}),
                (f"val_{key}", "validation", {"color": "C1", "marker": "s", "linestyle": "--"}),
            ):
                if name in self.history:
                    self.lines_ += axes.plot(
                        epochs, self.history[name], label=legend, markersize=4, **style
                    )
            axes.set(xlabel="Epoch", ylabel=label)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(alpha=0.3)
            if f"val_{key}" in self.history:
                axes.legend()
        self.ax_ = ax
        self.figure_ = ax[0].figure
        return self


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
        return cls(*np.unique(_check_labels("y", y), return_counts=True)).plot(ax=ax)

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

        _check_ax(ax)
        n_classes, n_images = len(self.classes), int(np.sum(self.counts))
        if ax is None:
            ax = _new_axes(7, 1.2 + n_classes * max(0.17, min(0.3, 8 / n_classes)))
        rows = range(n_classes)
        self.bars_ = ax.barh(rows, self.counts, color="C0")
        labels = [f"{count:,} ({_percent(count / n_images)})" for count in self.counts]
        self.text_ = ax.bar_label(self.bars_, labels, padding=3, fontsize=_LARGEST_FONT)
        ax.set_yticks(rows, labels=[str(label) for label in self.classes], parse_math=False)
        ax.set(
            xlabel="Number of images",
            ylabel="Class",
            title=f"{_number(n_images, 'image')}, {_number(n_classes, 'class', 'classes')}",
            xlim=(0, 1.4 * max(self.counts)),
            ylim=(n_classes - 0.5, -0.5),
        )
        ax.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))

        box = _final_box(ax)
        line = 0.9 * box.height / n_classes
        _shrink(self.text_, 0.25 * box.width, line)
        _shrink(ax.get_yticklabels(), math.inf, line)
        self.ax_ = ax
        self.figure_ = ax.figure
        return self


class _ImageGrid:
    """Images in rows with their labels below: what the displays of images have in common."""

    # Width of an image in a new figure, at least, as long as the whole is not too wide.
    _INCHES = 1

    def __init__(self, X, y_true, y_pred, confidence=None, *, image_shape=None):
        self.X = X
        self.y_true = y_true
        self.y_pred = y_pred
        self.confidence = confidence
        self.image_shape = image_shape

    def _draw(self, rows, ax, *, framed=(), note=""):
        """Draw these rows of X into one axes, and a note to the right of them.

        `framed` are positions in `rows`. Sets ax_, figure_, images_, text_, frames_ and, if
        there is a note, note_.
        """
        images = self._images(rows)
        captions = self._captions(rows)
        n_lines = captions[0].count("\n") + 1
        height, width = np.divide(images.shape[1:3], max(images.shape[1:3]))
        tile_width, tile_height = 1 + _GAP, height + n_lines * _LINE + _GAP
        note_width = _NOTE_WIDTH if note else 0

        def size(n_columns):
            n_rows = math.ceil(len(rows) / n_columns)
            return n_columns * tile_width + note_width, n_rows * tile_height

        if ax is None:
            n_columns = math.ceil(math.sqrt(len(rows)))
            grid_width, grid_height = size(n_columns)
            longest = max(len(line) for caption in captions for line in caption.split("\n"))
            # For an image: more where captions are long or images few, and the whole at most
            # 12 wide.
            inches = max(self._INCHES, 0.075 * longest, 5 / grid_width)
            inches = min(inches, 2.5, 12 / grid_width)
            ax = _new_axes(inches * grid_width, inches * grid_height)
        else:
            # The number of columns that lets the images be largest.
            box = ax.get_window_extent()
            n_columns = max(
                range(1, len(rows) + 1),
                key=lambda n: min(np.divide((box.width, box.height), size(n))),
            )
            grid_width, grid_height = size(n_columns)

        self.images_, self.text_ = [], []
        style = {"fontsize": _LARGEST_FONT, "va": "top", "parse_math": False}
        for i, (image, caption) in enumerate(zip(images, captions, strict=True)):
            row, column = divmod(i, n_columns)
            center, top = (column + 0.5) * tile_width, row * tile_height
            extent = (center - width / 2, center + width / 2, top + height, top)
            pixels = image[..., 0] if image.shape[-1] == 1 else image
            self.images_.append(ax.imshow(pixels, cmap="gray", vmin=0, vmax=1, extent=extent))
            self.text_.append(ax.text(center, top + height + 0.05, caption, ha="center", **style))
        self.frames_ = [self._frame(ax, i) for i in framed]
        ax.set(xlim=(0, grid_width), ylim=(grid_height, 0), aspect="equal")
        ax.set_axis_off()

        box = _final_box(ax)
        unit = box.width / grid_width
        _shrink(self.text_, 0.95 * unit, unit * n_lines * _LINE)
        if note:
            self.note_ = ax.text(n_columns * tile_width + _GAP, 0, note, **style)
            _shrink([self.note_], unit * (note_width - _GAP), box.height)
        self.ax_ = ax
        self.figure_ = ax.figure

    def _images(self, rows):
        """These images as floats from 0 to 1, of shape (n, h, w, channels)."""
        return _images_to_show(self.X, rows, self.image_shape)

    def _captions(self, rows):
        """What stands below these images: as many lines for each."""
        known = [y for y in (self.y_true, self.y_pred) if y is not None]
        is_long = max(len(str(label)) for y in known for label in y[rows]) > _LONG_LABEL
        captions = []
        for row in rows:
            caption = "" if self.y_true is None else f"true {self.y_true[row]}\n"
            caption += f"pred {self.y_pred[row]}"
            if self.confidence is not None:
                caption += ("\n" if is_long else " ") + f"({_percent(self.confidence[row])})"
            captions.append(caption)
        return captions

    def _frame(self, ax, i):
        """Mark an image without relying on colour alone: by a frame and by bold text."""
        from matplotlib.patches import Rectangle

        left, right, bottom, top = self.images_[i].get_extent()
        self.text_[i].set_fontweight("bold")
        style = {"fill": False, "edgecolor": _VERMILLION, "linewidth": 3}
        return ax.add_patch(Rectangle((left, top), right - left, bottom - top, **style))


class DigitGridDisplay(_ImageGrid):
    """Images with what they are and what they were taken for.

    Below each image stand its true label, the predicted one and its probability, as far as
    they are known. Wrong predictions have a frame and bold text. Best made by
    `from_predictions`.

    Read more in the user guide: :ref:`data`.

    Parameters
    ----------
    X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
        Images of 1 (grey), 3 (RGB) or 4 (RGBA) channels, of any real dtype and pixel scale.

    y_true : ndarray of shape (n,) or None
        True labels. None if they are not known.

    y_pred : ndarray of shape (n,)
        Predicted labels.

    confidence : ndarray of shape (n,) or None, default=None
        Probability of each prediction.

    image_shape : (height, width), (height, width, channels) or None, default=None
        As in CNNDigitClassifier: None takes flat rows for square grey images.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The whole grid is drawn in one.

    figure_ : matplotlib.figure.Figure

    images_ : list of matplotlib.image.AxesImage
        The images, with pixels from 0 to 1.

    text_ : list of matplotlib.text.Text
        What is written below each image.

    frames_ : list of matplotlib.patches.Rectangle
        Frames of the wrong predictions.

    See Also
    --------
    MisclassifiedDisplay : Wrong predictions only, the most confident ones first.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from cnn_digits import DigitGridDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(C=0.01, max_iter=1000).fit(X[:1000], y[:1000])
    >>> X_test, y_test = X[1000:], y[1000:]
    >>> display = DigitGridDisplay.from_predictions(
    ...     X_test, y_test, clf.predict(X_test), clf.predict_proba(X_test), n_images=36
    ... )
    >>> plt.show()
    """

    @classmethod
    def from_predictions(
        cls, X, y_true, y_pred, y_proba=None, *, n_images=25, image_shape=None, ax=None
    ):
        """Draw the first images of X with their labels and predictions.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            Images of 1 (grey), 3 (RGB) or 4 (RGBA) channels, of any real dtype and pixel
            scale: zero, or the lowest pixel if that is negative, is drawn black and the
            highest pixel white.

        y_true : array-like of shape (n,) or None
            True labels. None if they are not known.

        y_pred : array-like of shape (n,)
            Predicted labels.

        y_proba : array-like of shape (n, n_classes) or None, default=None
            What `predict_proba` returns. The highest of each row is taken for the
            probability of the prediction.

        n_images : int, default=25
            How many images to draw, from the first one. All, if there are fewer.

        image_shape : (height, width), (height, width, channels) or None, default=None
            As in CNNDigitClassifier: None takes flat rows for square grey images. Needed
            for flat images that are not square or not grey.

        ax : matplotlib.axes.Axes or None, default=None
            Where to draw the whole grid. None makes a new figure.

        Returns
        -------
        display : DigitGridDisplay

        Raises
        ------
        ValueError, TypeError
            If lengths or shapes don't fit each other, X can't be shown as images, labels
            are missing or no classes, or an argument is out of range.

        Warns
        -----
        UserWarning
            If flat rows are no square images and have to be zero-padded.
        """
        y_true, y_pred, confidence = _check_predictions(X, y_true, y_pred, y_proba)
        display = cls(X, y_true, y_pred, confidence, image_shape=image_shape)
        return display.plot(n_images=n_images, ax=ax)

    def plot(self, *, n_images=25, ax=None):
        """Draw the first images.

        Parameters
        ----------
        n_images : int, default=25
            How many images to draw. All, if there are fewer.

        ax : matplotlib.axes.Axes or None, default=None
            Where to draw the whole grid. None makes a new figure.

        Returns
        -------
        self : DigitGridDisplay
        """
        _check_n_images(n_images)
        _check_ax(ax)
        rows = np.arange(min(n_images, len(self.y_pred)))
        wrong = (
            () if self.y_true is None else np.flatnonzero(self.y_true[rows] != self.y_pred[rows])
        )
        self._draw(rows, ax, framed=wrong)
        return self


class MisclassifiedDisplay(_ImageGrid):
    """Images that a classifier got wrong, and the classes that it confuses.

    The errors come with the most confident one first: those are the likeliest to have a
    wrong label, or to be hard to read. Beside them stand the pairs of classes that are
    confused most often. Best made by `from_estimator` or `from_predictions`.

    Parameters
    ----------
    X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
        Images of 1 (grey), 3 (RGB) or 4 (RGBA) channels, of any real dtype and pixel scale.

    y_true : ndarray of shape (n,)
        True labels.

    y_pred : ndarray of shape (n,)
        Predicted labels.

    confidence : ndarray of shape (n,) or None, default=None
        Probability of each prediction. None leaves the errors in the order of X.

    image_shape : (height, width), (height, width, channels) or None, default=None
        As in CNNDigitClassifier: None takes flat rows for square grey images.

    Attributes
    ----------
    errors_ : ndarray of int, shape (n_errors,)
        Rows of X that are misclassified, the most confident first, whether drawn or not.

    confused_pairs_ : list of tuples (true, predicted, count)
        All pairs of labels that are confused, the most frequent first.

    ax_ : matplotlib.axes.Axes
        Everything is drawn in one.

    figure_ : matplotlib.figure.Figure

    images_ : list of matplotlib.image.AxesImage
        The images, with pixels from 0 to 1.

    text_ : list of matplotlib.text.Text
        What is written below each image.

    note_ : matplotlib.text.Text
        How many errors there are and which pairs are confused most, or that there is no
        error.

    See Also
    --------
    DigitGridDisplay : Images with predictions, right or wrong.
    sklearn.metrics.ConfusionMatrixDisplay : How often each class is taken for each other.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from cnn_digits import MisclassifiedDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(C=0.01, max_iter=1000).fit(X[:1000], y[:1000])
    >>> display = MisclassifiedDisplay.from_estimator(clf, X[1000:], y[1000:])
    >>> plt.show()
    """

    @classmethod
    def from_estimator(cls, estimator, X, y, *, n_images=25, image_shape=None, ax=None):
        """Predict images and draw the errors.

        Parameters
        ----------
        estimator : estimator instance
            Fitted classifier, or a pipeline or search that ends in one. Its errors are
            sorted by confidence if it has `predict_proba`.

        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            Images that the estimator takes, of 1 (grey), 3 (RGB) or 4 (RGBA) channels.

        y : array-like of shape (n,)
            True labels.

        n_images : int, default=25
            How many errors to draw. All, if there are fewer.

        image_shape : (height, width), (height, width, channels) or None, default=None
            Needed for flat images that are not square or not grey. None takes the parameter
            `image_shape` of the estimator, if it has one.

        ax : matplotlib.axes.Axes or None, default=None
            Where to draw everything. None makes a new figure.

        Returns
        -------
        display : MisclassifiedDisplay

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError
            If the estimator is no classifier, X can't be predicted or shown as images, y
            does not fit it, or an argument is out of range.

        Warns
        -----
        UserWarning
            If flat rows are no square images and have to be zero-padded.
        """
        if not is_classifier(estimator):
            raise ValueError(
                f"estimator is a {type(estimator).__name__}; "
                "MisclassifiedDisplay.from_estimator expects a classifier."
            )
        # Before the prediction, which may take a while.
        _check_n_images(n_images)
        y_true = _check_labels("y", y, _n_images(X))
        y_pred = estimator.predict(X)
        _check_same_kind(y_true, y_pred)
        confidence = None
        if hasattr(estimator, "predict_proba"):
            # Not the highest of each row: an SVC may predict another class than that.
            columns = np.searchsorted(estimator.classes_, y_pred)
            confidence = estimator.predict_proba(X)[np.arange(len(columns)), columns]
        if image_shape is None:
            image_shape = getattr(estimator, "image_shape", None)
        display = cls(X, y_true, y_pred, confidence, image_shape=image_shape)
        return display.plot(n_images=n_images, ax=ax)

    @classmethod
    def from_predictions(
        cls, X, y_true, y_pred, y_proba=None, *, n_images=25, image_shape=None, ax=None
    ):
        """Draw the errors among predictions.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            Images of 1 (grey), 3 (RGB) or 4 (RGBA) channels, of any real dtype and pixel
            scale.

        y_true : array-like of shape (n,)
            True labels.

        y_pred : array-like of shape (n,)
            Predicted labels.

        y_proba : array-like of shape (n, n_classes) or None, default=None
            What `predict_proba` returns. The highest of each row is taken for the
            probability of the prediction. None leaves the errors in the order of X.

        n_images : int, default=25
            How many errors to draw. All, if there are fewer.

        image_shape : (height, width), (height, width, channels) or None, default=None
            As in CNNDigitClassifier: None takes flat rows for square grey images. Needed
            for flat images that are not square or not grey.

        ax : matplotlib.axes.Axes or None, default=None
            Where to draw everything. None makes a new figure.

        Returns
        -------
        display : MisclassifiedDisplay

        Raises
        ------
        ValueError, TypeError
            If lengths or shapes don't fit each other, X can't be shown as images, labels
            are missing or no classes, or an argument is out of range.

        Warns
        -----
        UserWarning
            If flat rows are no square images and have to be zero-padded.
        """
        if y_true is None:
            raise ValueError("y_true is None; errors can't be found without true labels.")
        y_true, y_pred, confidence = _check_predictions(X, y_true, y_pred, y_proba)
        display = cls(X, y_true, y_pred, confidence, image_shape=image_shape)
        return display.plot(n_images=n_images, ax=ax)

    def plot(self, *, n_images=25, ax=None):
        """Draw the errors.

        Parameters
        ----------
        n_images : int, default=25
            How many errors to draw. All, if there are fewer.

        ax : matplotlib.axes.Axes or None, default=None
            Where to draw everything. None makes a new figure.

        Returns
        -------
        self : MisclassifiedDisplay
        """
        _check_n_images(n_images)
        _check_ax(ax)
        errors = np.flatnonzero(self.y_true != self.y_pred)
        if self.confidence is not None:
            errors = errors[np.argsort(-self.confidence[errors], kind="stable")]
        self.errors_ = errors
        self.confused_pairs_ = _confused_pairs(self.y_true[errors], self.y_pred[errors])
        if len(errors):
            self._draw(errors[:n_images], ax, note=self._summary(n_images))
        else:
            self._draw_no_error(ax)
        return self

    def _summary(self, n_shown):
        n_errors, n_predictions = len(self.errors_), len(self.y_pred)
        lines = [
            f"{n_errors:,} of {_number(n_predictions, 'image')}",
            f"misclassified ({_percent(n_errors / n_predictions)})",
        ]
        if n_shown < n_errors:
            which = "first" if self.confidence is None else "most confident"
            lines.append(f"Here: the {which} {n_shown:,}")
        lines += ["", "Most confused", "(true → pred: images)"]
        pairs = self.confused_pairs_
        lines += [f"{true} → {pred}: {count:,}" for true, pred, count in pairs[:_NOTED_PAIRS]]
        if len(pairs) > _NOTED_PAIRS:
            lines.append(f"and {_number(len(pairs) - _NOTED_PAIRS, 'other pair')}")
        return "\n".join(lines)

    def _draw_no_error(self, ax):
        ax = _new_axes(5, 1.5) if ax is None else ax
        note = f"No error among {_number(len(self.y_pred), 'prediction')}"
        self.images_, self.text_ = [], []
        self.note_ = ax.text(0.5, 0.5, note, transform=ax.transAxes, ha="center", va="center")
        ax.set_axis_off()
        box = _final_box(ax)
        _shrink([self.note_], box.width, box.height)
        self.ax_ = ax
        self.figure_ = ax.figure


class FramedDigitsDisplay(_ImageGrid):
    """Pictures of digits, what a network was shown of them, and what it read.

    To the left each picture as it was, to the right its frame; below them the prediction. What
    is doubtful has a question mark, a frame and bold text. Best made by `from_estimator` or
    `from_predictions`.

    Read more in the user guide: :ref:`own_images`.

    Parameters
    ----------
    images : sequence of ndarray of shape (h, w), (h, w, 3) or (h, w, 4)
        The pictures, of any size, real dtype and pixel scale.

    frames : ndarray of shape (n, side, side)
        What FrameDigits made of them.

    y_pred : ndarray of shape (n,)
        Predicted labels.

    confidence : ndarray of shape (n,) or None, default=None
        Probability of each prediction.

    names : list of str or None, default=None
        What to write below each picture, such as the name of its file.

    reject : float or None, default=None
        Predictions of a lower probability are doubtful.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The whole sheet is drawn in one.

    figure_ : matplotlib.figure.Figure

    images_ : list of matplotlib.image.AxesImage
        Picture and frame side by side, with pixels from 0 to 1.

    text_ : list of matplotlib.text.Text
        What is written below each of them.

    frames_ : list of matplotlib.patches.Rectangle
        Around what is doubtful, or has no ink.

    See Also
    --------
    FrameDigits : Makes the frames.
    DigitGridDisplay : Images that need no frame.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.pipeline import make_pipeline
    >>> from cnn_digits import CNNDigitClassifier, FrameDigits, FramedDigitsDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> pipe = make_pipeline(FrameDigits(), CNNDigitClassifier(epochs=3, random_state=0))
    >>> paper = np.full((80, 120), 200, dtype=np.uint8)
    >>> paper[10:60, 90:96] = 60
    >>> display = FramedDigitsDisplay.from_estimator(pipe.fit(X, y), [paper])
    >>> plt.show()
    """

    # An image is a picture and its frame, of so many pixels a side, and so many between them.
    _INCHES = 2
    _SIDE, _BETWEEN = 168, 8

    def __init__(self, images, frames, y_pred, confidence=None, *, names=None, reject=None):
        super().__init__(images, None, y_pred, confidence)
        self.frames = frames
        self.names = names
        self.reject = reject

    @classmethod
    def from_estimator(cls, estimator, X, *, names=None, reject=None, n_images=25, ax=None):
        """Read pictures and draw them.

        Parameters
        ----------
        estimator : Pipeline
            Fitted; begins with FrameDigits and ends in a classifier.

        X : sequence of ndarray of shape (h, w), (h, w, 3) or (h, w, 4)
            Pictures, as FrameDigits takes them, but no flat rows.

        names : list of str or None, default=None
            What to write below each picture, such as the name of its file.

        reject : float or None, default=None
            Predictions of a lower probability are doubtful.

        n_images : int, default=25
            How many pictures to draw, from the first one. All, if there are fewer.

        ax : matplotlib.axes.Axes or None, default=None
            Where to draw the whole sheet. None makes a new figure.

        Returns
        -------
        display : FramedDigitsDisplay

        Raises
        ------
        TypeError
            If `estimator` is no pipeline that begins with FrameDigits.
        ValueError, TypeError
            As `from_predictions`; if X can't be framed.
        """
        steps = getattr(estimator, "named_steps", {})
        first = next(iter(steps.values()), None)
        if not isinstance(first, FrameDigits):
            raise TypeError(
                f"estimator is {estimator!r}; expected a pipeline that begins with FrameDigits."
            )
        _check_n_images(n_images)
        images = X[:n_images]
        frames = first.transform(images)
        y_pred = estimator[1:].predict(frames)
        proba = None
        if hasattr(estimator, "predict_proba"):
            proba = estimator[1:].predict_proba(frames)
        elif reject is not None:
            raise ValueError(f"reject={reject}: {estimator[-1]!r} has no predict_proba.")
        names = None if names is None else names[:n_images]
        return cls.from_predictions(
            images, frames, y_pred, proba, names=names, reject=reject, ax=ax
        )

    @classmethod
    def from_predictions(
        cls, images, frames, y_pred, y_proba=None, *, names=None, reject=None, ax=None
    ):
        """Draw all pictures, their frames and predictions.

        Parameters
        ----------
        images : iterable of ndarray of shape (h, w), (h, w, 3) or (h, w, 4)
            Pictures of any size, real dtype and pixel scale. Only a small copy of each is kept.

        frames : ndarray of shape (n, side, side)
            What FrameDigits made of them.

        y_pred : array-like of shape (n,)
            Predicted labels.

        y_proba : array-like of shape (n, n_classes) or None, default=None
            What `predict_proba` returns. The highest of each row is taken for the probability
            of the prediction.

        names : list of str or None, default=None
            What to write below each picture.

        reject : float or None, default=None
            Predictions of a lower probability are doubtful. Needs `y_proba`.

        ax : matplotlib.axes.Axes or None, default=None
            Where to draw the whole sheet. None makes a new figure.

        Returns
        -------
        display : FramedDigitsDisplay

        Raises
        ------
        ValueError, TypeError
            If numbers of pictures, frames, names and predictions differ, or labels are missing.
        """
        _, y_pred, confidence = _check_predictions(frames, None, y_pred, y_proba)
        images = [_thumbnail(image, cls._SIDE, f"images[{i}]") for i, image in enumerate(images)]
        for name, given in (("images", images), ("names", names)):
            if given is not None and len(given) != len(y_pred):
                raise ValueError(
                    f"{name} has length {len(given)}, but frames has {len(y_pred)}; expected one "
                    "for each."
                )
        if reject is not None and (not isinstance(reject, Real) or not 0 <= reject <= 1):
            raise ValueError(f"reject={reject!r}; expected a probability, from 0 to 1, or None.")
        if reject is not None and confidence is None:
            raise ValueError(f"reject={reject} needs y_proba, which is None.")
        return cls(images, frames, y_pred, confidence, names=names, reject=reject).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw the sheet.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw it. None makes a new figure.

        Returns
        -------
        self : FramedDigitsDisplay
        """
        _check_ax(ax)
        self._draw(np.arange(len(self.y_pred)), ax, framed=np.flatnonzero(self._is_doubtful()))
        return self

    def _is_empty(self):
        return np.asarray(self.frames).max(axis=(1, 2)) == 0

    def _is_doubtful(self):
        is_doubtful = self._is_empty()
        if self.reject is not None:
            is_doubtful |= self.confidence < self.reject
        return is_doubtful

    def _images(self, rows):
        between = np.ones((self._SIDE, self._BETWEEN, 3))
        frames = _images_to_show(self.frames, rows, None)
        return np.stack(
            [
                np.concatenate(
                    [
                        _thumbnail(self.X[row], self._SIDE, f"images[{row}]") / 255,
                        between,
                        _thumbnail(frame, self._SIDE, f"frames[{row}]") / 255,
                    ],
                    axis=1,
                )
                for row, frame in zip(rows, frames, strict=True)
            ]
        )

    def _captions(self, rows):
        is_empty, is_doubtful = self._is_empty(), self._is_doubtful()
        captions = []
        for row in rows:
            caption = "" if self.names is None else f"{_shortened(self.names[row])}\n"
            if is_empty[row]:
                caption += "no ink"
            else:
                caption += f"{self.y_pred[row]}{'?' if is_doubtful[row] else ''}"
                if self.confidence is not None:
                    caption += f" ({_percent(self.confidence[row])})"
            captions.append(caption)
        return captions


def _shortened(name):
    """A name with its middle left out if it is too long for a picture."""
    return name if len(name) <= _LONG_NAME else f"{name[:10]}…{name[-_LONG_NAME + 11 :]}"


def _thumbnail(image, side, name):
    """A picture in the middle of a square of `side` pixels; (side, side, 3), uint8."""
    from PIL import Image, ImageOps

    image = np.asarray(image)
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (1,), (3,), (4,)):
        raise ValueError(
            f"{name} has shape {image.shape}; expected (height, width) or (height, width, 1, 3 or "
            "4)."
        )
    if image.dtype != np.uint8:
        shown = _images_to_show(image[np.newaxis], [0], (*image.shape, 1)[:3])[0]
        image = np.rint(shown * 255).astype(np.uint8)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    picture = Image.fromarray(image).convert("RGBA")
    picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    smooth = Image.Resampling.BOX if max(picture.size) > side else Image.Resampling.NEAREST
    return np.asarray(ImageOps.pad(picture.convert("RGB"), (side, side), smooth, color="#dddddd"))


def _confused_pairs(y_true, y_pred):
    """Tuples (true, predicted, count) of errors, the most frequent first."""
    counts = Counter(zip(y_true.tolist(), y_pred.tolist(), strict=True))
    # Equally frequent ones in the order of their labels.
    by_count = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(true, pred, count) for (true, pred), count in by_count]


def _check_n_images(n_images):
    if not isinstance(n_images, Integral) or isinstance(n_images, bool) or n_images < 1:
        raise ValueError(f"n_images={n_images!r}; expected an integer of at least 1.")


def _check_ax(ax):
    from matplotlib.axes import Axes

    if ax is not None and not isinstance(ax, Axes):
        raise TypeError(f"ax is of type {type(ax).__name__}; expected one matplotlib Axes or None.")


def _n_images(X):
    n_images = _num_samples(X)
    if n_images == 0:
        raise ValueError("X is empty; expected at least one image.")
    return n_images


def _check_labels(name, y, n_images=None):
    """Labels of images as an array of shape (n,), refused if they are no classes."""
    y = check_array(
        y, ensure_2d=False, allow_nd=True, ensure_min_samples=0, dtype=None, input_name=name
    )
    if y.ndim != 1 and y.shape[1:] != (1,):
        raise ValueError(
            f"{name} has shape {y.shape}; expected one label per image, shape "
            f"({'n' if n_images is None else n_images},). For one-hot labels pass "
            f"{name}.argmax(axis=1)."
        )
    y = y.ravel()
    if n_images is not None and len(y) != n_images:
        raise ValueError(
            f"X has {n_images} images, but {name} has {len(y)} labels; expected one for each image."
        )
    if not len(y):
        raise ValueError(f"{name} is empty; expected at least one label.")
    if y.dtype == object and None in y.tolist():
        raise ValueError(f"{name}[{y.tolist().index(None)}] is None; expected a label per image.")
    kind = type_of_target(y, input_name=name, raise_unknown=True)
    if kind == "continuous":
        raise ValueError(
            f"{name} holds fractions, as {y[y % 1 != 0][0]}; expected labels of classes."
        )
    return y


def _check_same_kind(y_true, y_pred):
    # NumPy would find "7" and 7 different, and every prediction wrong.
    if isinstance(y_true[0], str) != isinstance(y_pred[0], str):
        raise ValueError(
            f"True and predicted labels must be of the same kind; got {y_true[0]!r} and "
            f"{y_pred[0]!r}: strings and numbers."
        )


def _check_predictions(X, y_true, y_pred, y_proba):
    """Labels, predictions and the probability of each as arrays of shape (n,), or None."""
    n_images = _n_images(X)
    y_pred = _check_labels("y_pred", y_pred, n_images)
    if y_true is not None:
        y_true = _check_labels("y_true", y_true, n_images)
        _check_same_kind(y_true, y_pred)
    if y_proba is None:
        return y_true, y_pred, None
    proba = check_array(
        y_proba, ensure_2d=False, allow_nd=True, ensure_min_samples=0, input_name="y_proba"
    )
    if proba.ndim != 2 or len(proba) != n_images:
        raise ValueError(
            f"y_proba has shape {proba.shape}; expected ({n_images}, n_classes), as predict_proba "
            "returns it."
        )
    n_labels = len(np.unique(y_pred))
    if proba.shape[1] < n_labels:
        raise ValueError(
            f"y_proba has {proba.shape[1]} columns, but y_pred has {n_labels} different labels; "
            "expected a column for each class, as predict_proba returns them."
        )
    # Rounding may leave a probability above one.
    if proba.min() < 0 or proba.max() > 1 + 1e-4:
        raise ValueError(
            f"y_proba has values from {proba.min():g} to {proba.max():g}; expected probabilities, "
            "from 0 to 1."
        )
    return y_true, y_pred, proba.max(axis=1)


def _images_to_show(X, rows, image_shape):
    """These rows of X as floats from 0 to 1, of shape (n, h, w, channels)."""
    images = Reshape(image_shape).fit_transform(_safe_indexing(X, rows))
    if images.shape[-1] not in (1, 3, 4):
        raise ValueError(
            f"X has images of {images.shape[-1]} channels; expected 1 (grey), 3 (RGB) or 4 (RGBA), "
            "to show them."
        )
    images = images.astype(np.float64)
    # Zero is black in every usual scale, even where no pixel is: a faint scan looks faint.
    low = min(0.0, images.min())
    return (images - low) / ((images.max() - low) or 1.0)


def _new_axes(width, height):
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def _final_box(ax):
    """Where the axes will be when it is drawn, in pixels: layout and aspect may move it."""
    ax.figure.figure.draw_without_rendering()
    return ax.get_window_extent()


def _shrink(texts, width, height):
    """Make texts smaller, all alike, until each fits into so many pixels."""
    # Again, because letters of small sizes are rounded to whole pixels.
    for _ in range(3):
        boxes = [text.get_window_extent() for text in texts]
        # At least one pixel, because an empty text has none.
        widest = max(1, *(box.width for box in boxes))
        highest = max(1, *(box.height for box in boxes))
        ratio = min(width / widest, height / highest)
        if ratio >= 1:
            break
        for text in texts:
            text.set_fontsize(text.get_fontsize() * ratio)


def _percent(share):
    # Rounded, one error in 10,000 would be none, and a probability of 0.9999 certainty.
    if 0 < share < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %"


def _number(n, singular, plural=None):
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"
