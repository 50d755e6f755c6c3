"""How a network is trained: optimizer, schedule, callbacks, input pipeline.

Training goes through scikeras, and this is the only module that imports it. What is
specific to TensorFlow, the input pipeline, stands in `_batches`.
"""

import functools
import inspect
import json
import math
import mmap
import os
import random
import shutil
import sys
import threading
import time
import warnings
from contextlib import contextmanager, nullcontext, suppress
from copy import copy
from dataclasses import dataclass

import keras
import numpy as np

from cnn_digits.affine import (
    N_DRAWS,
    elastic_field,
    inverse_transforms,
    sampling_points,
)
from cnn_digits.architectures import FLOAT32_LAYERS
from cnn_digits.files import written_whole
from cnn_digits.images import pixel_dtype, to_image_shape


def _import_keras_classifier():
    """Import scikeras without what it does to Keras.

    Its import replaces `__reduce__` and `__deepcopy__` of Keras classes for the whole
    process; then the user's own Keras models would be pickled by scikeras. Somebody who
    imported scikeras before us wants it that way.
    """
    if "scikeras" in sys.modules:
        from scikeras.wrappers import KerasClassifier

        return KerasClassifier
    patched = [
        (keras.Model, "__reduce__"),
        (keras.Model, "__deepcopy__"),
        (keras.losses.Loss, "__reduce__"),
        (keras.metrics.Metric, "__reduce__"),
        (keras.optimizers.Optimizer, "__reduce__"),
    ]
    before = [(cls, name, vars(cls).get(name)) for cls, name in patched]
    from scikeras.wrappers import KerasClassifier

    for cls, name, method in before:
        if method is not None:
            setattr(cls, name, method)
        elif name in vars(cls):
            delattr(cls, name)
    return KerasClassifier


KerasClassifier = _import_keras_classifier()


def _share_cores():
    """Give TensorFlow as many threads as OMP_NUM_THREADS says, if it has none yet.

    joblib sets this in its workers, so that together they use each core once; TensorFlow
    does not look at it, and workers that all use all cores slow each other down.
    """
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if keras.backend.backend() != "tensorflow" or not threads.isdecimal() or not int(threads):
        return
    from tensorflow import config

    with suppress(RuntimeError):  # TensorFlow is at work already
        if not config.threading.get_intra_op_parallelism_threads():
            config.threading.set_intra_op_parallelism_threads(int(threads))
            config.threading.set_inter_op_parallelism_threads(int(threads))


_share_cores()

# Arrays above this are read batch by batch where they lie instead of being copied.
_MAX_BYTES_IN_MEMORY = 2**30

# Share of a one-cycle schedule in which the rate climbs, and where it starts from
# (Smith and Topin 2018; the values of fast.ai).
_WARM_UP = 0.25
_START_FRACTION = 1 / 25

# Keras seeds layers and initializers from Python's global generator and takes the dtype
# policy from a global too: one network is built at a time.
_build_lock = threading.Lock()


@dataclass(frozen=True)
class Settings:
    """Everything about a training run that is not data: no "auto" left."""

    epochs: int
    batch_size: int
    learning_rate: float | None
    schedule: str
    label_smoothing: float
    augment: object  # an Augment, or None
    dtype_policy: str
    bfloat16: bool  # whether a network in float32 is trained in bfloat16 all the same
    early_stopping: bool
    patience: int
    callbacks: list
    verbose: int


@dataclass(frozen=True)
class Rows:
    """Which images to use, with their class numbers and weights.

    Parameters
    ----------
    images : ndarray of shape (n, ...)
    classes : ndarray of int, shape (n,)
    weights : ndarray of float32, shape (n,), or None
    rows : ndarray of int
        The images to use; the others don't exist.
    """

    images: np.ndarray
    classes: np.ndarray
    weights: np.ndarray | None
    rows: np.ndarray


@contextmanager
def seeded_build(seed, dtype_policy):
    """Seed what Keras draws while a network is built; leave all global state as it was."""
    with _build_lock:
        state = random.getstate()
        policy = keras.config.dtype_policy()
        random.seed(int(seed.generate_state(1)[0]))
        keras.config.set_dtype_policy(dtype_policy)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(policy)
            random.setstate(state)


def check_components(optimizer, loss, callbacks):
    """Raise unless Keras knows optimizer and loss, and callbacks are Keras callbacks."""
    try:
        known = keras.optimizers.get(optimizer) if isinstance(optimizer, str) else optimizer
    except ValueError:
        known = None
    if not isinstance(known, keras.optimizers.Optimizer):
        raise ValueError(
            f"optimizer={optimizer!r}; expected the name of a Keras optimizer, such as 'adam', "
            "'rmsprop' or 'sgd', or a keras.optimizers.Optimizer."
        )
    try:
        loss_name = getattr(keras.losses.get(loss), "__name__", type(loss).__name__)
    except (ValueError, TypeError):
        loss_name = None
    if loss_name is None or not (isinstance(loss, str) or callable(loss)):
        raise ValueError(
            f"loss={loss!r}; expected the name of a Keras loss, such as "
            "'categorical_crossentropy', a keras.losses.Loss or a function of targets and "
            "probabilities."
        )
    if loss_name.lower().startswith("sparse"):
        raise ValueError(
            f"loss={loss!r} takes class numbers, but targets are one-hot here; expected "
            "'categorical_crossentropy', which is the same loss."
        )
    for callback in callbacks or ():
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(
                f"callbacks={callbacks!r}; expected objects of keras.callbacks.Callback, got "
                f"{callback!r}."
            )


def learning_rate_of(optimizer):
    """The optimizer's own learning rate, None if it follows a schedule."""
    optimizer = keras.optimizers.get(optimizer)
    # A LossScaleOptimizer leaves the rate to the one inside.
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    rate = optimizer.get_config()["learning_rate"]
    return None if isinstance(rate, dict) else float(rate)


def compile_network(network, *, optimizer, loss, betas):
    """Compile a freshly built network, with an optimizer of its own.

    Parameters
    ----------
    network : keras.Model
    optimizer : str or keras.optimizers.Optimizer
        An instance is copied, so that it serves any number of fits.
    loss : str, keras.losses.Loss or callable
    betas : (float, float)
        For an optimizer given by name, if it has them.
    """
    if isinstance(optimizer, str):
        optimizer = keras.optimizers.get(optimizer)
        config = optimizer.get_config()
        if {"beta_1", "beta_2"} <= set(config):
            config["beta_1"], config["beta_2"] = betas
    else:
        config = optimizer.get_config()
    optimizer = type(optimizer).from_config(config)
    network.compile(
        optimizer=optimizer,
        loss=loss,
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        jit_compile=_jit(),
    )
    network.optimizer.build(network.trainable_variables)


def _jit():
    # XLA more than doubles the time of an epoch on a CPU under TensorFlow; JAX without
    # it is no use.
    return keras.backend.backend() == "jax"


def train(
    network, training, validation, settings, *, trainer, image_shape, background, seed, history
):
    """Train a compiled network in place.

    Parameters
    ----------
    network : keras.Model
    training : Rows
    validation : Rows or None
    settings : Settings
    trainer : Trainer or None
        What this function returned for the same network before: saves the second or so
        that Keras takes to trace it.
    image_shape : tuple of three ints
    background : ndarray of shape (channels,)
        What augmentation fills uncovered corners with.
    seed : numpy.random.SeedSequence
    history : dict of lists
        Extended by what each epoch measures, also when training is interrupted.

    Returns
    -------
    trainer : Trainer
    interrupt : KeyboardInterrupt or None
        The user's, if there was one.
    """
    order_seed, augment_seed = (int(word) for word in seed.generate_state(2) >> 1)
    if trainer is None or not trainer.serves(settings):
        trainer = Trainer(network, settings, image_shape, background)
    trainer.reseed(augment_seed)
    first_epoch = FirstEpoch()
    callbacks = [
        first_epoch,
        *_own_callbacks(settings, validation is not None),
        *settings.callbacks,
        History(history),
    ]
    for callback in settings.callbacks:
        if isinstance(callback, Checkpoint):
            callback.history = history
    # What a checkpoint writes is complete when all others have done their part.
    callbacks.sort(key=lambda callback: isinstance(callback, Checkpoint))
    n_classes = network.output_shape[-1]
    steps = math.ceil(len(training.rows) / settings.batch_size)
    engine = _Engine(
        trainer.model,
        dataset=_batches(
            training, image_shape, n_classes, settings.batch_size,
            label_smoothing=settings.label_smoothing, epochs=settings.epochs, seed=order_seed,
            first_epoch=first_epoch.number,
        ),
        validation=validation
        and _batches(validation, image_shape, n_classes, max(settings.batch_size, 256)),
        epochs=settings.epochs,
        callbacks=callbacks,
        verbose=settings.verbose,
        steps_per_epoch=steps,
    )  # fmt: skip
    try:
        with _one_class_allowed() if n_classes == 1 else nullcontext():
            engine.fit(training.images, training.classes)
    except KeyboardInterrupt as error:
        return trainer, error
    finally:
        for callback in settings.callbacks:
            # A callback that holds a model can neither be cloned nor pickled.
            callback._model = None
    return trainer, None


@contextmanager
def _one_class_allowed():
    """Silence Keras, which takes a single class for a mistake."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*categorical_crossentropy.*")
        yield


@functools.cache
def bfloat16_pays():
    """Whether this machine multiplies matrices faster in bfloat16: tried, not guessed.

    Processors without the instructions emulate it, several times slower; those that have
    them are about twice as fast as in float32. Whatever else the machine does must not tip
    the scales, or the same seed would give other weights: so the two take turns, each is
    judged by its best time, and the verdict asks for no more than a tie. The probe takes
    some tens of milliseconds.
    """
    matrices = [keras.ops.ones((512, 512), dtype=dtype) for dtype in ("bfloat16", "float32")]
    best = [math.inf, math.inf]
    for _ in range(12):  # the first ones warm up
        for i, x in enumerate(matrices):
            start = time.perf_counter()
            np.asarray(keras.ops.cast(keras.ops.matmul(x, x)[0, 0], "float32"))
            best[i] = min(best[i], time.perf_counter() - start)
    return best[0] < best[1]


class _Engine(KerasClassifier):
    """scikeras's training loop around a network and batches that are ready.

    The classifier in front of it has validated the data and encoded the labels, so the
    steps in which scikeras does this pass their input on.
    """

    def __init__(self, network, *, dataset, validation, steps_per_epoch, **kwargs):
        super().__init__(**kwargs)
        # With underscores, so that scikeras does not take them for parameters to route.
        self._network = network
        self._dataset = dataset
        self._validation = validation
        self._steps_per_epoch = steps_per_epoch

    def _keras_build_fn(self):
        return self._network

    @property
    def target_encoder(self):
        return self.feature_encoder  # the identity

    def _validate_data(self, X=None, y=None, reset=False, y_numeric=False):
        return X, y

    def _fit_keras_model(self, X, y, sample_weight, warm_start, epochs, initial_epoch, **kwargs):
        super()._fit_keras_model(
            self._dataset,
            y=None,
            sample_weight=None,
            warm_start=warm_start,
            epochs=epochs,
            initial_epoch=initial_epoch,
            batch_size=None,
            shuffle=False,
            validation_data=self._validation,
            steps_per_epoch=self._steps_per_epoch,
        )


def _batches(
    data, image_shape, n_classes, batch_size, *, label_smoothing=0.0, epochs=1, seed=None,
    first_epoch=0,
):  # fmt: skip
    """Batches of (images, one-hot targets, weights) as a `tf.data.Dataset`.

    One dataset spans all epochs, so that nothing is torn down between them. Each has an order
    of its own, drawn from the seed and its number; without a seed, and then there is one
    epoch, the order is that of `data.rows`.
    """
    import tensorflow as tf

    images, rows = data.images, data.rows
    n, steps = len(rows), math.ceil(len(rows) / batch_size)
    dtype = pixel_dtype(images)
    # AutoGraph would write the functions below into temporary files, to find no Python
    # loop in them.
    as_it_is = tf.autograph.experimental.do_not_convert

    with tf.device("CPU:0"):
        rows = tf.constant(rows, tf.int64)
        classes = tf.constant(data.classes, tf.int32)
        weights = None if data.weights is None else tf.constant(data.weights, tf.float32)
        if _read_where_it_lies(images):

            def read(batch):
                # In ascending order, because neighbours share pages of the file.
                order = np.argsort(batch)
                out = np.empty((len(batch), *image_shape), dtype)
                out[order] = to_image_shape(images[batch[order]], image_shape)
                return out

            def pixels(batch):
                x = tf.numpy_function(read, [batch], dtype)
                x.set_shape((None, *image_shape))
                return x

        else:
            in_memory = tf.constant(to_image_shape(images, image_shape).astype(dtype, copy=False))

            def pixels(batch):
                return tf.gather(in_memory, batch)

        def batch(order, step):
            # As even as can be: a last batch of a handful of images would upset the
            # statistics of batch normalisation and weigh as much as a full one.
            chosen = order[step * n // steps : (step + 1) * n // steps]
            targets = tf.one_hot(tf.gather(classes, chosen), n_classes)
            targets = targets * (1 - label_smoothing) + label_smoothing / n_classes
            if weights is None:
                return pixels(chosen), targets
            return pixels(chosen), targets, tf.gather(weights, chosen)

        def epoch(number):
            order = rows
            if seed is not None:
                order = tf.random.experimental.stateless_shuffle(
                    rows, [tf.constant(seed, tf.int64), first_epoch + number]
                )
            return tf.data.Dataset.range(steps).map(as_it_is(lambda step: batch(order, step)))

        dataset = (
            epoch(0) if seed is None else tf.data.Dataset.range(epochs).flat_map(as_it_is(epoch))
        )
        options = tf.data.Options()
        # Its thread sleeps for up to 40 s, and whoever drops the iterator waits for it.
        options.autotune.enabled = False
        return dataset.prefetch(2).with_options(options)


def _read_where_it_lies(images):
    """Whether an array is too large to copy, or the pages of a file."""
    base = images
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, mmap.mmap) or images.nbytes > _MAX_BYTES_IN_MEMORY


def _own_callbacks(settings, has_validation):
    watched = "val_loss" if has_validation else "loss"
    callbacks = [LearningRate(settings.schedule, settings.learning_rate, settings.epochs)]
    if settings.schedule == "reduce_on_plateau":
        callbacks.append(
            keras.callbacks.ReduceLROnPlateau(
                monitor=watched, factor=0.5, patience=max(1, settings.patience // 2), min_lr=1e-5
            )
        )
    if settings.early_stopping:
        callbacks.append(
            keras.callbacks.EarlyStopping(
                monitor="val_loss", patience=settings.patience, restore_best_weights=True
            )
        )
    return callbacks


class LearningRate(keras.callbacks.Callback):
    """Set the learning rate before each step and write it into the history.

    "one_cycle" climbs for a quarter of all steps and descends to zero along a cosine
    (Smith and Topin 2018); the other schedules begin at `peak` and leave it alone.
    Training that goes on from a checkpoint goes on in mid-cycle.
    """

    def __init__(self, schedule, peak, epochs):
        super().__init__()
        self._schedule = schedule
        self._peak = peak
        self._epochs = epochs
        self._epoch = 0

    def on_train_begin(self, logs=None):
        if self._peak is None:
            # The user's own optimizer, with a rate or a schedule of its own.
            self._peak = float(self.model.optimizer.learning_rate)
        elif self._schedule != "one_cycle":
            self.model.optimizer.learning_rate = self._peak

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if self._schedule == "one_cycle":
            steps = self.params["steps"]
            progress = (self._epoch * steps + batch) / (self._epochs * steps)
            self.model.optimizer.learning_rate = self._peak * one_cycle(progress)

    def on_epoch_end(self, epoch, logs=None):
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class FirstEpoch(keras.callbacks.Callback):
    """Tell the input pipeline which epoch training begins with: not 0 after a restore.

    Keras asks the pipeline for its first batch only after the first epoch has begun.
    """

    def __init__(self):
        super().__init__()
        import tensorflow as tf

        with tf.device("CPU:0"):
            self.number = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._is_known = False

    def on_epoch_begin(self, epoch, logs=None):
        if not self._is_known:
            self.number.assign(epoch)
            self._is_known = True


class Checkpoint(keras.callbacks.BackupAndRestore):
    """Back up training after each epoch, and go on from there as if nothing had happened.

    Keras backs up weights and optimizer in a way that a process killed at any moment leaves
    a whole copy behind. Added to it are the history and the state of random layers, not
    that of other callbacks: early stopping begins to count anew. The last backup stays
    until `remove` is called, so that nothing is lost between the end of training and the
    end of what is done with the network.

    Parameters
    ----------
    folder : str or path-like
        A folder of its own: `remove` removes all of it.
    run : dict
        What tells this training from any other, as plain values: its data and parameters.

    Raises
    ------
    ValueError
        If the backup in the folder is damaged or of another run.
    """

    def __init__(self, folder, run):
        super().__init__(os.fspath(folder), double_checkpoint=True, delete_checkpoint=False)
        self._state_path = os.path.join(self.backup_dir, "state.json")
        self._run = run
        self._past = {}
        self.history = None  # of the fit, set when it begins
        self._state = self._read_state()

    @property
    def n_epochs(self):
        """How many epochs were backed up before."""
        return 0 if self._state is None else len(self._state["history"]["loss"])

    def _read_state(self):
        if not os.path.exists(self._state_path):
            return None
        try:
            with open(self._state_path, encoding="utf-8") as file:
                state = json.load(file)
            run, _, _ = state["run"], state["random"], state["history"]["loss"]
        except (ValueError, KeyError, TypeError) as error:
            raise self._unusable(f"it is damaged: {error!r}") from error
        for key, value in self._run.items():
            if run.get(key) != value:
                raise self._unusable(f"its run had {key}={run.get(key)!r}, this one has {value!r}")
        return state

    def _unusable(self, reason):
        return ValueError(
            f"The checkpoint in {self.backup_dir} can't be used, {reason}. Remove the folder to "
            "begin anew."
        )

    def on_train_begin(self, logs=None):
        try:
            super().on_train_begin(logs)
            if self._state is not None:
                for variable, value in zip(
                    self._random_states(), self._state["random"], strict=True
                ):
                    variable.assign(value)
                self._past = self._state["history"]
        except (OSError, ValueError) as error:
            raise self._unusable(f"it is damaged: {error}") from error

    def on_epoch_begin(self, epoch, logs=None):
        # Up to where the weights are: the end may have come between the two backups.
        self._restore_history(epoch)

    def on_epoch_end(self, epoch, logs=None):
        os.makedirs(self.backup_dir, exist_ok=True)
        n_epochs = epoch + 1
        state = {
            "run": self._run,
            "history": {key: values[-n_epochs:] for key, values in self.history.items()},
            "random": [
                keras.ops.convert_to_numpy(variable).tolist() for variable in self._random_states()
            ],
        }
        with written_whole(self._state_path) as file:
            file.write(json.dumps(state).encode())
        super().on_epoch_end(epoch, logs)

    def on_train_end(self, logs=None):
        super().on_train_end(logs)
        self._restore_history(None)  # if all epochs had been run before

    def remove(self):
        """Remove the folder, if it is there."""
        shutil.rmtree(self.backup_dir, ignore_errors=True)

    def _random_states(self):
        # Keras does not count them among the weights.
        return [v for v in self.model.variables if not keras.backend.is_float_dtype(v.dtype)]

    def _restore_history(self, n_epochs):
        for key, values in self._past.items():
            self.history.setdefault(key, []).extend(values[:n_epochs])
        self._past = {}


class History(keras.callbacks.Callback):
    """Append what each epoch measured to lists that outlive an interrupt."""

    def __init__(self, history):
        super().__init__()
        self._history = history

    def on_epoch_end(self, epoch, logs=None):
        for key, value in logs.items():
            self._history.setdefault(key, []).append(float(value))


def one_cycle(progress):
    """Fraction of the peak rate at `progress` in [0, 1] of a one-cycle schedule."""
    if progress < _WARM_UP:
        return _START_FRACTION + (1 - _START_FRACTION) * progress / _WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (progress - _WARM_UP) / (1 - _WARM_UP)))


class Trainer:
    """The network as it is trained, which is not always as it is kept.

    Random distortion comes before it, and some layers have stand-ins that share their
    variables.

    Parameters
    ----------
    network : keras.Model
        Compiled.
    settings : Settings
    image_shape, background
        See `train`.

    Attributes
    ----------
    model : keras.Model
        With the optimizer and the weights of the network. The network itself, if nothing
        about it is different in training.
    """

    def __init__(self, network, settings, image_shape, background):
        # A copy: the user may change theirs, and what is traced stays.
        self._augment = copy(settings.augment)
        self._bfloat16 = settings.bfloat16
        self.model = network
        stand_ins = {layer.name: _stand_in(layer, settings.bfloat16) for layer in network.layers}
        has_stand_ins = any(stand_ins.values())
        if has_stand_ins:
            # A compiled model would be compiled anew by way of text, which a loss of the
            # user's own can't go.
            uncompiled = keras.Model(network.input, network.output, name=network.name)
            self.model = keras.models.clone_model(
                uncompiled, clone_function=lambda layer: stand_ins[layer.name] or layer
            )
        if self._augment is not None:
            inputs = keras.Input(image_shape, name="image")
            distorted = RandomDistortion(self._augment, image_shape, background)(inputs)
            self.model = keras.Model(inputs, self.model(distorted), name=f"training_{network.name}")
        if self.model is not network:
            self.model.compile(
                optimizer=network.optimizer,
                loss=network.loss,
                metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
                jit_compile=_jit(),
            )

    def serves(self, settings):
        """Whether this is what the settings ask for; the seed of augmentation does not count."""
        ours, theirs = (
            augment and augment.get_params() | {"random_state": None}
            for augment in (self._augment, settings.augment)
        )
        return ours == theirs and self._bfloat16 == settings.bfloat16

    def reseed(self, seed):
        """Begin a sequence of draws of the augmentation."""
        if self._augment is not None:
            self.model.get_layer("augment").reseed(seed)


def _stand_in(layer, bfloat16):
    """What takes the place of a layer in training, or None."""
    if layer.name == "sharpen":
        return Sharpening(layer.scale)
    bfloat16 = bfloat16 and layer.name not in FLOAT32_LAYERS
    if keras.backend.backend() == "tensorflow" and isinstance(
        layer, keras.layers.BatchNormalization
    ):
        return FusedNormalization(layer, "mixed_bfloat16" if bfloat16 else layer.dtype_policy)
    return InBfloat16(layer) if bfloat16 else None


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


class RandomDistortion(keras.layers.Layer):
    """What `Augment` describes, drawn anew for every batch inside the training graph."""

    def __init__(self, augment, image_shape, background):
        super().__init__(name="augment", dtype="float32")
        self._augment = augment
        self._image_shape = image_shape
        self._background = background
        self._seed = keras.random.SeedGenerator(0)

    def reseed(self, seed):
        """Begin a sequence of draws."""
        self._seed.state.assign([seed, 0])

    def call(self, images, training=False):
        if not training:
            return images
        n = keras.ops.shape(images)[0]
        draws = keras.random.uniform((n, N_DRAWS), -1, 1, seed=self._seed)
        transforms = inverse_transforms(draws, self._augment, self._image_shape, keras.ops)
        # What lies outside of the image is zero to the resampling, so zero is made the
        # background.
        images = images - self._background
        if self._augment.elastic:
            rows, columns = sampling_points(transforms, self._image_shape, keras.ops)
            shape = (2 * n, *self._image_shape[:2])
            field = elastic_field(
                keras.random.normal(shape, seed=self._seed),
                self._augment,
                self._image_shape,
                keras.ops,
            )
            images = _bilinear(images, rows + field[:n], columns + field[n:], self._image_shape)
        else:
            images = keras.ops.image.affine_transform(images, transforms)
        return images + self._background


def _bilinear(images, rows, columns, image_shape):
    """Sample images of shape (n, h, w, c) at points of shape (n, h, w); outside is zero."""
    ops = keras.ops
    height, width, channels = image_shape
    images = ops.reshape(
        ops.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)]),
        (-1, (height + 2) * (width + 2), channels),
    )
    # One pixel of zeros all around; what lies further out is moved onto it.
    rows, columns = ops.clip(rows + 1, 0, height + 1), ops.clip(columns + 1, 0, width + 1)
    top = ops.clip(ops.floor(rows), 0, height)
    left = ops.clip(ops.floor(columns), 0, width)
    down, right = rows - top, columns - left
    total = 0
    for dy, weight_y in ((0, 1 - down), (1, down)):
        for dx, weight_x in ((0, 1 - right), (1, right)):
            index = ops.cast((top + dy) * (width + 2) + left + dx, "int32")
            index = ops.reshape(index, (-1, height * width, 1))
            values = ops.take_along_axis(images, index, axis=1)
            total += values * ops.reshape(weight_y * weight_x, (-1, height * width, 1))
    return ops.reshape(total, (-1, height, width, channels))
