"""Training that diverged, which must not pass for a fitted network."""

import keras
import numpy as np

from cnn_digits.devices import to_numpy
from cnn_digits.images import pixel_dtype

# The mean loss of an epoch in which all was lost, though it is a number: for an image of weight 1,
# the worst guess costs 16.
_HUGE = 1e9

# Images whose probabilities are looked at in the end.
_N_IMAGES = 32


class StaysFinite(keras.callbacks.Callback):
    """End training after the first epoch whose loss is huge or whose weights are not finite.

    Before anything is made of them: a callback that comes later can't save them.

    Parameters
    ----------
    settings : Settings
    weights : ndarray or None
        Of the images, by which the loss grows.

    Raises
    ------
    ValueError
        It names epoch and learning rate.
    """

    def __init__(self, settings, weights):
        super().__init__()
        self._settings = settings
        self._highest = _HUGE * (1 if weights is None else max(1, float(weights.max())))
        self._epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if not abs(logs["loss"]) < self._highest:  # NaN is not
            raise self.diverged(f"the loss is {logs['loss']:.3g}")
        if not has_finite_weights(self.model):
            raise self.diverged("weights are infinite or NaN")
        if not np.isfinite(logs.get("val_loss", 0)):
            raise ValueError(
                f"The validation loss is {logs['val_loss']} in epoch {epoch + 1} of "
                f"{self._settings.epochs}, with a training loss of {logs['loss']:.3g}; expected a "
                "finite number. Look for huge pixels in X_val or huge weights in sample_weight_val."
            )

    def check_in_the_end(self, network, images):
        """Raise unless a network that was trained to the end gives numbers for some images.

        The last step of all may have been the one that went wrong, and weights that are
        finite can still be so large that what they make of an image is not.
        """
        if not has_finite_weights(network):
            raise self.diverged("weights are infinite or NaN")
        images = images[:: -(-len(images) // _N_IMAGES)]
        outputs = network(images.astype(pixel_dtype(images), copy=False), training=False)
        if not np.isfinite(to_numpy(outputs)).all():
            raise self.diverged("probabilities are NaN")

    def diverged(self, seen):
        settings = self._settings
        remedy = "Lower learning_rate"
        if settings.dtype_policy == "mixed_float16":
            remedy += ", or set dtype_policy='float32'"
        return ValueError(
            f"Training has diverged: {seen} in epoch {self._epoch + 1} of {settings.epochs}, with "
            f"learning_rate={settings.learning_rate:g} and the schedule {settings.schedule!r}; "
            f"expected a loss that falls. {remedy}."
        )


def has_finite_weights(network):
    """Whether no weight is infinite or NaN, statistics of batch normalisation included."""
    return all(np.isfinite(to_numpy(weight)).all() for weight in network.weights)
