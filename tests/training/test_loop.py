import keras
import numpy as np
import pytest

from cnn_digits import Augment, CNNDigitClassifier, auto
from cnn_digits.blueprint import Blueprint
from cnn_digits.targets import LabelledImages
from cnn_digits.training.checkpoint import Checkpoint
from cnn_digits.training.loop import train
from cnn_digits.training.stand_ins import TrainingTwin

PLAN = Blueprint("lenet5", 0.0, 5.0, 6.0, 1.0, "float32", "adam", "categorical_crossentropy")


@pytest.fixture
def fit(digits):
    """A function that trains a new network, and returns its twin and the history."""
    images = digits[0][:200].reshape(-1, 8, 8, 1)

    def fit(n_classes=10, held_out=None, **params):
        classes = digits[2][:200] % n_classes
        data = LabelledImages(images, classes, None, np.arange(200))
        settings = auto.resolve(CNNDigitClassifier(**params).get_params(), 200, (8, 8, 1))
        twin = TrainingTwin(PLAN.build((8, 8, 1), n_classes), settings, np.zeros(1, np.float32))
        history = {}
        held_out = None if held_out is None else LabelledImages(images, classes, None, held_out)
        try:
            train(twin, data, held_out, settings, seed=np.random.SeedSequence(0), history=history)
        except KeyboardInterrupt:
            history["interrupted"] = True
        return twin, history

    return fit


def test_history_of_each_epoch(fit):
    _, history = fit(epochs=3, held_out=np.arange(20))
    assert {len(values) for values in history.values()} == {3}
    assert history["loss"][2] < history["loss"][0]
    assert "val_loss" in history


@pytest.mark.parametrize("augment", [None, Augment()])
def test_an_interrupt_is_raised_and_leaves_what_was_learnt(fit, augment):
    def at(epoch, logs):
        if epoch == 1:
            raise KeyboardInterrupt

    callback = keras.callbacks.LambdaCallback(on_epoch_begin=at)
    twin, history = fit(epochs=5, augment=augment, callbacks=[callback])
    assert history["interrupted"]
    assert len(history["loss"]) == 1
    assert callback.model is None
    unlearnt = PLAN.build((8, 8, 1), 10).get_weights()
    for before, after in zip(unlearnt, twin.model.get_weights()[-len(unlearnt) :], strict=True):
        assert before.shape == after.shape
        assert (before != after).any()


def test_a_checkpoint_has_the_last_word(fit, tmp_path):
    seen = []
    folder = tmp_path / "backup"
    checkpoint = Checkpoint(folder, {})
    later = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(folder.exists())
    )
    fit(epochs=2, callbacks=[checkpoint, later])
    assert seen == [False, True]


@pytest.mark.filterwarnings("error")
def test_a_single_class_is_no_mistake(fit):
    _, history = fit(n_classes=1, epochs=1)
    assert history["accuracy"] == [1.0]
