"""FramedDigitsDisplay: pictures, the frames that a network was shown of them, what it read."""

import numpy as np

from cnn_digits.display.arguments import (
    check_ax,
    check_n_images,
    check_predictions,
    check_reject,
)
from cnn_digits.display.drawing import percent, shortened, shown
from cnn_digits.display.image_grid import ImageGrid, images_to_show
from cnn_digits.display.thumbnails import thumbnail
from cnn_digits.framing.frame_digits import FrameDigits
from cnn_digits.framing.frames import is_empty

# A picture and its frame have so many pixels a side, and so many between them.
_SIDE, _BETWEEN = 168, 8


class FramedDigitsDisplay:
    """Pictures of digits, what a network was shown of them, and what it read.

    To the left each picture as it was, to the right its frame; below them the prediction. What
    is doubtful has a question mark, an outline and bold text. Best made by `from_estimator` or
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

    outlines_ : list of matplotlib.patches.Rectangle
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

    def __init__(self, images, frames, y_pred, confidence=None, *, names=None, reject=None):
        self.images = images
        self.frames = frames
        self.y_pred = y_pred
        self.confidence = confidence
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
        check_n_images(n_images)
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
        _, y_pred, confidence = check_predictions(frames, None, y_pred, y_proba)
        images = [_square(image, f"images[{i}]") for i, image in enumerate(images)]
        for name, given in (("images", images), ("names", names)):
            if given is not None and len(given) != len(y_pred):
                raise ValueError(
                    f"{name} has length {len(given)}, but frames has {len(y_pred)}; expected one "
                    "for each."
                )
        check_reject(reject)
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
        check_ax(ax)
        no_ink = is_empty(self.frames)
        is_doubtful = no_ink.copy()
        if self.reject is not None:
            is_doubtful |= self.confidence < self.reject
        grid = ImageGrid(self._pairs(), self._captions(no_ink, is_doubtful), inches=2)
        grid.draw(ax, outlined=np.flatnonzero(is_doubtful))
        self.ax_, self.figure_ = grid.ax_, grid.figure_
        self.images_, self.text_, self.outlines_ = grid.images_, grid.text_, grid.outlines_
        return self

    def _pairs(self):
        """Each picture with its frame beside it, as floats from 0 to 1."""
        between = np.ones((_SIDE, _BETWEEN, 3))
        frames = images_to_show(self.frames)
        pairs = []
        for i, (image, frame) in enumerate(zip(self.images, frames, strict=True)):
            left, right = _square(image, f"images[{i}]"), _square(frame, f"frames[{i}]")
            pairs.append(np.concatenate([left / 255, between, right / 255], axis=1))
        return np.stack(pairs)

    def _captions(self, no_ink, is_doubtful):
        captions = []
        for i, label in enumerate(self.y_pred):
            caption = "" if self.names is None else f"{shortened(shown(self.names[i]))}\n"
            if no_ink[i]:
                caption += "no ink"
            else:
                caption += f"{shown(label)}{'?' if is_doubtful[i] else ''}"
                if self.confidence is not None:
                    caption += f" ({percent(self.confidence[i])})"
            captions.append(caption)
        return captions


def _square(image, name):
    """A picture in the middle of a square of _SIDE pixels; (_SIDE, _SIDE, 3), uint8."""
    from PIL import ImageOps

    image = np.asarray(image)
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (1,), (3,), (4,)):
        raise ValueError(
            f"{name} has shape {image.shape}; expected (height, width) or (height, width, 1, 3 or "
            "4)."
        )
    height, width = np.multiply(image.shape[:2], _SIDE / max(image.shape[:2]))
    small = thumbnail(image, (max(1, round(width)), max(1, round(height))))
    return np.asarray(ImageOps.pad(small, (_SIDE, _SIDE), color="#dddddd"))
