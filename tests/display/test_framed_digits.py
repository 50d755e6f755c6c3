import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from cnn_digits import FramedDigitsDisplay, FrameDigits


@pytest.fixture(scope="module")
def reader(digits):
    """A pipeline that reads pictures, without a network."""
    X, _, y, _ = digits
    flat = FunctionTransformer(lambda frames: frames.reshape(len(frames), -1) / 255)
    return make_pipeline(FrameDigits(), flat, LogisticRegression(C=0.001)).fit(X[:500], y[:500])


@pytest.fixture(scope="module")
def pictures(digits):
    """Dark on light, of several sizes and kinds; the third is blank."""
    sheets = []
    for i, image in enumerate(digits[1][:8].reshape(-1, 8, 8)):
        ink = image.repeat(i + 3, axis=0).repeat(i + 3, axis=1)
        sheets.append(np.pad(240 - 14 * ink, 9, constant_values=240).astype(np.uint8))
    sheets[2] = np.full((50, 20), 200, np.uint8)
    sheets[3] = sheets[3] / 255
    return sheets


def test_sheet_shows_picture_frame_and_reading(reader, pictures, assert_readable):
    names = [f"picture_{i}.png" for i in range(7)] + ["a name that is much too long for it.jpeg"]
    with pytest.warns(UserWarning, match="1 of 8 images"):
        frames = reader[0].transform(pictures)
    y_pred, proba = reader[1:].predict(frames), reader[1:].predict_proba(frames).max(axis=1)
    reject = np.median(proba)
    with pytest.warns(UserWarning, match="1 of 8 images"):
        display = FramedDigitsDisplay.from_estimator(reader, pictures, names=names, reject=reject)
    assert len(display.images_) == len(display.text_) == 8
    doubtful = []
    for i, text in enumerate(display.text_):
        name, read = text.get_text().split("\n")
        assert name == (names[i] if i < 7 else "a name tha…ong for it.jpeg")
        if i == 2:
            assert read == "no ink"
        else:
            mark = "?" if proba[i] < reject else ""
            assert read == f"{y_pred[i]}{mark} ({100 * proba[i]:.1f} %)"
        if text.get_fontweight() == "bold":
            doubtful.append(i)
        # To the right, the frame: six pixels of the sheet for each of its own.
        drawn = display.images_[i].get_array()[3::6, -168 + 3 :: 6, 0]
        np.testing.assert_allclose(drawn, frames[i] / 255, atol=1 / 255)
    np.testing.assert_array_equal(doubtful, np.flatnonzero((proba < reject) | (np.arange(8) == 2)))
    assert 1 < len(doubtful) == len(display.outlines_) < 8
    assert_readable(display)


def test_sheet_shows_pictures_as_they_were(reader, pictures):
    rgb = np.zeros((40, 20, 3), np.uint8) + np.array([200, 100, 50], np.uint8)
    nothing = np.zeros((20, 20, 4), np.uint8)
    shown = FramedDigitsDisplay.from_predictions(
        iter([rgb, nothing, pictures[3]]), np.ones((3, 28, 28)), [1, 2, 3]
    ).images_
    for i, (y, x, colour) in enumerate([(84, 84, (200, 100, 50)), (84, 84, (255, 255, 255))]):
        np.testing.assert_allclose(shown[i].get_array()[y, x], np.divide(colour, 255), atol=0.01)
    # In the middle, whatever its shape; its own light and dark.
    np.testing.assert_allclose(shown[0].get_array()[84, 10], 0xDD / 255, atol=0.01)
    assert shown[2].get_array()[:, 10].mean() > 0.9


def test_sheet_of_the_first_pictures(reader, pictures):
    display = FramedDigitsDisplay.from_estimator(reader, pictures, n_images=2)
    assert len(display.images_) == 2
    assert display.outlines_ == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": [np.zeros((9, 9))]}, "images has length 1, but frames has 2"),
        ({"images": np.zeros((2, 81))}, r"images\[0\] has shape \(81,\); expected \(height, width"),
        ({"names": ["a"]}, "names has length 1, but frames has 2"),
        ({"y_pred": [1]}, "X has 2 images, but y_pred has 1 labels"),
        ({"reject": 0.5}, "reject=0.5 needs y_proba"),
        ({"reject": 90}, "reject=90; expected a probability, from 0 to 1"),
        ({"images": np.zeros((2, 9, 9, 2))}, r"images\[0\] has shape \(9, 9, 2\); expected"),
    ],
)
def test_sheets_of_what_does_not_fit(change, message):
    arguments = {"images": [np.zeros((9, 9))] * 2, "frames": np.ones((2, 28, 28)), "y_pred": [1, 2]}
    with pytest.raises(ValueError, match=message):
        FramedDigitsDisplay.from_predictions(**{**arguments, **change})
    assert not plt.get_fignums()


def test_sheet_of_what_has_no_probabilities(digits, pictures):
    flat = FunctionTransformer(lambda frames: frames.reshape(len(frames), -1) / 255)
    pipe = make_pipeline(FrameDigits(), flat, LinearSVC()).fit(digits[0][:100], digits[2][:100])
    text = FramedDigitsDisplay.from_estimator(pipe, pictures[:1]).text_[0].get_text()
    assert text == str(pipe.predict(pictures[:1])[0])
    with pytest.raises(ValueError, match=r"reject=0.5: LinearSVC\(\) has no predict_proba"):
        FramedDigitsDisplay.from_estimator(pipe, pictures, reject=0.5)


def test_sheet_of_another_estimator(poor, pictures):
    with pytest.raises(TypeError, match="expected a pipeline that begins with FrameDigits"):
        FramedDigitsDisplay.from_estimator(poor, pictures)
