import json

import keras
import numpy as np
import pytest

from cnn_digits import Augment, CNNDigitClassifier
from cnn_digits.training.checkpoint import Checkpoint


class Stop(keras.callbacks.Callback):
    """End training as a crash does."""

    def __init__(self, epoch):
        super().__init__()
        self._epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self._epoch:
            raise ZeroDivisionError


class TestCheckpoint:
    run = {"data": "digits"}

    def fit(self, digits, folder, *callbacks, run=run, **params):
        checkpoint = Checkpoint(folder, run)
        clf = CNNDigitClassifier(
            **{"epochs": 4, "random_state": 0, **params}, callbacks=[*callbacks, checkpoint]
        )
        return clf.fit(digits[0][:300], digits[2][:300])

    @pytest.mark.parametrize(
        "params",
        [
            {"augment": Augment(), "dropout": 0.3, "validation_fraction": 0.2},
            {"schedule": "constant", "optimizer": "sgd"},
        ],
    )
    def test_goes_on_as_if_nothing_had_happened(self, digits, tmp_path, params):
        whole = self.fit(digits, tmp_path / "whole", **params)
        with pytest.raises(ZeroDivisionError):
            self.fit(digits, tmp_path / "backup", Stop(2), **params)
        assert Checkpoint(tmp_path / "backup", self.run).n_epochs == 2
        resumed = self.fit(digits, tmp_path / "backup", **params)
        for a, b in zip(whole.model_.get_weights(), resumed.model_.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        assert resumed.history_ == whole.history_
        assert resumed.n_iter_ == 4

    def test_after_the_last_epoch_nothing_is_left_to_do(self, digits, tmp_path):
        whole = self.fit(digits, tmp_path / "backup")
        again = self.fit(digits, tmp_path / "backup", Stop(0))
        np.testing.assert_array_equal(whole.model_.get_weights()[0], again.model_.get_weights()[0])
        assert again.history_ == whole.history_

    def test_history_that_is_an_epoch_ahead_of_the_weights(self, digits, tmp_path):
        whole = self.fit(digits, tmp_path / "whole")
        with pytest.raises(ZeroDivisionError):
            self.fit(digits, tmp_path / "backup", Stop(2))
        state = json.loads((tmp_path / "backup" / "state.json").read_text())
        for values in state["history"].values():
            values.append(9.0)
        (tmp_path / "backup" / "state.json").write_text(json.dumps(state))
        assert self.fit(digits, tmp_path / "backup").history_ == whole.history_

    def test_weights_cut_short_by_a_kill(self, digits, tmp_path):
        with pytest.raises(ZeroDivisionError):
            self.fit(digits, tmp_path / "backup", Stop(3))
        weights = tmp_path / "backup" / "latest.weights.h5"
        weights.write_bytes(weights.read_bytes()[:1000])
        assert self.fit(digits, tmp_path / "backup").n_iter_ == 4

    def test_another_run_is_refused(self, digits, tmp_path):
        with pytest.raises(ZeroDivisionError):
            self.fit(digits, tmp_path / "backup", Stop(1))
        with pytest.raises(ValueError, match="its run had data='digits', this one has 'letters'"):
            self.fit(digits, tmp_path / "backup", run={"data": "letters"})

    def test_another_network_is_refused(self, digits, tmp_path):
        with pytest.raises(ZeroDivisionError):
            self.fit(digits, tmp_path / "backup", Stop(1))
        with pytest.raises(ValueError, match="can't be used"):
            self.fit(digits, tmp_path / "backup", architecture="simple")

    @pytest.mark.parametrize("content", ["", "{}", "[]", '{"run": {}, "random": 1, "history": {}}'])
    def test_damage_is_named(self, tmp_path, content):
        (tmp_path / "state.json").write_text(content)
        with pytest.raises(ValueError, match=r"can't be used, it is damaged: .*Remove the folder"):
            Checkpoint(tmp_path, self.run)

    def test_remove(self, digits, tmp_path):
        self.fit(digits, tmp_path / "backup")
        checkpoint = Checkpoint(tmp_path / "backup", self.run)
        checkpoint.remove()
        checkpoint.remove()
        assert not (tmp_path / "backup").exists()

    def test_keras_own_callback_goes_on_too(self, digits, tmp_path):
        def fit(*callbacks):
            return CNNDigitClassifier(
                epochs=4, random_state=0, dropout=0, augment=None, callbacks=[*callbacks]
            ).fit(digits[0][:300], digits[2][:300])

        folder = str(tmp_path / "backup")
        with pytest.raises(ZeroDivisionError):
            fit(keras.callbacks.BackupAndRestore(folder), Stop(2))
        resumed = fit(keras.callbacks.BackupAndRestore(folder))
        for a, b in zip(fit().model_.get_weights(), resumed.model_.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
