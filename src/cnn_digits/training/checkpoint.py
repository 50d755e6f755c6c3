"""Training that was killed goes on: a backup after each epoch."""

import keras

from cnn_digits.devices import to_numpy
from cnn_digits.training.backups import Backups
from cnn_digits.training.callbacks import has_memory, memory, remember


class Checkpoint(keras.callbacks.Callback):
    """Back up training after each epoch, and go on from there as if nothing had happened.

    A backup holds all that the next epoch depends on: weights, optimizer, state of random
    layers, history, and what early stopping and the schedule "reduce_on_plateau" know; of
    other callbacks, nothing. The last one stays until `remove` is called, so that nothing is
    lost between the end of training and the end of what is done with the network.

    Parameters
    ----------
    folder : str or path-like
        A folder of its own.
    run : dict
        What tells this training from any other, as plain values: its data and parameters.

    Raises
    ------
    ValueError
        If the backup in the folder is of another run or of another version.
    OSError
        If it can't be opened; in training, if it can't be written.

    Warns
    -----
    UserWarning
        If the newest backup is damaged: the one before it is used, or training begins anew.
    """

    def __init__(self, folder, run):
        super().__init__()
        self._backups = Backups(folder)
        self._run = run
        self._findings = {}
        self._followed = []
        self._history = {}
        self._found = self._backups.newest()
        if self._found is not None:
            values, _ = self._found
            self._check(values["run"])
            self._findings = values["findings"]

    @property
    def n_epochs(self):
        """How many epochs were backed up before; 0 when training has begun."""
        return 0 if self._found is None else self._found[0]["epoch"]

    def finding(self, name, function):
        """What a function returned when training first began, as a plain value.

        For what is found out by trying, which might come out otherwise the next time.
        """
        if name not in self._findings:
            self._findings[name] = function()
        return self._findings[name]

    def follow(self, callbacks, history):
        """Have the state of a fit's callbacks, and its history, among what is backed up."""
        self._followed = [callback for callback in callbacks if has_memory(callback)]
        self._history = history

    def remove(self):
        """Remove the backups, and the folder if nothing else is in it."""
        self._backups.remove()

    def on_train_begin(self, logs=None):
        found, self._found = self._found, None
        if found is None:
            return
        values, arrays = found
        self._assign(arrays["variables"])
        memories = values["memories"]
        if [name for name, _ in memories] != [type(c).__name__ for c in self._followed]:
            raise self._backups.unusable("other callbacks were at work")
        for i, (callback, (_, known)) in enumerate(zip(self._followed, memories, strict=True)):
            remember(callback, known, arrays.get(f"best_{i}"))
        for key, past in values["history"].items():
            self._history.setdefault(key, []).extend(past)
        # Keras has no public way to say this once training has begun.
        self.model._initial_epoch = self.params["epochs"] if values["stopped"] else values["epoch"]

    def on_epoch_begin(self, epoch, logs=None):
        self.model._initial_epoch = None  # not for the next fit

    def on_epoch_end(self, epoch, logs=None):
        n_epochs = epoch + 1
        memories = [memory(callback) for callback in self._followed]
        values = {
            "run": self._run,
            "findings": self._findings,
            "epoch": n_epochs,
            "stopped": bool(self.model.stop_training),
            "history": {key: past[-n_epochs:] for key, past in self._history.items()},
            "memories": [
                (type(callback).__name__, known)
                for callback, (known, _) in zip(self._followed, memories, strict=True)
            ],
        }
        arrays = {"variables": [to_numpy(v) for v in self._variables()]}
        arrays |= {f"best_{i}": best for i, (_, best) in enumerate(memories) if best is not None}
        self._backups.write(n_epochs, values, arrays)

    def on_train_end(self, logs=None):
        self.model._initial_epoch = None

    def __getstate__(self):
        # Those hold a network, which not every copy or pickle can.
        return {**vars(self), "_followed": []}

    def _check(self, run):
        for key, value in self._run.items():
            if run.get(key) != value:
                raise self._backups.unusable(
                    f"its run had {key}={run.get(key)!r}, this one has {value!r}"
                )

    def _assign(self, arrays):
        variables = self._variables()
        shapes = [tuple(variable.shape) for variable in variables]
        if shapes != [array.shape for array in arrays]:
            raise self._backups.unusable("it is of another network")
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)

    def _variables(self):
        """All that training changes: weights, seeds, and what the optimizer keeps."""
        return [*self.model.variables, *self.model.optimizer.variables]
