"""Random distortion of images: its geometry, as a step of a pipeline, and as a layer."""

from cnn_digits.augmentation.augment import Augment
from cnn_digits.augmentation.augmented_images import AugmentedImages

__all__ = ["Augment", "AugmentedImages"]
