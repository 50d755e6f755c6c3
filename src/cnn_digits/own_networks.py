"""Networks of the user's own: how their functions are called, and what these must return."""

import random
import sys
import threading
import weakref
from contextlib import contextmanager
from contextvars import ContextVar, copy_context

import keras
import numpy as np

from cnn_digits.devices import to_numpy

# Where Keras gets the seeds of layers from that are not given one.
_seeds = ContextVar("seeds", default=random)

# Weights of all networks in this process, by id, and those of networks made within a call.
_taken = weakref.WeakValueDictionary()
_taken_lock = threading.Lock()
_taken_within = ContextVar("taken_within", default=None)


def check_function(architecture):
    """Raise TypeError if a model, a layer or one of Keras's classes is given for a function."""
    if isinstance(architecture, keras.Layer):
        what = "a model" if isinstance(architecture, keras.Model) else "a layer"
    elif isinstance(architecture, type) and architecture.__module__.split(".")[0] == "keras":
        what = "a class of Keras"
    else:
        return
    raise TypeError(
        f"architecture={architecture!r} is {what}; expected a function that makes a new model for "
        "each fit: def architecture(image_shape, n_classes): return keras.Sequential("
        "[keras.Input(image_shape), ...])."
    )


def own_network(architecture, image_shape, n_classes, seed, dtype_policy):
    """What a function of the user's returns, checked.

    While it runs, Keras draws seeds from a generator of this call, and has the dtype policy
    of this network; other threads don't notice.

    Parameters
    ----------
    architecture : callable
        `f(image_shape, n_classes) -> keras.Model`.
    image_shape : tuple of three ints
    n_classes : int
    seed : int
        Of the layers that are not given one.
    dtype_policy : str
        Of the layers that don't name one.

    Raises
    ------
    TypeError, ValueError
        If it returns no Keras model or one of other input or output shape.
    """

    within = []

    def call():
        _seeds.set(random.Random(seed))
        _taken_within.set(within)
        with _keras_dtype_policy(dtype_policy):
            return architecture(image_shape, n_classes)

    _let_keras_draw_here()
    try:
        # What is set in a copy of the context is gone with it, however the call ends.
        network = copy_context().run(call)
    except Exception as error:  # of the user's function; goes on as it is, with a note at most
        if keras.config.image_data_format() == "channels_first":
            error.add_note(
                "Keras is set to image_data_format='channels_first', but images come as (height, "
                f"width, channels), here {image_shape}: give layers data_format='channels_last'."
            )
        raise
    with _taken_lock:
        # A classifier that the function opens or fits lends its layers to the new network.
        for key in within:
            _taken.pop(key, None)
    _check_shapes(network, architecture, image_shape, n_classes)
    return network


class _Seeds:
    """In place of the module `random` where Keras draws seeds: that module, except in a call."""

    @staticmethod
    def randint(low, high):
        return _seeds.get().randint(low, high)


def _let_keras_draw_here():
    # Seeds of layers that are not given one come from the global generator of Python, which
    # can't be seeded for one thread alone. Keras has no public way to give them another source.
    sys.modules[keras.random.SeedGenerator.__module__].python_random = _Seeds


@contextmanager
def _keras_dtype_policy(dtype_policy):
    # Of this thread: each has its own.
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(dtype_policy)
        yield
    finally:
        keras.config.set_dtype_policy(before)


def take_weights(network, architecture):
    """Make the weights of a network those of one classifier.

    Raises
    ------
    ValueError
        If another classifier has some of them already: each fit would change both.
    """
    with _taken_lock:
        for weight in network.weights:
            if _taken.get(id(weight)) is weight:
                raise ValueError(
                    f"architecture {_name_of(architecture)} returned a model with weights that an "
                    f"earlier fit has already ({weight.path}): both would change with each fit. "
                    "Make all layers anew in each call. To begin from trained weights return a "
                    "copy: new = keras.models.clone_model(model); "
                    "new.set_weights(model.get_weights()); return new."
                )
        _taken.update({id(weight): weight for weight in network.weights})
    if _taken_within.get() is not None:
        _taken_within.get().extend(map(id, network.weights))


def _check_shapes(network, architecture, image_shape, n_classes):
    """Raise unless a function of the user's returned a network of these shapes."""
    name = _name_of(architecture)
    if not isinstance(network, keras.Model):
        raise TypeError(
            f"architecture {name}(image_shape={image_shape}, n_classes={n_classes}) returned "
            f"{network!r}; expected a keras.Model."
        )
    # Models of a class of the user's own don't say what they take.
    input_shape = getattr(network, "input_shape", None)
    if not network.built or not isinstance(input_shape, tuple):
        raise ValueError(
            f"architecture {name} returned a model without a known single input; begin it with "
            "keras.Input(image_shape)."
        )
    if not _fits(input_shape[1:], image_shape):
        raise ValueError(
            f"architecture {name} returned a model for inputs of shape {input_shape[1:]}; "
            f"expected image_shape={image_shape}."
        )
    if network.output_shape != (None, n_classes):
        raise ValueError(
            f"architecture {name} returned a model with output shape {network.output_shape}; "
            f"expected {(None, n_classes)}: one probability for each of {n_classes} classes."
        )


def check_probabilities(network, images, architecture):
    """Refuse a network of the user's own whose outputs for some images are no probabilities."""
    outputs = to_numpy(network(images, training=False)).astype(np.float32)
    sums = outputs.sum(axis=1)
    # Sums of bfloat16 are off by some hundredths.
    if outputs.min() < 0 or np.abs(sums - 1).max() > 0.1:
        raise ValueError(
            f"architecture {_name_of(architecture)} returned a model whose outputs are no "
            f"probabilities: those of an image sum to {sums[np.abs(sums - 1).argmax()]:.3g}, and "
            f"the lowest is {outputs.min():.3g}. End it with a softmax."
        )


def _name_of(architecture):
    return getattr(architecture, "__name__", repr(architecture))


def _fits(shape, image_shape):
    return len(shape) == len(image_shape) and all(
        side is None or side == expected for side, expected in zip(shape, image_shape, strict=True)
    )
