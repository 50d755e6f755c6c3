"""What the tests of displays draw from, and whether it can be read."""

import matplotlib.pyplot as plt
import pytest
from sklearn.linear_model import LogisticRegression


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def poor(digits):
    """A classifier with a few dozen errors."""
    X_train, _, y_train, _ = digits
    return LogisticRegression(C=0.001, max_iter=1000).fit(X_train[:200], y_train[:200])


@pytest.fixture(scope="session")
def predictions(poor, digits):
    """Images, labels, predictions and probabilities of the poor classifier."""
    _, X, _, y = digits
    y_pred = poor.predict(X)
    assert 25 < (y_pred != y).sum() < 100
    return X, y, y_pred, poor.predict_proba(X)


@pytest.fixture(scope="session")
def assert_readable():
    """A function: no text touches another one or what is drawn, or leaves the figure.

    It returns the size of the smallest font.
    """

    def check(display, *others):
        figure = display.figure_
        figure.canvas.draw()
        boxes = [text.get_window_extent() for text in (*display.text_, *others)]
        for box in boxes:
            assert min(box.x0, box.y0) >= 0
            assert box.x1 <= figure.bbox.x1
            assert box.y1 <= figure.bbox.y1
        drawn = [*getattr(display, "images_", ()), *getattr(display, "bars_", ())]
        drawn = [artist.get_window_extent() for artist in drawn]
        for i, box in enumerate(boxes):
            assert box.count_overlaps(boxes[i + 1 :] + drawn) == 0
        return min(text.get_fontsize() for text in (*display.text_, *others))

    return check
