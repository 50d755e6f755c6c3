import pickle

import keras
import numpy as np
import pytest
from sklearn.base import clone

from cnn_digits import Augment, CNNDigitClassifier, auto
from cnn_digits.training.checkpoint import Checkpoint


class Stop(keras.callbacks.Callback):
    """End training as a crash does."""

    def __init__(self, epoch):
        super().__init__()
        self._epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self._epoch:
            raise ZeroDivisionError


def state_of(clf):
    """All that a fit leaves behind and a model file holds."""
    variables = [*clf.model_.variables, *clf.model_.optimizer.variables]
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def assert_same(clf, other):
    for a, b in zip(state_of(clf), state_of(other), strict=True):
        np.testing.assert_array_equal(a, b)
    assert clf.history_ == other.history_
    assert clf.n_iter_ == other.n_iter_


class TestCheckpoint:
    run = {"data": "digits"}

    def fit(self, digits, folder, *callbacks, run=run, **params):
        checkpoint = Checkpoint(folder, run)
        clf = CNNDigitClassifier(
            **{"architecture": "lenet5", "epochs": 4, "random_state": 0, **params},
            callbacks=[*callbacks, checkpoint],
        )
        return clf.fit(digits[0][:300], digits[2][:300])

    def interrupted(self, digits, folder, epoch, **params):
        with pytest.raises(ZeroDivisionError):
            self.fit(digits, folder, Stop(epoch), **params)
        assert Checkpoint(folder, params.get("run", self.run)).n_epochs == epoch

    @pytest.mark.parametrize(
        "params",
        [
            {
                "architecture": "compact",
                "augment": Augment(elastic=0.03),
                "dropout": 0.3,
                "validation_fraction": 0.2,
            },
            {"schedule": "constant", "optimizer": "sgd"},
            # Which has a variable of its own, beside those of each weight.
            {"optimizer": "nadam"},
            # The loss scale, too, goes on.
            {"optimizer": keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(1e-3))},
            # Without validation it is the training's loss that no longer falls.
            {"schedule": "reduce_on_plateau", "learning_rate": 0.05, "n_iter_no_change": 1},
        ],
    )
    def test_goes_on_as_if_nothing_had_happened(self, digits, tmp_path, params):
        whole = self.fit(digits, tmp_path / "whole", **params)
        self.interrupted(digits, tmp_path / "backup", 2, **params)
        resumed = self.fit(digits, tmp_path / "backup", **params)
        assert_same(resumed, whole)
        assert resumed.n_iter_ == 4

    def test_early_stopping_goes_on_wherever_it_was(self, digits, tmp_path):
        params = {
            "epochs": 12,
            "early_stopping": True,
            "n_iter_no_change": 2,
            # So high that the best epoch comes early, and the rate is lowered.
            "learning_rate": 0.03,
        }
        whole = self.fit(digits, tmp_path / "whole", **params)
        n_epochs, losses = whole.n_iter_, whole.history_["val_loss"]
        assert n_epochs < 12
        assert np.argmin(losses) + 3 == n_epochs
        assert len(set(whole.history_["learning_rate"])) > 1
        # Each goes on from the one before.
        for epoch in range(1, n_epochs):
            self.interrupted(digits, tmp_path / "backup", epoch, **params)
        assert_same(self.fit(digits, tmp_path / "backup", **params), whole)
        # Killed when it had stopped, and the best weights were not yet in a file.
        assert_same(self.fit(digits, tmp_path / "whole", Stop(n_epochs), **params), whole)

    @pytest.mark.parametrize("first", [True, False])
    def test_the_precision_of_the_beginning_stays(self, digits, tmp_path, monkeypatch, first):
        # A probe of the machine decides, and may decide otherwise the next time.
        monkeypatch.setattr(auto, "MIN_BFLOAT16_IMAGES", 100)
        monkeypatch.setattr(auto, "bfloat16_pays", lambda: first)
        whole = self.fit(digits, tmp_path / "whole", architecture="compact", epochs=2)
        self.interrupted(digits, tmp_path / "backup", 1, architecture="compact", epochs=2)
        monkeypatch.setattr(auto, "bfloat16_pays", lambda: not first)
        params = {"architecture": "compact", "epochs": 2}
        assert_same(self.fit(digits, tmp_path / "backup", **params), whole)

    def test_after_the_last_epoch_nothing_is_left_to_do(self, digits, tmp_path):
        whole = self.fit(digits, tmp_path / "backup")
        assert_same(self.fit(digits, tmp_path / "backup", Stop(0)), whole)

    def test_a_further_fit_begins_at_its_first_epoch(self, digits, tmp_path):
        self.interrupted(digits, tmp_path / "backup", 2)
        clf = self.fit(digits, tmp_path / "backup", warm_start=True)
        clf.set_params(callbacks=None).fit(digits[0][:300], digits[2][:300])
        assert clf.n_iter_ == 8

    def test_damage_falls_back_on_the_backup_before(self, digits, tmp_path):
        whole = self.fit(digits, tmp_path / "whole")
        self.interrupted(digits, tmp_path / "backup", 3)
        newest = tmp_path / "backup" / "epoch-3.npz"
        newest.write_bytes(newest.read_bytes()[:1000])
        with pytest.warns(UserWarning, match=r"epoch-3\.npz can't be read"):
            assert Checkpoint(tmp_path / "backup", self.run).n_epochs == 2
        with pytest.warns(UserWarning, match=r"epoch-3\.npz can't be read"):
            assert_same(self.fit(digits, tmp_path / "backup"), whole)

    @pytest.mark.filterwarnings("ignore:.*The one before it:UserWarning")
    def test_no_weights_is_to_begin_anew(self, digits, tmp_path):
        whole = self.fit(digits, tmp_path / "whole")
        self.interrupted(digits, tmp_path / "backup", 2)
        for path in (tmp_path / "backup").iterdir():
            path.write_bytes(path.read_bytes()[:-1])
        with pytest.warns(UserWarning, match="Training begins anew"):
            assert_same(self.fit(digits, tmp_path / "backup"), whole)

    def test_another_run_is_refused(self, digits, tmp_path):
        self.interrupted(digits, tmp_path / "backup", 1)
        with pytest.raises(ValueError, match="its run had data='digits', this one has 'letters'"):
            self.fit(digits, tmp_path / "backup", run={"data": "letters"})

    @pytest.mark.parametrize("params", [{"architecture": "simple"}, {"optimizer": "sgd"}])
    def test_another_network_is_refused(self, digits, tmp_path, params):
        self.interrupted(digits, tmp_path / "backup", 1)
        with pytest.raises(ValueError, match="can't be used, it is of another network"):
            self.fit(digits, tmp_path / "backup", **params)

    def test_other_callbacks_are_refused(self, digits, tmp_path):
        params = {"validation_fraction": 0.2, "schedule": "constant"}
        self.interrupted(digits, tmp_path / "backup", 1, **params)
        with pytest.raises(ValueError, match="can't be used, other callbacks were at work"):
            self.fit(digits, tmp_path / "backup", **params, early_stopping=True)

    def test_remove(self, digits, tmp_path):
        self.fit(digits, tmp_path / "backup")
        checkpoint = Checkpoint(tmp_path / "backup", self.run)
        checkpoint.remove()
        checkpoint.remove()
        assert not (tmp_path / "backup").exists()

    def test_the_classifier_can_be_cloned_and_pickled(self, digits, tmp_path):
        params = {"architecture": "compact", "epochs": 1, "early_stopping": True}
        clf = self.fit(digits, tmp_path / "backup", **params)
        clone(clf)
        copy = pickle.loads(pickle.dumps(clf))
        np.testing.assert_array_equal(copy.predict_proba(digits[1]), clf.predict_proba(digits[1]))

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
