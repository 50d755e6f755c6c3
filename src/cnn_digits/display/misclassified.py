"""MisclassifiedDisplay: the images that a classifier got wrong, and the classes it confuses."""

from collections import Counter

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import _safe_indexing

from cnn_digits.display.arguments import (
    check_ax,
    check_class_labels,
    check_n_images,
    check_predictions,
    check_same_kind,
    count_images,
)
from cnn_digits.display.drawing import count_of, final_box, new_axes, percent, shown, shrink
from cnn_digits.display.image_grid import ImageGrid, images_to_show, label_captions

# Pairs of confused classes that are written into the picture.
_NOTED_PAIRS = 10


class MisclassifiedDisplay:
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

    def __init__(self, X, y_true, y_pred, confidence=None, *, image_shape=None):
        self.X = X
        self.y_true = y_true
        self.y_pred = y_pred
        self.confidence = confidence
        self.image_shape = image_shape

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
        check_n_images(n_images)
        y_true = check_class_labels(y, "y", count_images(X))
        y_pred = estimator.predict(X)
        check_same_kind(y_true, y_pred)
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
        y_true, y_pred, confidence = check_predictions(X, y_true, y_pred, y_proba)
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
        check_n_images(n_images)
        check_ax(ax)
        errors = np.flatnonzero(self.y_true != self.y_pred)
        if self.confidence is not None:
            errors = errors[np.argsort(-self.confidence[errors], kind="stable")]
        self.errors_ = errors
        self.confused_pairs_ = _confused_pairs(self.y_true[errors], self.y_pred[errors])
        if len(errors):
            self._draw_errors(errors[:n_images], ax, note=self._summary(n_images))
        else:
            self._draw_no_error(ax)
        return self

    def _summary(self, n_shown):
        n_errors, n_predictions = len(self.errors_), len(self.y_pred)
        lines = [
            f"{n_errors:,} of {count_of(n_predictions, 'image')}",
            f"misclassified ({percent(n_errors / n_predictions)})",
        ]
        if n_shown < n_errors:
            which = "first" if self.confidence is None else "most confident"
            lines.append(f"Here: the {which} {n_shown:,}")
        lines += ["", "Most confused", "(true → pred: images)"]
        pairs = self.confused_pairs_
        lines += [
            f"{shown(true)} → {shown(pred)}: {count:,}"
            for true, pred, count in pairs[:_NOTED_PAIRS]
        ]
        if len(pairs) > _NOTED_PAIRS:
            lines.append(f"and {count_of(len(pairs) - _NOTED_PAIRS, 'other pair')}")
        return "\n".join(lines)

    def _draw_errors(self, rows, ax, note):
        images = images_to_show(_safe_indexing(self.X, rows), self.image_shape)
        captions = label_captions(rows, self.y_true, self.y_pred, self.confidence)
        grid = ImageGrid(images, captions, note=note).draw(ax)
        self.ax_, self.figure_ = grid.ax_, grid.figure_
        self.images_, self.text_, self.note_ = grid.images_, grid.text_, grid.note_

    def _draw_no_error(self, ax):
        ax = new_axes(5, 1.5) if ax is None else ax
        note = f"No error among {count_of(len(self.y_pred), 'prediction')}"
        self.images_, self.text_ = [], []
        self.note_ = ax.text(0.5, 0.5, note, transform=ax.transAxes, ha="center", va="center")
        ax.set_axis_off()
        box = final_box(ax)
        shrink([self.note_], box.width, box.height)
        self.ax_ = ax
        self.figure_ = ax.figure


def _confused_pairs(y_true, y_pred):
    """Tuples (true, predicted, count) of errors, the most frequent first."""
    counts = Counter(zip(y_true.tolist(), y_pred.tolist(), strict=True))
    # Equally frequent ones in the order of their labels.
    by_count = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(true, pred, count) for (true, pred), count in by_count]
