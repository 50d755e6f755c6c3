"""What displays are given: which labels, predictions, axes and numbers of images they take."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _num_samples

from cnn_digits.targets import check_labels


def check_n_images(n_images):
    if not isinstance(n_images, Integral) or isinstance(n_images, bool) or n_images < 1:
        raise ValueError(f"n_images={n_images!r}; expected an integer of at least 1.")


def check_ax(ax):
    from matplotlib.axes import Axes

    if ax is not None and not isinstance(ax, Axes):
        raise TypeError(f"ax is of type {type(ax).__name__}; expected one matplotlib Axes or None.")


def check_reject(reject):
    if reject is not None and (not isinstance(reject, Real) or not 0 <= reject <= 1):
        raise ValueError(f"reject={reject!r}; expected a probability, from 0 to 1, or None.")


def count_images(X):
    """Number of images in X, which must not be empty."""
    n_images = _num_samples(X)
    if n_images == 0:
        raise ValueError("X is empty; expected at least one image.")
    return n_images


def check_class_labels(y, name, n_images=None):
    """Labels of images as an array of shape (n,), refused if they are no classes."""
    y = check_labels(y, name, n_images=n_images)
    if n_images is not None and len(y) != n_images:
        raise ValueError(
            f"X has {n_images} images, but {name} has {len(y)} labels; expected one for each image."
        )
    if not len(y):
        raise ValueError(f"{name} is empty; expected at least one label.")
    kind = type_of_target(y, input_name=name, raise_unknown=True)
    if kind == "continuous":
        raise ValueError(
            f"{name} holds fractions, as {y[y % 1 != 0][0]}; expected labels of classes."
        )
    return y


def check_same_kind(y_true, y_pred):
    # NumPy would find "7" and 7 different, and every prediction wrong.
    if isinstance(y_true[0], str) != isinstance(y_pred[0], str):
        raise ValueError(
            f"True and predicted labels must be of the same kind; got {y_true[0]!r} and "
            f"{y_pred[0]!r}: strings and numbers."
        )


def check_predictions(X, y_true, y_pred, y_proba):
    """Labels, predictions and the probability of each as arrays of shape (n,), or None."""
    n_images = count_images(X)
    y_pred = check_class_labels(y_pred, "y_pred", n_images)
    if y_true is not None:
        y_true = check_class_labels(y_true, "y_true", n_images)
        check_same_kind(y_true, y_pred)
    confidence = None if y_proba is None else _highest_probability(y_proba, y_pred)
    return y_true, y_pred, confidence


def _highest_probability(y_proba, y_pred):
    """Of each row of what `predict_proba` returned, shape (n,); refused if it does not fit."""
    proba = check_array(
        y_proba, ensure_2d=False, allow_nd=True, ensure_min_samples=0, input_name="y_proba"
    )
    if proba.ndim != 2 or len(proba) != len(y_pred):
        raise ValueError(
            f"y_proba has shape {proba.shape}; expected ({len(y_pred)}, n_classes), as "
            "predict_proba returns it."
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
    return proba.max(axis=1)
