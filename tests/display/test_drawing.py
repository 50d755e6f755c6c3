import numpy as np

from cnn_digits import (
    ClassDistributionDisplay,
    DigitGridDisplay,
    MisclassifiedDisplay,
)


def test_nearly_all_is_not_called_all():
    X, y_true = np.ones((10_000, 1), dtype=np.uint8), np.zeros(10_000, dtype=int)
    y_pred = y_true.copy()
    y_pred[7] = 1
    y_proba = np.tile([[0.0001, 0.9999]], (10_000, 1))
    display = MisclassifiedDisplay.from_predictions(X, y_true, y_pred, y_proba)
    assert "misclassified (< 0.1 %)" in display.note_.get_text()
    assert "pred 1 (> 99.9 %)" in display.text_[0].get_text()
    distribution = ClassDistributionDisplay.from_labels(y_pred)
    assert [t.get_text() for t in distribution.text_] == ["9,999 (> 99.9 %)", "1 (< 0.1 %)"]


def test_labels_are_no_formulas():
    y = np.array(["$x^2$", "$\\bad$"])
    display = DigitGridDisplay.from_predictions(np.zeros((2, 4)), y, y)
    display.figure_.canvas.draw()
    ClassDistributionDisplay.from_labels(y).figure_.canvas.draw()
    MisclassifiedDisplay.from_predictions(np.eye(4)[:2], y, y[::-1]).figure_.canvas.draw()
