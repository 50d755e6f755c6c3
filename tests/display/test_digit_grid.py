import numpy as np

from cnn_digits import DigitGridDisplay


def test_grid_shows_labels_and_predictions(predictions):
    X, y, y_pred, y_proba = predictions
    display = DigitGridDisplay.from_predictions(X, y, y_pred, y_proba)
    assert len(display.text_) == len(display.images_) == 25
    for i, text in enumerate(display.text_):
        assert text.get_text() == f"true {y[i]}\npred {y_pred[i]} ({100 * y_proba[i].max():.1f} %)"
    left = [image.get_extent()[0] for image in display.images_]
    top = [image.get_extent()[3] for image in display.images_]
    np.testing.assert_allclose(left[:5], left[5:10])
    assert (np.diff(left[:5]) > 0).all()
    assert (np.diff(top[::5]) > 0).all()
    assert display.figure_ is display.ax_.figure


def test_grid_marks_wrong_predictions_not_by_colour_alone(predictions):
    X, y, y_pred, _ = predictions
    display = DigitGridDisplay.from_predictions(X, y, y_pred, n_images=40)
    wrong = np.flatnonzero((y != y_pred)[:40])
    assert 0 < len(wrong) == len(display.outlines_)
    for i, outline in zip(wrong, display.outlines_, strict=True):
        left, right, bottom, top = display.images_[i].get_extent()
        np.testing.assert_allclose(outline.get_bbox().extents, (left, top, right, bottom))
    bold = [i for i, text in enumerate(display.text_) if text.get_fontweight() == "bold"]
    np.testing.assert_array_equal(bold, wrong)


def test_grid_without_labels(predictions):
    X, _, y_pred, y_proba = predictions
    display = DigitGridDisplay.from_predictions(X, None, y_pred)
    assert [text.get_text() for text in display.text_] == [f"pred {y}" for y in y_pred[:25]]
    assert display.outlines_ == []
    display = DigitGridDisplay.from_predictions(X, None, y_pred, y_proba)
    assert display.text_[0].get_text() == f"pred {y_pred[0]} ({100 * y_proba[0].max():.1f} %)"


def test_grid_is_drawn_again_with_other_images(predictions):
    X, y, y_pred, _ = predictions
    display = DigitGridDisplay.from_predictions(X, y, y_pred, n_images=3)
    assert len(display.images_) == 3
    assert display.plot(n_images=10_000) is display
    assert len(display.images_) == len(X)
