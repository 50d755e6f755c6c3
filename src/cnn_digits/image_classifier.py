"""What a fitted classifier of images does with those that it is shown, whatever computes.

NumPy alone.
"""

import warnings

import numpy as np

from cnn_digits.blank import is_blank
from cnn_digits.images import pictures_as_in_fit
from cnn_digits.scale import in_range, is_other_range, is_out_of_frame, pixel_range


class PredictionMixin:
    """For fitted classifiers of images.

    They have `classes_`, `image_shape_`, `n_features_in_`, and `_pixel_range`, the lowest and the
    highest pixel in training. `_given(X)` are the images, once the classifier is ready to read;
    `_probabilities(images)` is what its network says.
    """

    # Whether pictures were brought into MNIST's frame before the fit; None if that is not known.
    _framed = None

    # Whether images of one colour were among those in training; None if that is not known.
    _knows_blank = None

    def predict_proba(self, X):
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            Images of the shape seen in `fit`, flat or not.

        Returns
        -------
        proba : ndarray of shape (n, n_classes), float32
            Columns in the order of `classes_`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError, TypeError
            If X is empty, sparse, ragged, not numeric, not finite, or of another shape
            than in `fit`.
        RuntimeError
            In a process that was forked from one in which Keras had computed, where it would
            wait for ever; see :ref:`fork`.

        Warns
        -----
        UserWarning
            If the range of the pixels is far from that seen in `fit`, as when one of the
            two was scaled and the other was not. If images are blank, all their pixels equal,
            and none in `fit` was: each class gets the same probability. If the network was
            trained on frames, as that of `load_pretrained` was, and images are not framed; the
            scale of frames does not matter.
        """
        images = self._images_as_in_fit(self._given(X), stacklevel=3)
        return self._levelled(self._probabilities(images), images)

    def predict(self, X):
        """Predict the class of each image.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            As for `predict_proba`, with its errors and its warning.

        Returns
        -------
        y_pred : ndarray of shape (n,)
            Labels out of `classes_`.
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]

    def _levelled(self, proba, images):
        """Probabilities that say nothing of images on which there is nothing; warns of them."""
        blank = is_blank(images) if self._knows_blank is False else np.zeros(1, dtype=bool)
        if not blank.any():
            return proba
        _warn_of_some(
            "{} blank, all pixels equal, {}. Nothing is written on them: each class gets the same "
            "probability.",
            blank,
            stacklevel=4,
        )
        return np.where(blank[:, None], np.float32(1 / len(self.classes_)), proba)

    def _images_as_in_fit(self, X, stacklevel):
        """Images to read, or to go on with, of shape (n, h, w, c); warns if they are others."""
        images = pictures_as_in_fit(self, X, self.image_shape_)
        seen = pixel_range(images)
        if is_other_range(self._pixel_range, seen):
            if self._framed:
                # A frame tells its own scale: its strokes are white. Nor need who has not trained
                # the network know on which it was.
                images = in_range(images, self._pixel_range)
            else:
                warnings.warn(
                    "Pixels in X range from {:g} to {:g}, but from {:g} to {:g} in fit. Scale both "
                    "alike, for example by a Normalize step in a Pipeline.".format(
                        *seen, *self._pixel_range
                    ),
                    UserWarning,
                    stacklevel=stacklevel,
                )
        if self._framed:
            _warn_of_some(
                "{} not framed as those were that the network was trained on, white on black, 20 "
                "pixels long, in the middle of 28 × 28, {}. Put FrameDigits before the "
                "classifier: make_pipeline(FrameDigits(), clf).",
                is_out_of_frame(images),
                stacklevel=stacklevel + 1,
            )
        return images


def _warn_of_some(message, mask, stacklevel):
    """Warn of the images in a mask, if there are any: how many, and which are the first."""
    found = np.flatnonzero(mask)
    if found.size:
        first = ", ".join(map(str, found[:5]))
        warnings.warn(
            message.format(f"{found.size:,} of {len(mask):,} images are", f"the first: X[{first}]"),
            UserWarning,
            stacklevel=stacklevel,
        )
