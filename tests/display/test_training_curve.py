import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from cnn_digits import CNNDigitClassifier, TrainingCurveDisplay


def test_curves_show_the_history(fitted):
    display = TrainingCurveDisplay.from_estimator(fitted)
    assert [axes.get_ylabel() for axes in display.ax_] == ["Loss", "Accuracy", "Learning rate"]
    for line, key in zip(display.lines_, ("loss", "accuracy", "learning_rate"), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), fitted.history_[key])
        np.testing.assert_array_equal(line.get_xdata(), range(1, fitted.n_iter_ + 1))
    assert display.figure_ is display.ax_[0].figure


def test_validation_curves():
    curve = [1.0, 0.5]
    keys = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
    display = TrainingCurveDisplay(dict.fromkeys(keys, curve)).plot()
    assert [line.get_label() for line in display.lines_] == [
        "training", "validation", "training", "validation", "training",
    ]  # fmt: skip
    assert display.ax_[0].get_legend() is not None


def test_given_axes(fitted):
    _, ax = plt.subplots(3)
    assert TrainingCurveDisplay.from_estimator(fitted, ax=ax).ax_ is ax
    _, ax = plt.subplots(2)
    with pytest.raises(ValueError, match="2 axes; expected 3"):
        TrainingCurveDisplay.from_estimator(fitted, ax=ax)


def test_not_fitted():
    with pytest.raises(NotFittedError):
        TrainingCurveDisplay.from_estimator(CNNDigitClassifier())
