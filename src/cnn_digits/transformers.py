"""Normalize and Reshape: images in, images out, as scikit-learn transformers."""

from importlib import import_module

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, _fit_context
from sklearn.utils._set_output import _wrap_data_with_container
from sklearn.utils.validation import check_is_fitted

from cnn_digits.images import (
    ImageInputMixin,
    ImageOutputMixin,
    check_images,
    pictures_as_in_fit,
    pictures_in_fit,
    row_batches,
)


class _Scaling:
    """What `Normalize` returns: of rows what scikit-learn is configured to, of pictures an array.

    A base, because scikit-learn makes tables of whatever the `transform` of a transformer's
    own class returns, and no table holds pictures.
    """

    def fit_transform(self, X, y=None):
        """Learn the range of the pixels and scale by it.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            Images of any real dtype.

        y : Ignored
            For API consistency.

        Returns
        -------
        X_new : ndarray or DataFrame
            As of `transform`.
        """
        return self.fit(X, y).transform(X)

    def transform(self, X):
        """Scale images by the range learnt in `fit`.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            Images of the shape seen in `fit`.

        Returns
        -------
        X_new : ndarray of float32, of the same shape
            All zeros if `fit` saw a single value only, as for blank images. Flat rows are a
            DataFrame if `set_output` or scikit-learn's configuration says so.
        """
        check_is_fitted(self)
        images = check_images(self, X, reset=False)
        out = np.empty(images.shape, dtype=np.float32)
        # In double precision, so that a large offset costs no digits; in batches, so that
        # no double copy of all images is made.
        for rows in row_batches(images):
            out[rows] = (images[rows].astype(np.float64) - self.data_min_) / self._span()
        return _wrap_data_with_container("transform", out, X, self) if out.ndim == 2 else out


class Normalize(_Scaling, ImageInputMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Scale all pixels of a set of images to [0, 1], as float32.

    One scale for the whole set, learnt in `fit`: unlike `MinMaxScaler`, which scales each
    pixel by itself, it keeps the pixels of an image comparable. Values outside the range
    seen in `fit` come out outside [0, 1].

    Read more in the user guide: :ref:`pipeline`.

    Attributes
    ----------
    data_min_, data_max_ : float
        The pixel values that become 0 and 1: the extremes of X, or 0 and 255 if X is
        uint8, whatever it holds.

    n_features_in_ : int
        Values per image.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X was a DataFrame with string columns.

    See Also
    --------
    Reshape : Turn flat rows into images.
    CNNDigitClassifier : Needs no scaling; takes scaled images as well.

    Examples
    --------
    >>> import numpy as np
    >>> from cnn_digits import Normalize
    >>> X = np.array([[0, 51], [255, 102]], dtype=np.uint8)
    >>> Normalize().fit_transform(X)
    array([[0. , 0.2],
           [1. , 0.4]], dtype=float32)
    """

    def fit(self, X, y=None):
        """Learn the range of the pixels.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            Images of any real dtype.

        y : Ignored
            For API consistency.

        Returns
        -------
        self : Normalize

        Raises
        ------
        ValueError, TypeError
            If X is empty, sparse, ragged, not numeric or not finite.
        """
        X = check_images(self, X, reset=True)
        if X.dtype == np.uint8:
            self.data_min_, self.data_max_ = 0.0, 255.0
        else:
            self.data_min_, self.data_max_ = float(X.min()), float(X.max())
        return self

    def inverse_transform(self, X):
        """Return scaled images to the range seen in `fit`.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            Images as `transform` returns them.

        Returns
        -------
        X_original : ndarray of float32, of the same shape
        """
        check_is_fitted(self)
        X = check_images(self, X, reset=False)
        return (X * self._span() + self.data_min_).astype(np.float32)

    def _span(self):
        return (self.data_max_ - self.data_min_) or 1.0

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


class Reshape(ImageOutputMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Turn flat rows into images of shape (height, width, channels).

    The dtype stays, and nothing is copied unless rows have to be padded. 3-D arrays get
    their channel axis; 4-D arrays pass.

    Read more in the user guide: :ref:`pipeline`.

    Parameters
    ----------
    image_shape : (height, width), (height, width, channels) or None, default=None
        None takes a flat row for a square grey image; if its length is no square number
        it is zero-padded to the next one, with a warning.

    Attributes
    ----------
    image_shape_ : tuple of three ints
        Height, width and channels of what `transform` returns.

    n_features_in_ : int
        Values per image in X, before padding.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X was a DataFrame with string columns.

    See Also
    --------
    Normalize : Scale pixels to [0, 1].
    CNNDigitClassifier : Takes flat rows as well, by the same rule.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from cnn_digits import Reshape
    >>> X, _ = load_digits(return_X_y=True)
    >>> X.shape, Reshape().fit_transform(X).shape
    ((1797, 64), (1797, 8, 8, 1))
    """

    _parameter_constraints = {"image_shape": [tuple, list, None]}

    def __init__(self, image_shape=None):
        self.image_shape = image_shape

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the shape of the images.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            Images of any real dtype.

        y : array-like or None, default=None
            Not looked at, but labels say that X is several images, even where its shape is
            that of one.

        Returns
        -------
        self : Reshape

        Raises
        ------
        ValueError, TypeError
            If X is empty, sparse, ragged, not numeric or not finite, if `image_shape` does
            not fit it, or if it looks like one picture, or like pictures with channels
            first, and no `image_shape` says otherwise.

        Warns
        -----
        UserWarning
            If rows have to be padded.
        """
        pictures = pictures_in_fit(self, X, self.image_shape, has_labels=y is not None)
        self.image_shape_ = pictures.shape[1:]
        return self

    def transform(self, X):
        """Reshape images.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            Images with as many values each as in `fit`.

        Returns
        -------
        X_new : ndarray of shape (n, h, w, c)
            A view of X where that can be.
        """
        check_is_fitted(self)
        return pictures_as_in_fit(self, X, self.image_shape_)

    def inverse_transform(self, X):
        """Flatten images again and cut the padding off.

        Parameters
        ----------
        X : array-like of shape (n, h, w, c)
            Images as `transform` returns them.

        Returns
        -------
        X_original : ndarray of shape (n, `n_features_in_`)
        """
        check_is_fitted(self)
        X = np.asarray(X)
        if X.shape[1:] != self.image_shape_:
            raise ValueError(
                f"X has shape {X.shape}; inverse_transform expects images of shape "
                f"{self.image_shape_}, as transform returns them."
            )
        return X.reshape(len(X), -1)[:, : self.n_features_in_]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def __getattr__(name):
    # Pickles of before `augmentation` was made look for it here.
    if name == "Augment":
        return import_module(__package__).Augment
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
