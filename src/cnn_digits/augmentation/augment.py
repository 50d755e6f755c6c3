"""Augment: random distortion of training images as a step of a pipeline."""

from copy import copy
from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from cnn_digits.augmentation.augmented_images import AugmentedImages
from cnn_digits.images import (
    ImageOutputMixin,
    border_median,
    check_images,
    check_same_shape,
    infer_image_shape,
    is_table,
    to_image_shape,
)
from cnn_digits.layouts import check_several_pictures


class Augment(
    ImageOutputMixin,
    OneToOneFeatureMixin,
    TransformerMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
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

        y : array-like or None, default=None
            Not looked at, but labels say that X is several images, even where its shape is
            that of one.

        Returns
        -------
        self : Augment

        Raises
        ------
        ValueError, TypeError
            If X is empty, sparse, ragged, not numeric or not finite, or looks like one
            picture, or like pictures with channels first.

        Warns
        -----
        UserWarning
            If rows are no square images: they are distorted zero-padded and cut again.
        """
        self._learn(X, y)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Fit, and return the images together with the recipe of their distortion.

        Parameters
        ----------
        X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
            Images of any real dtype.

        y : array-like or None, default=None
            Not looked at, but labels say that X is several images, even where its shape is
            that of one.

        Returns
        -------
        X_new : AugmentedImages
            Same shape and dtype as X; distorted when it is turned into an array.
        """
        images = self._learn(X, y)
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        # A copy, so that a later set_params does not change a draw already handed out.
        # A table is kept, because what comes next should see the names of its columns.
        source = X if is_table(X) else images
        return AugmentedImages(copy(self), source, images, seed)

    def _learn(self, X, y):
        images = check_images(self, X, reset=True)
        if y is None:
            check_several_pictures(images)
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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.non_deterministic = True
        return tags
