"""DigitGridDisplay: images with what they are and what they were taken for."""

import numpy as np
from sklearn.utils import _safe_indexing

from cnn_digits.display.arguments import check_ax, check_n_images, check_predictions
from cnn_digits.display.image_grid import ImageGrid, images_to_show, label_captions


class DigitGridDisplay:
    """Images with what they are and what they were taken for.

    Below each image stand its true label, the predicted one and its probability, as far as
    they are known. Wrong predictions have an outline and bold text. Best made by
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

    outlines_ : list of matplotlib.patches.Rectangle
        Around the wrong predictions.

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

    def __init__(self, X, y_true, y_pred, confidence=None, *, image_shape=None):
        self.X = X
        self.y_true = y_true
        self.y_pred = y_pred
        self.confidence = confidence
        self.image_shape = image_shape

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
        y_true, y_pred, confidence = check_predictions(X, y_true, y_pred, y_proba)
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
        check_n_images(n_images)
        check_ax(ax)
        rows = np.arange(min(n_images, len(self.y_pred)))
        wrong = (
            () if self.y_true is None else np.flatnonzero(self.y_true[rows] != self.y_pred[rows])
        )
        images = images_to_show(_safe_indexing(self.X, rows), self.image_shape)
        captions = label_captions(rows, self.y_true, self.y_pred, self.confidence)
        grid = ImageGrid(images, captions).draw(ax, outlined=wrong)
        self.ax_, self.figure_ = grid.ax_, grid.figure_
        self.images_, self.text_, self.outlines_ = grid.images_, grid.text_, grid.outlines_
        return self
