"""What is done at each step and after each epoch: learning rate, early stopping, history."""

import math

import keras

# Share of a one-cycle schedule in which the rate climbs, and where it starts from
# (Smith and Topin 2018; the values of fast.ai).
_WARM_UP = 0.25
_START_FRACTION = 1 / 25

# What Keras's callbacks know of the epochs behind them, and forget when training begins.
_KNOWN = ("wait", "best", "best_epoch", "stopped_epoch", "cooldown_counter")


def own_callbacks(settings, has_validation):
    """Callbacks that the settings ask for, the user's apart."""
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


def has_memory(callback):
    """Whether this is a callback whose state `memory` knows."""
    return isinstance(callback, (keras.callbacks.EarlyStopping, keras.callbacks.ReduceLROnPlateau))


def memory(callback):
    """What early stopping or a reduction on a plateau knows of the epochs behind it.

    Returns
    -------
    known : dict of plain values
    best_weights : list of ndarrays or None
    """
    state = vars(callback)
    return {name: state[name] for name in _KNOWN if name in state}, state.get("best_weights")


def remember(callback, known, best_weights):
    """Give a callback back, when training has begun, what `memory` has returned."""
    vars(callback).update(known)
    if best_weights is not None:
        callback.best_weights = best_weights


def one_cycle(progress):
    """Fraction of the peak rate at `progress` in [0, 1] of a one-cycle schedule."""
    if progress < _WARM_UP:
        return _START_FRACTION + (1 - _START_FRACTION) * progress / _WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (progress - _WARM_UP) / (1 - _WARM_UP)))


class LearningRate(keras.callbacks.Callback):
    """Set the learning rate before each step and write it into the history.

    "one_cycle" climbs for a quarter of all steps and descends to zero along a cosine
    (Smith and Topin 2018); "own" is the optimizer's; the other schedules begin at `peak` and
    leave it alone. Training that goes on from a checkpoint goes on in mid-cycle.
    """

    def __init__(self, schedule, peak, epochs):
        super().__init__()
        self._schedule = schedule
        self._peak = peak
        self._epochs = epochs
        self._epoch = 0

    def on_train_begin(self, logs=None):
        if self._schedule in ("reduce_on_plateau", "constant"):
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


class History(keras.callbacks.Callback):
    """Append what each epoch measured to lists that outlive an interrupt."""

    def __init__(self, history):
        super().__init__()
        self._history = history

    def on_epoch_end(self, epoch, logs=None):
        for key, value in logs.items():
            self._history.setdefault(key, []).append(float(value))
