"""A network as it is trained: what comes before it and takes the place of its layers.

Everything here computes with the variables of the network that is kept, and is dropped when
training ends.
"""

import inspect
from copy import copy

import keras

from cnn_digits.augmentation.layer import RandomDistortion
from cnn_digits.blueprint import compile_network, hidden_layers, sharpening


class TrainingTwin:
    """The network as it is trained, which is not always as it is kept.

    Random distortion comes before it, and some layers have stand-ins that share their
    variables.

    Parameters
    ----------
    network : keras.Model
        Compiled.
    settings : Settings
    background : ndarray of shape (channels,)
        What augmentation fills uncovered corners with.

    Attributes
    ----------
    network : keras.Model
        As it is kept.
    model : keras.Model
        With the optimizer and the weights of the network. The network itself, if nothing
        about it is different in training.
    """

    def __init__(self, network, settings, background):
        self.network = network
        # A copy: the user may change theirs, and what is traced stays.
        self._augment = copy(settings.augment)
        self._bfloat16 = settings.bfloat16
        self._distortion = None
        self.model = network
        stand_ins = _stand_ins(network, settings.bfloat16)
        if stand_ins:
            # A compiled model would be compiled anew by way of text, which a loss of the
            # user's own can't go.
            uncompiled = keras.Model(network.input, network.output, name=network.name)
            self.model = keras.models.clone_model(
                uncompiled, clone_function=lambda layer: stand_ins.get(layer, layer)
            )
        if self._augment is not None:
            image_shape = network.input_shape[1:]
            inputs = keras.Input(image_shape, name="image")
            self._distortion = RandomDistortion(self._augment, image_shape, background)
            outputs = self.model(self._distortion(inputs))
            self.model = keras.Model(inputs, outputs, name=f"training_{network.name}")
        if self.model is not network:
            # Not the global one, by which Keras scales losses or not.
            self.model.dtype_policy = network.dtype_policy
            compile_network(self.model, network.optimizer, network.loss)

    def suits(self, network, settings):
        """Whether this is what the settings ask for; the seed of augmentation does not count."""
        ours, theirs = (
            augment and augment.get_params() | {"random_state": None}
            for augment in (self._augment, settings.augment)
        )
        return self.network is network and ours == theirs and self._bfloat16 == settings.bfloat16

    def reseed(self, seed):
        """Begin a sequence of draws of the augmentation."""
        if self._distortion is not None:
            self._distortion.reseed(seed)


def _stand_ins(network, bfloat16):
    """Layers of a network, with what takes the place of each in training."""
    found = {}
    if bfloat16:
        found.update((layer, InBfloat16(layer)) for layer in hidden_layers(network))
    if keras.backend.backend() == "tensorflow":
        for layer in network.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                policy = "mixed_bfloat16" if bfloat16 else layer.dtype_policy
                found[layer] = FusedNormalization(layer, policy)
    layer = sharpening(network)
    if layer is not None:
        found[layer] = Sharpening(layer.scale)
    return found


class Sharpening(keras.layers.Layer):
    """Multiply logits by a constant, but not in training."""

    def __init__(self, scale):
        super().__init__(name="sharpen", dtype="float32")
        self._scale = scale

    def call(self, logits, training=False):
        return logits if training else logits * self._scale


class InBfloat16(keras.layers.Layer):
    """What another layer computes, in bfloat16, with its variables, which stay in float32.

    So the network that is kept predicts in float32: on any machine, and in whatever it is
    exported to.
    """

    def __init__(self, layer):
        super().__init__(name=layer.name, dtype="mixed_bfloat16")
        self._layer = layer
        self._knows_training = "training" in inspect.signature(layer.call).parameters

    def call(self, x, training=False, mask=None):
        # Not by its __call__, which would turn x back into float32.
        return self._layer.call(x, **({"training": training} if self._knows_training else {}))


class FusedNormalization(keras.layers.Layer):
    """Batch normalisation by TensorFlow's own operation, with the variables of another layer.

    Keras composes it of a dozen operations, each of which reads and writes whole maps: up
    to a third of a training step. The layer must be as those of this package are, with an
    offset and without a scale.
    """

    def __init__(self, layer, dtype):
        super().__init__(name=layer.name, dtype=dtype)
        self._layer = layer

    def call(self, x, training=False, mask=None):
        if not training:
            return self._layer(x)
        # Here, because other backends do without this layer.
        import tensorflow as tf

        layer, shape = self._layer, tf.shape(x)
        if len(x.shape) == 2:
            x = x[:, None, None, :]
        offset = tf.convert_to_tensor(layer.beta)
        result = tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=tf.ones_like(offset),
            offset=offset,
            mean=[],
            variance=[],
            epsilon=layer.epsilon,
            is_training=True,
        )
        for average, new in (
            (layer.moving_mean, result.batch_mean),
            (layer.moving_variance, result.batch_variance),
        ):
            average.assign(average * layer.momentum + new * (1 - layer.momentum))
        return tf.reshape(result.y, shape)
