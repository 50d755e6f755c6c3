import matplotlib.pyplot as plt
import numpy as np
import pytest

from cnn_digits import (
    ClassDistributionDisplay,
    DigitGridDisplay,
    MisclassifiedDisplay,
)


@pytest.mark.parametrize("cls", [DigitGridDisplay, MisclassifiedDisplay])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.zeros((0, 64))}, "X is empty"),
        ({"y_true": [1] * 5}, "X has 6 images, but y_true has 5 labels"),
        ({"y_pred": [1] * 7}, "X has 6 images, but y_pred has 7 labels"),
        ({"y_pred": np.eye(6)}, r"y_pred has shape \(6, 6\); expected .* shape \(6,\).*argmax"),
        ({"y_pred": None}, r"y_pred has shape \(\)"),
        ({"y_pred": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]}, "y_pred holds fractions, as 0.1"),
        ({"y_true": list("012345")}, "same kind; got .*'0'.* and .*1.*: strings and numbers"),
        ({"y_proba": np.full(6, 0.5)}, r"y_proba has shape \(6,\); expected \(6, n_classes\)"),
        ({"y_proba": np.full((5, 3), 0.5)}, r"y_proba has shape \(5, 3\); expected \(6, n_c"),
        ({"y_proba": np.full((6, 1), 0.5)}, "1 columns, but y_pred has 2 different labels"),
        ({"y_proba": np.full((6, 2), -3)}, "values from -3 to -3; expected probabilities"),
        ({"y_proba": np.full((6, 2), 1.5)}, "values from 1.5 to 1.5; expected probabilities"),
        ({"y_proba": np.full((6, 2), np.nan)}, "Input y_proba contains NaN"),
        ({"n_images": 0}, "n_images=0; expected an integer of at least 1"),
        ({"n_images": 2.5}, "n_images=2.5; expected an integer"),
        ({"X": np.full((6, 64), np.inf)}, "infinity"),
        ({"X": np.zeros((6, 8, 8, 2))}, r"2 channels; expected 1 \(grey\), 3 \(RGB\)"),
        ({"image_shape": (28, 28)}, r"64 features, but image_shape=\(28, 28\)"),
        ({"image_shape": (0, 64)}, r"image_shape=\(0, 64\); expected"),
    ],
)
def test_bad_arguments(cls, change, message):
    arguments = {"X": np.ones((6, 64)), "y_true": [1] * 6, "y_pred": [1, 2] * 3, **change}
    with pytest.raises(ValueError, match=message):
        cls.from_predictions(**arguments)
    assert not plt.get_fignums(), "checked before anything is drawn"


@pytest.mark.parametrize("cls", [DigitGridDisplay, MisclassifiedDisplay])
def test_several_axes_are_refused(cls, predictions):
    _, axes = plt.subplots(3)
    with pytest.raises(TypeError, match="ax is of type ndarray; expected one matplotlib Axes"):
        cls.from_predictions(*predictions, ax=axes)
    with pytest.raises(TypeError, match="expected one matplotlib Axes"):
        ClassDistributionDisplay.from_labels([1, 2], ax=axes)
