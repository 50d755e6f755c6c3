import numpy as np
import pytest

from cnn_digits import (
    ClassDistributionDisplay,
    DigitGridDisplay,
    FramedDigitsDisplay,
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


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("$\\frac$", "$\\frac$"),
        ("$x^2$", "$x^2$"),
        # Of a file's name that is no UTF-8.
        ("\udcff", "\\udcff"),
        ("a\nb\x1b", "a\\nb\\x1b"),
        ("七 é\u202f", "七 é\u202f"),
    ],
)
@pytest.mark.filterwarnings("ignore:Glyph")
def test_labels_and_names_are_drawn_as_they_are(label, shown):
    y, X = np.array([label, "other"]), np.eye(4)[:2]
    frames = np.eye(4).reshape(1, 4, 4)
    for display, text in (
        (DigitGridDisplay.from_predictions(X, y, y), "text_"),
        (MisclassifiedDisplay.from_predictions(X, y, y[::-1]), "text_"),
        (MisclassifiedDisplay.from_predictions(X, y, y[::-1]), "note_"),
        (FramedDigitsDisplay.from_predictions(frames, frames, y[:1]), "text_"),
        (FramedDigitsDisplay.from_predictions(frames, frames, [1], names=[label]), "text_"),
        (ClassDistributionDisplay.from_labels(y), "ax_"),
    ):
        display.figure_.canvas.draw()
        artists = getattr(display, text)
        if text == "ax_":
            artists = artists.get_yticklabels()
        assert shown in " ".join(artist.get_text() for artist in np.atleast_1d(artists))
