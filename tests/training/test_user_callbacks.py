import copy
import pickle
import subprocess
import sys
import threading

import keras
import numpy as np
import pandas as pd
import pytest
from keras import callbacks as kc
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from cnn_digits import Augment, CNNDigitClassifier


class At(kc.Callback):
    """Calls a function with the model when an event occurs for the nth time, from 0."""

    def __init__(self, event, function, n=0):
        super().__init__()
        self._function, self._n = function, n
        setattr(self, event, self._happen)

    def _happen(self, *args, **kwargs):
        if self._n == 0:
            self._function(self.model)
        self._n -= 1


class Failure(Exception):
    pass


def fails(model):
    raise Failure


@pytest.fixture(scope="module")
def few(digits):
    return digits[0][:200], digits[2][:200]


@pytest.fixture
def fit(few):
    """A function that fits a classifier, by default one whose twin is another model."""

    def fit(*callbacks, **params):
        params = {"augment": Augment(), "epochs": 3, "validation_fraction": 0.2, **params}
        clf = CNNDigitClassifier(callbacks=list(callbacks), random_state=0, **params)
        return clf.fit(*few)

    return fit


def assert_same_weights(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


# "compact" has stand-ins and augmentation here, "lenet5" without it is trained as it is.
networks = pytest.mark.parametrize(
    "params", [{}, {"architecture": "lenet5", "augment": None}], ids=["twin", "plain"]
)


class TestModelCheckpoint:
    @networks
    def test_what_it_saves_opens_as_the_fitted_network(self, fit, few, tmp_path, params):
        path = tmp_path / "best.keras"
        clf = fit(kc.ModelCheckpoint(path, "val_accuracy", save_best_only=False), **params)
        X = few[0].reshape(-1, 8, 8, 1)
        np.save(tmp_path / "X.npy", X)
        # In a process that knows nothing of this package.
        code = (
            "import sys, keras, numpy as np\n"
            "folder = sys.argv[1]\n"
            "model = keras.models.load_model(folder + '/best.keras')\n"
            "np.save(folder + '/p.npy', model.predict(np.load(folder + '/X.npy'), verbose=0))\n"
            "assert 'cnn_digits' not in sys.modules\n"
        )
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True)
        np.testing.assert_allclose(np.load(tmp_path / "p.npy"), clf.predict_proba(X), atol=1e-6)

    def test_the_best_epoch(self, fit, few, tmp_path):
        path = str(tmp_path / "{epoch}.keras")
        clf = fit(kc.ModelCheckpoint(path, "val_accuracy", save_best_only=True), epochs=6)
        accuracies = clf.history_["val_accuracy"]
        best = [i + 1 for i, a in enumerate(accuracies) if a > max(accuracies[:i], default=-1)]
        assert sorted(int(file.stem) for file in tmp_path.iterdir()) == best
        again = CNNDigitClassifier(
            augment=Augment(), epochs=6, validation_fraction=0.2, random_state=0
        ).set_params(callbacks=[At("on_epoch_end", lambda m: seen.extend(m.get_weights()))])
        seen = []
        again.fit(*few)
        assert_same_weights(keras.models.load_model(tmp_path / "1.keras").get_weights(), seen)

    @networks
    def test_weights_alone_and_in_the_middle_of_an_epoch(self, fit, few, tmp_path, params):
        path = tmp_path / "last.weights.h5"
        every = kc.ModelCheckpoint(path, save_weights_only=True, save_freq=1)
        clf = fit(every, **params)
        trained = clf.model_.get_weights()
        # The network is built anew in both.
        clf.set_params(callbacks=None)
        for other in (pickle.loads(pickle.dumps(clf)), clone(clf)):
            other.partial_fit(*few, classes=range(10))
            other.model_.load_weights(path)
            assert_same_weights(other.model_.get_weights(), trained)

    def test_a_network_in_half_precision(self, fit, few, tmp_path):
        path = tmp_path / "last.keras"
        clf = fit(kc.ModelCheckpoint(path), dtype_policy="mixed_float16")
        assert_same_weights(keras.models.load_model(path).get_weights(), clf.model_.get_weights())


@networks
class TestModel:
    """What a callback has as `self.model`."""

    def test_it_is_the_network_that_is_kept(self, fit, few, params):
        seen = []
        clf = fit(At("on_epoch_end", seen.append, 2), **params)
        assert seen == [clf.model_]

    def test_it_predicts_as_after_the_fit(self, fit, few, params):
        X, seen = few[0].reshape(-1, 8, 8, 1), []
        callback = At("on_epoch_end", lambda model: seen.append(model.predict(X, verbose=0)), 2)
        clf = fit(callback, **params)
        np.testing.assert_allclose(seen[0], clf.predict_proba(X), atol=1e-6)

    @pytest.mark.parametrize("event", ["on_epoch_end", "on_epoch_begin", "on_test_end"])
    def test_an_epoch_can_be_the_last(self, fit, event, params):
        def stop(model):
            model.stop_training = True

        clf = fit(At(event, stop, 1), epochs=5, **params)
        assert clf.n_iter_ == 2

    @pytest.mark.parametrize("event", ["on_train_batch_end", "on_batch_end"])
    def test_a_step_can_be_the_last(self, fit, event, params):
        steps = []

        def stop(model):
            steps.append(int(model.optimizer.iterations))
            model.stop_training = True

        clf = fit(At(event, stop), **params)
        assert (clf.n_iter_, steps) == (1, [1])
        assert int(clf.model_.optimizer.iterations) == 1

    def test_a_stop_is_for_one_fit(self, fit, few, params):
        def stop(model):
            model.stop_training = True

        clf = fit(At("on_epoch_end", stop), warm_start=True, **params)
        seen = []
        clf.set_params(callbacks=[At("on_epoch_end", lambda model: seen.append(0), 2)]).fit(*few)
        assert (clf.n_iter_, seen) == (4, [0])

    def test_weights_and_rate_can_be_set(self, fit, few, params):
        def reset(model):
            model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
            model.optimizer.learning_rate = 0.125

        clf = fit(At("on_epoch_end", reset, 2), **params)
        assert not any(weight.any() for weight in clf.model_.get_weights())
        assert float(clf.model_.optimizer.learning_rate) == 0.125

    def test_history_and_what_is_added_to_it(self, fit, params):
        class Adds(kc.Callback):
            def on_epoch_end(self, epoch, logs=None):
                logs["square"] = epoch**2
                lengths.append(len(self.model.history.epoch))

        lengths = []
        clf = fit(Adds(), **params)
        assert clf.history_["square"] == [0, 1, 4]
        assert lengths == [0, 1, 2]  # Keras's own history comes last

    def test_weights_are_those_without_callbacks(self, fit, params):
        plain, watched = fit(**params), fit(At("on_train_batch_end", lambda m: None), **params)
        assert_same_weights(plain.model_.get_weights(), watched.model_.get_weights())
        assert plain.history_ == watched.history_


class TestKerasOwn:
    """Each callback of Keras does what it is for."""

    def test_early_stopping(self, fit, few):
        patience = kc.EarlyStopping("val_accuracy", patience=2, restore_best_weights=True)
        clf = fit(patience, epochs=40)
        accuracies = clf.history_["val_accuracy"]
        assert clf.n_iter_ == len(accuracies) == np.argmax(accuracies) + 3
        assert_same_weights(clf.model_.get_weights(), patience.best_weights)

    def test_rates(self, fit):
        schedule = kc.LearningRateScheduler(lambda epoch, rate: 0.01 / (epoch + 1))
        clf = fit(schedule, schedule="constant")
        np.testing.assert_allclose(clf.history_["learning_rate"], [0.01, 0.005, 0.01 / 3], 1e-5)

    @pytest.mark.parametrize(
        "callback", [kc.LearningRateScheduler(lambda epoch: 0.01), kc.ReduceLROnPlateau("loss")]
    )
    def test_rates_that_have_no_effect(self, fit, callback):
        with pytest.warns(UserWarning, match="has no effect, .*'one_cycle'.*schedule='constant'"):
            fit(callback, epochs=1)

    def test_backup_and_restore(self, few, tmp_path):
        def fit(*callbacks):
            clf = CNNDigitClassifier(augment=None, dropout=0, epochs=4, random_state=0)
            return clf.set_params(callbacks=list(callbacks)).fit(*few)

        folder = str(tmp_path / "backup")
        with pytest.raises(Failure):
            fit(kc.BackupAndRestore(folder), At("on_epoch_end", fails, 2))
        epochs = []
        count = kc.LambdaCallback(on_epoch_begin=lambda epoch, logs: epochs.append(epoch))
        resumed = fit(kc.BackupAndRestore(folder), count)
        assert epochs == [3]
        assert_same_weights(resumed.model_.get_weights(), fit().model_.get_weights())
        # Where it went on is not where the next fit begins.
        assert resumed.set_params(callbacks=None).partial_fit(*few).n_iter_ == 2

    def test_tensorboard(self, fit, tmp_path):
        pytest.importorskip("tensorboard")
        fit(kc.TensorBoard(tmp_path, histogram_freq=1, update_freq="batch"))
        assert list((tmp_path / "train").iterdir())
        assert list((tmp_path / "validation").iterdir())

    def test_average_of_weights(self, fit, few):
        optimizer = keras.optimizers.Adam(0.005, use_ema=True, ema_momentum=0.9)
        clf = fit(kc.SwapEMAWeights(swap_on_epoch=True), optimizer=optimizer, epochs=20)
        assert clf.score(*few) > 0.8


def halved(epoch, rate):
    return rate / 2


KERAS = {
    "csv": lambda folder: kc.CSVLogger(folder / "log.csv"),
    "board": lambda folder: kc.TensorBoard(folder / "board", update_freq=1, write_graph=True),
    "nan": lambda folder: kc.TerminateOnNaN(),
    "backup": lambda folder: kc.BackupAndRestore(str(folder / "backup")),
    "stop": lambda folder: kc.EarlyStopping("loss", patience=50, restore_best_weights=True),
    "plateau": lambda folder: kc.ReduceLROnPlateau("loss"),
    "lambda": lambda folder: kc.LambdaCallback(on_epoch_end=print),
    "model": lambda folder: kc.ModelCheckpoint(folder / "best.keras"),
    "rate": lambda folder: kc.LearningRateScheduler(halved),
    "history": lambda folder: kc.History(),
}


class TestLeftAsFound:
    @pytest.mark.parametrize("name", KERAS)
    @pytest.mark.parametrize("ends", ["well", "badly"])
    def test_copies_and_pickles(self, few, tmp_path, name, ends):
        if name == "board":
            pytest.importorskip("tensorboard")
        callback = KERAS[name](tmp_path)
        clf = CNNDigitClassifier(epochs=2, random_state=0, schedule="constant")
        clf.set_params(callbacks=[callback])
        if ends == "badly":
            with pytest.raises(Failure):
                clf.set_params(callbacks=[callback, At("on_epoch_end", fails)]).fit(*few)
            clf.set_params(callbacks=[callback])
        else:
            clf.fit(*few)
        assert callback.model is None
        for copied in (clone(clf), copy.deepcopy(clf), pickle.loads(pickle.dumps(clf))):
            assert type(copied.callbacks[0]) is type(callback)
        # And they work; a backup of what ended badly goes on after its epoch.
        n_epochs = 1 if (name, ends) == ("backup", "badly") else 2
        assert clone(clf).fit(*few).n_iter_ == n_epochs

    def test_log_of_a_fit_that_failed(self, few, tmp_path):
        log = kc.CSVLogger(tmp_path / "log.csv")
        clf = CNNDigitClassifier(epochs=3, callbacks=[log, At("on_epoch_end", fails, 2)])
        with pytest.raises(Failure):
            clf.fit(*few)
        assert (log.csv_file, log.writer) == (None, None)
        assert pd.read_csv(tmp_path / "log.csv")["epoch"].tolist() == [0, 1, 2]

    def test_what_is_learnt_stays(self, fit):
        class Notes(kc.Callback):
            def on_train_begin(self, logs=None):
                self.lock, self.losses = threading.Lock(), []

            def on_epoch_end(self, epoch, logs=None):
                self.losses.append(logs["loss"])

        notes = Notes()
        clf = fit(notes)
        assert notes.losses == clf.history_["loss"]
        assert not hasattr(notes, "lock")
        clone(clf)

    def test_one_that_never_could_be_copied(self, fit):
        class Locked(kc.Callback):
            def __init__(self):
                super().__init__()
                self.lock = threading.Lock()

        locked = Locked()
        clf = fit(kc.TerminateOnNaN(), locked)
        assert locked.lock
        with pytest.raises(TypeError, match=r"callbacks\[1\] is .*Locked.*can't be copied.*lock"):
            clone(clf)

    def test_search(self, few, tmp_path):
        best = kc.ModelCheckpoint(tmp_path / "best.keras", "loss", save_best_only=True)
        stop = kc.EarlyStopping("loss", patience=1, restore_best_weights=True)
        log = kc.CSVLogger(tmp_path / "log.csv", append=True)
        clf = CNNDigitClassifier(epochs=3, random_state=0, callbacks=[best, stop, log])
        search = GridSearchCV(clf, {"dropout": [0.0, 0.3]}, cv=2, error_score="raise").fit(*few)
        alone = clone(clf).set_params(**search.best_params_).fit(*few)
        assert_same_weights(search.best_estimator_.model_.get_weights(), alone.model_.get_weights())
        assert (stop.best, best.best, log.writer) == (None, None, None)
