"""What a fit leaves behind, which is what files and pickles keep."""

from dataclasses import dataclass

import keras
import numpy as np

from cnn_digits.blueprint import Blueprint


@dataclass(frozen=True)
class Fitted:
    """What a fit leaves behind.

    Parameters
    ----------
    network : keras.Model
        Compiled.
    blueprint : Blueprint
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    pixel_range : (float, float)
        Lowest and highest pixel in training.
    history : dict of lists
        See `CNNDigitClassifier.history_`.
    n_features_in : int
        Values per image.
    feature_names_in : ndarray of shape (n_features_in,) or None
    framed : bool or None
        Whether pictures were brought into MNIST's frame before the fit; None if that is not
        known.
    knows_blank : bool or None
        Whether images of one colour were among those in training; None if that is not known.
    """

    network: keras.Model
    blueprint: Blueprint
    classes: np.ndarray
    pixel_range: tuple
    history: dict
    n_features_in: int
    feature_names_in: np.ndarray | None
    framed: bool | None = None
    knows_blank: bool | None = None
