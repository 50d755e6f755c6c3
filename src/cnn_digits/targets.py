"""What belongs to the images: labels, weights, and which rows train and which validate."""

import math
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight


@dataclass(frozen=True)
class LabelledImages:
    """Rows of an array of images, with class numbers and weights of all its rows.

    Parameters
    ----------
    images : ndarray of shape (n, h, w, c)
    classes : ndarray of int, shape (n,)
        Class numbers.
    weights : ndarray of float32, shape (n,), or None
    rows : ndarray of int
        The rows that are meant; the others don't exist.
    """

    images: np.ndarray
    classes: np.ndarray
    weights: np.ndarray | None
    rows: np.ndarray

    def __len__(self):
        return len(self.rows)


def check_labels(y, name="y", *, n_images=None, estimator=None):
    """Labels as an array of shape (n,), refused if there is not one for each image.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, 1)
    name : str
        What messages call it.
    n_images : int or None
        How many labels messages say there should be. Not compared.
    estimator : estimator instance or None
        Whose `fit` this is part of: a column is warned of, as in scikit-learn.

    Returns
    -------
    y : ndarray of shape (n,)
    """
    if getattr(getattr(y, "dtype", None), "kind", None) == "T":
        y = np.array(y.tolist())  # NumPy's StringDType, which scikit-learn does not know
    y = check_array(
        y,
        ensure_2d=False,
        allow_nd=True,
        ensure_min_samples=0,
        dtype=None,
        input_name=name,
        estimator=estimator,
    )
    if y.ndim != 1 and y.shape[1:] != (1,):
        n = "n" if n_images is None else n_images
        remedy = (
            f"For one-hot labels pass {name}.argmax(axis=1)."
            if y.ndim
            else f"For a single image pass X[None] and [{name}]."
        )
        raise ValueError(
            f"{name} has shape {y.shape}; expected one label per image, shape ({n},). {remedy}"
        )
    y = column_or_1d(y, warn=estimator is not None)
    if y.dtype == object and None in y.tolist():
        raise ValueError(f"{name}[{y.tolist().index(None)}] is None; expected a label per image.")
    if y.dtype == object:
        _check_one_kind(y.tolist(), name)
    return y


def _check_one_kind(labels, name):
    """Raise unless labels can be sorted: numbers or text, not both."""
    try:
        sorted(set(labels))
    except TypeError:
        examples = {}
        for label in labels:
            examples.setdefault(type(label), label)
        seen = ", ".join(map(repr, list(examples.values())[:3]))
        raise ValueError(
            f"{name} has labels of several kinds, such as {seen}; expected numbers or text "
            f"alone: np.array({name}).astype(str) makes text of all."
        ) from None


def encode(y, classes=None):
    """Class numbers of labels.

    Parameters
    ----------
    y : ndarray of shape (n,)
    classes : ndarray or None
        All there are, sorted; None: those in y.

    Returns
    -------
    numbers : ndarray of int, shape (n,)
    classes : ndarray
    """
    check_classification_targets(y)
    if classes is None:
        encoder = LabelEncoder().fit(y)
        return encoder.transform(y), encoder.classes_
    unseen = np.setdiff1d(y, classes)
    if unseen.size:
        raise ValueError(f"y has labels {unseen.tolist()}, which are not in classes {classes}.")
    return np.searchsorted(classes, y), classes


def total_weights(sample_weight, class_weight, images, y, classes):
    """Weights of samples times those of classes.

    Parameters
    ----------
    sample_weight : array-like of shape (n,) or None
    class_weight : dict of label to weight, "balanced" or None
    images : ndarray of shape (n, ...)
    y : ndarray of int, shape (n,)
        Class numbers.
    classes : ndarray
        Labels.

    Returns
    -------
    weights : ndarray of float32, shape (n,), or None if all are one
    """
    if sample_weight is None and class_weight is None:
        return None
    weights = _check_sample_weight(sample_weight, images, dtype=np.float64)
    if weights.min() < 0:
        row = int(weights.argmin())
        raise ValueError(
            f"sample_weight[{row}] is {weights[row]}; negative weights are not supported."
        )
    if class_weight is not None:
        weights = weights * _weights_of_classes(class_weight, y, classes)[y]
    if not weights.any():
        raise ValueError("All weights are zero: there is no image left to learn from.")
    return weights.astype(np.float32)


def _weights_of_classes(class_weight, y, classes):
    """An array with a weight for each class."""
    of_class = dict.fromkeys(classes, 1.0)
    if isinstance(class_weight, str):  # "balanced"
        present = np.unique(y)
        balanced = compute_class_weight(class_weight, classes=present, y=y)
        of_class.update(zip(classes[present], balanced, strict=True))
    else:
        unknown = set(class_weight) - set(of_class)
        if unknown:
            raise ValueError(
                f"class_weight has the labels {sorted(unknown)}, which are not in y; "
                f"classes are {classes.tolist()}."
            )
        of_class.update(class_weight)
    weights = np.array([of_class[label] for label in classes], dtype=np.float64)
    if weights.min() < 0 or not np.isfinite(weights).all():
        raise ValueError(f"class_weight={class_weight!r}; expected finite weights, none negative.")
    return weights


def split(y, rows, classes, fraction, seed):
    """Rows to train and rows to validate on, drawn at random within each class.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        Class numbers.
    rows : ndarray of int
        The rows of y to part.
    classes : ndarray
        Labels, for messages.
    fraction : float
        Share of the rows to validate on.
    seed : int

    Returns
    -------
    rows_train, rows_val : ndarrays of int

    Raises
    ------
    ValueError
        If a class would be missing on either side.
    """
    present, counts = np.unique(y[rows], return_counts=True)
    n_val = math.ceil(fraction * len(rows))
    scarce = [f"{classes[c]!r} ({n})" for c, n in zip(present, counts, strict=True) if n < 2]
    reason = None
    if scarce:
        reason = f"labels with a single image: {', '.join(scarce)}"
    elif n_val < len(present) or len(rows) - n_val < len(present):
        reason = f"{n_val} of {len(rows)} images for {len(present)} classes"
    else:
        parts = train_test_split(rows, test_size=fraction, stratify=y[rows], random_state=seed)
        for part, name in zip(parts, ("training", "validation"), strict=True):
            missing = np.setdiff1d(present, y[part])
            if missing.size:
                labels = ", ".join(repr(label) for label in classes[missing])
                reason = f"no {name} image of {labels}"
    if reason is not None:
        raise ValueError(
            f"validation_fraction={fraction} leaves a class out: {reason}. Give more images, "
            "another fraction, or validation images of your own (X_val, y_val)."
        )
    return parts
