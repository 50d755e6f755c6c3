"""Normalize, Reshape and Augment: images in, images out, as scikit-learn transformers."""

from copy import copy
from numbers import Integral, Real

import numpy as np
from scipy.ndimage import map_coordinates
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from cnn_digits.affine import N_DRAWS, elastic_field, inverse_transforms, sampling_points
from cnn_digits.images import (
    border_median,
    check_image_shape,
    check_images,
    check_same_shape,
    infer_image_shape,
    pieces,
    to_image_shape,
)


class Normalize(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
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

    def transform(self, X):
        """Scale images by the range learnt in `fit`.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            Images of the shape seen in `fit`.

        Returns
        -------
        X_new : ndarray of float32, of the same shape
            All zeros if `fit` saw a single value only, as for blank images.
        """
        check_is_fitted(self)
        X = check_images(self, X, reset=False)
        out = np.empty(X.shape, dtype=np.float32)
        # In double precision, so that a large offset costs no digits; in pieces, so that
        # no double copy of all images is made.
        for rows in pieces(X):
            out[rows] = (X[rows].astype(np.float64) - self.data_min_) / self._span()
        return out

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
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


class Reshape(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
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

        y : Ignored
            For API consistency.

        Returns
        -------
        self : Reshape

        Raises
        ------
        ValueError, TypeError
            If X is empty, sparse, ragged, not numeric or not finite, or if `image_shape`
            does not fit it.

        Warns
        -----
        UserWarning
            If rows have to be padded.
        """
        check_image_shape(self.image_shape)
        X = check_images(self, X, reset=True)
        self.image_shape_ = infer_image_shape(X, self.image_shape)
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
        X = check_images(self, X, reset=False)
        check_same_shape(self, X, self.image_shape_)
        return to_image_shape(X, self.image_shape_)

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

    def set_output(self, *, transform=None):
        """Do nothing: images have three axes and stay arrays, in every pipeline.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None
            Ignored.

        Returns
        -------
        self : Reshape
        """
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class Augment(OneToOneFeatureMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Rotate, zoom, shift and distort training images at random; leave all others alone.

    Stands last before the classifier. `fit_transform`, which a `Pipeline` calls in `fit`,
    returns the images together with the recipe of their distortion (`AugmentedImages`);
    `transform`, which it calls to predict, returns X untouched.

    `CNNDigitClassifier` recognises such images and draws new distortions for every batch
    of every epoch, inside the training graph and from its own `random_state`, and uses
    the originals to validate and to predict. Any other estimator turns them into an array
    and sees one random draw.

    Read more in the user guide: :ref:`pipeline`.

    Parameters
    ----------
    rotation : float, default=10
        Largest angle, in degrees, either way.

    zoom : float in [0, 1), default=0.1
        Largest change of width and of height, each drawn by itself, as a fraction.

    shift : float in [0, 1), default=0.1
        Largest shift along each axis, as a fraction of the side.

    shear : float in [0, 90), default=0
        Largest slant, in degrees, either way.

    elastic : float, default=0
        Standard deviation of smooth random displacements, as a fraction of the shorter
        side [1]_. 0.02 to 0.04 looks like another writer.

    horizontal_flip, vertical_flip : bool, default=False
        Mirror half of the images. Harmful for digits: a mirrored 2 is no digit and a 6
        upside down is a 9.

    random_state : int, RandomState instance or None, default=None
        Seeds the draw that other estimators see. CNNDigitClassifier uses its own.

    Attributes
    ----------
    image_shape_ : tuple of three ints
        Height, width and channels that X is distorted as. Flat X is taken as square grey
        images.

    background_ : ndarray of shape (channels,)
        What fills the corners that a distortion uncovers: the median of the border.

    n_features_in_ : int
        Values per image.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X was a DataFrame with string columns.

    See Also
    --------
    CNNDigitClassifier : Augments by itself as well, see its parameter `augment`.

    References
    ----------
    .. [1] P. Simard, D. Steinkraus and J. Platt, "Best practices for convolutional neural
       networks applied to visual document analysis", ICDAR 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from cnn_digits import Augment
    >>> X, _ = load_digits(return_X_y=True)
    >>> augment = Augment(rotation=15, random_state=0)
    >>> X_aug = augment.fit_transform(X)
    >>> X_aug.shape, np.asarray(X_aug[:5]).shape
    ((1797, 64), (5, 64))
    >>> np.array_equal(augment.transform(X), X)
    True
    """

    _parameter_constraints = {
        "rotation": [Interval(Real, 0, 180, closed="both")],
        "zoom": [Interval(Real, 0, 1, closed="left")],
        "shift": [Interval(Real, 0, 1, closed="left")],
        "shear": [Interval(Real, 0, 90, closed="left")],
        "elastic": [Interval(Real, 0, 1, closed="left")],
        "horizontal_flip": ["boolean"],
        "vertical_flip": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        rotation=10,
        zoom=0.1,
        shift=0.1,
        shear=0,
        elastic=0,
        horizontal_flip=False,
        vertical_flip=False,
        random_state=None,
    ):
        self.rotation = rotation
        self.zoom = zoom
        self.shift = shift
        self.shear = shear
        self.elastic = elastic
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the shape of the images and their background.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            Images of any real dtype.

        y : Ignored
            For API consistency.

        Returns
        -------
        self : Augment

        Raises
        ------
        ValueError, TypeError
            If X is empty, sparse, ragged, not numeric or not finite.

        Warns
        -----
        UserWarning
            If rows are no square images: they are distorted zero-padded and cut again.
        """
        self._learn(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Fit, and return the images together with the recipe of their distortion.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            Images of any real dtype.

        y : Ignored
            For API consistency.

        Returns
        -------
        X_new : AugmentedImages
            Same shape and dtype as X; distorted when it is turned into an array.
        """
        images = self._learn(X)
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        # A copy, so that a later set_params does not change a draw already handed out.
        return AugmentedImages(copy(self), X if hasattr(X, "iloc") else images, images, seed)

    def _learn(self, X):
        images = check_images(self, X, reset=True)
        self.image_shape_ = infer_image_shape(images)
        self.background_ = border_median(to_image_shape(images, self.image_shape_))
        return images

    def transform(self, X):
        """Return X untouched: nothing is augmented when predicting.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            Images of the shape seen in `fit`.

        Returns
        -------
        X : ndarray or DataFrame
            The same object, unless X is a list.
        """
        check_is_fitted(self)
        images = check_images(self, X, reset=False)
        check_same_shape(self, images, self.image_shape_)
        return X if hasattr(X, "shape") else images

    def set_output(self, *, transform=None):
        """Do nothing: what comes in goes out, an array or a DataFrame.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None
            Ignored.

        Returns
        -------
        self : Augment
        """
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.non_deterministic = True
        return tags


class AugmentedImages:
    """Images with the recipe of their random distortion: what `Augment` hands on.

    An array-like with the shape and dtype of the originals, indexed on its first axis
    alone. Turned into an array (`np.asarray`), it gives distorted images: one random
    draw, seeded for each row by itself, so that it is the same at every conversion and
    the rows of a slice are rows of the whole.

    Parameters
    ----------
    augment : Augment
        Fitted.
    source : ndarray or DataFrame
        The originals as they were given.
    images : ndarray
        The originals, validated.
    seed : int
    rows : ndarray of int or None
        Which rows of the originals these are; None for all.
    """

    def __init__(self, augment, source, images, seed, rows=None):
        self.augment = augment
        self._source = source
        self._images = images
        self._seed = seed
        self._rows = np.arange(len(images)) if rows is None else rows
        self._all = rows is None

    @property
    def shape(self):
        """Shape of the images as an array."""
        return (len(self._rows), *self._images.shape[1:])

    @property
    def ndim(self):
        """Number of axes."""
        return self._images.ndim

    @property
    def dtype(self):
        """Dtype of the images, distorted or not."""
        return self._images.dtype

    def originals(self):
        """The images without distortion, a DataFrame if they were given as one."""
        if self._all:
            return self._source
        if hasattr(self._source, "iloc"):
            return self._source.iloc[self._rows]
        return self._images[self._rows]

    def __len__(self):
        return len(self._rows)

    def __repr__(self):
        return f"AugmentedImages(shape={self.shape}, dtype={self.dtype}, {self.augment!r})"

    def __getitem__(self, key):
        rows = key[0] if isinstance(key, tuple) and key[1:] == (Ellipsis,) else key
        scalar = isinstance(rows, Integral) and not isinstance(rows, (bool, np.bool_))
        if not (scalar or isinstance(rows, slice)):
            rows = np.asarray(rows) if isinstance(rows, (list, np.ndarray)) else None
            if rows is None or rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iub"):
                raise TypeError(
                    "AugmentedImages is indexed on its first axis alone: by an integer, a slice, "
                    f"a mask or an array of integers, or (rows, ...); got {key!r}. For anything "
                    "else make an array of it first: np.asarray(X)."
                )
            if not rows.size and rows.dtype.kind == "f":
                rows = rows.astype(int)
        if scalar:
            return np.asarray(self._at(self._rows[[rows]]))[0]
        return self._at(self._rows[rows])

    def _at(self, rows):
        return AugmentedImages(self.augment, self._source, self._images, self._seed, rows)

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError(
                "AugmentedImages are drawn when asked for: there is no array to share."
            )
        image_shape = self.augment.image_shape_
        out = np.empty(self.shape, dtype=self.dtype)
        for i, row in enumerate(self._rows):
            image = to_image_shape(self._images[row : row + 1], image_shape)[0]
            distorted = self._distort(image, np.random.default_rng([self._seed, row]))
            if self.dtype.kind in "iub":
                # A weighted mean of pixels never leaves the range of its dtype.
                distorted = np.rint(distorted)
            out[i] = distorted.reshape(-1)[: out[i].size].reshape(out[i].shape)
        return out if dtype is None else out.astype(dtype, copy=False)

    def _distort(self, image, rng):
        augment, image_shape = self.augment, image.shape
        draws = rng.uniform(-1, 1, size=(1, N_DRAWS))
        y, x = sampling_points(inverse_transforms(draws, augment, image_shape), image_shape)
        if augment.elastic:
            noise = rng.standard_normal(size=(2, *image_shape[:2]))
            displacement = elastic_field(noise, augment, image_shape)
            y, x = y + displacement[0], x + displacement[1]
        channels = [
            map_coordinates(
                image[..., c].astype(np.float64),
                [y[0], x[0]],
                order=1,
                mode="grid-constant",
                cval=background,
            )
            for c, background in enumerate(augment.background_)
        ]
        return np.stack(channels, axis=-1)
