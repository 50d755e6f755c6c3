"""Training that was killed goes on: a backup after each epoch."""

import json
import os
import shutil

import keras

from cnn_digits.files import written_whole


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
