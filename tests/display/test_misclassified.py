import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import LinearSVC

from cnn_digits import CNNDigitClassifier, MisclassifiedDisplay

NAMES = np.array([f"digit {i}" for i in range(10)])


def test_errors_are_sorted_by_confidence(predictions):
    X, y, y_pred, y_proba = predictions
    display = MisclassifiedDisplay.from_predictions(X, y, y_pred, y_proba)
    assert sorted(display.errors_) == np.flatnonzero(y != y_pred).tolist()
    confidence = y_proba.max(axis=1)[display.errors_]
    assert (np.diff(confidence) <= 0).all()
    assert len(display.images_) == len(display.text_) == 25
    for i in range(25):
        row = display.errors_[i]
        np.testing.assert_allclose(display.images_[i].get_array(), X[row].reshape(8, 8) / 16)
        assert display.text_[i].get_text() == (
            f"true {y[row]}\npred {y_pred[row]} ({100 * confidence[i]:.1f} %)"
        )


def test_errors_without_probabilities(predictions):
    X, y, y_pred, _ = predictions
    display = MisclassifiedDisplay.from_predictions(X, y, y_pred, n_images=2)
    np.testing.assert_array_equal(display.errors_, np.flatnonzero(y != y_pred))
    row = display.errors_[0]
    assert display.text_[0].get_text() == f"true {y[row]}\npred {y_pred[row]}"
    assert "Here: the first 2\n" in display.note_.get_text()


def test_confused_pairs(predictions):
    _, y, y_pred, _ = predictions
    display = MisclassifiedDisplay.from_predictions(*predictions)
    pairs = display.confused_pairs_
    matrix = confusion_matrix(y, y_pred)
    np.fill_diagonal(matrix, 0)
    assert sorted(pairs) == [(t, p, matrix[t, p]) for t, p in np.argwhere(matrix).tolist()]
    assert pairs == sorted(pairs, key=lambda pair: (-pair[2], pair[:2]))
    assert pairs[0][2] > 1


def test_note_sums_up_the_errors():
    y_true = ["a"] * 3 + ["b"] * 2 + ["c"] * 95
    y_pred = ["b"] * 3 + ["a", "c"] + ["c"] * 95
    X = np.ones((100, 4))
    display = MisclassifiedDisplay.from_predictions(X, y_true, y_pred)
    assert display.note_.get_text().split("\n") == [
        "5 of 100 images",
        "misclassified (5.0 %)",
        "",
        "Most confused",
        "(true → pred: images)",
        "a → b: 3",
        "b → a: 1",
        "b → c: 1",
    ]
    y_proba = np.full((100, 3), 1 / 3)
    display = MisclassifiedDisplay.from_predictions(X, y_true, y_pred, y_proba, n_images=4)
    assert "Here: the most confident 4" in display.note_.get_text()


def test_note_names_the_ten_most_confused_pairs():
    y_true = np.arange(12)
    display = MisclassifiedDisplay.from_predictions(np.ones((12, 4)), y_true, (y_true + 1) % 12)
    assert len(display.confused_pairs_) == 12
    assert display.note_.get_text().endswith("9 → 10: 1\nand 2 other pairs")


def test_no_error(digits, assert_readable):
    _, X, _, y = digits
    for ax in (None, plt.subplots(figsize=(2, 2))[1]):
        display = MisclassifiedDisplay.from_predictions(X, y, y, ax=ax)
        assert display.note_.get_text() == "No error among 450 predictions"
        assert display.errors_.size == 0
        assert display.confused_pairs_ == display.text_ == display.images_ == []
        assert_readable(display, display.note_)


def test_errors_of_an_estimator(poor, predictions):
    X, y, y_pred, y_proba = predictions
    expected = MisclassifiedDisplay.from_predictions(X, y, y_pred, y_proba, n_images=6)
    display = MisclassifiedDisplay.from_estimator(poor, X, y, n_images=6)
    np.testing.assert_array_equal(display.errors_, expected.errors_)
    for text, expected_text in zip(display.text_, expected.text_, strict=True):
        assert text.get_text() == expected_text.get_text()


def test_errors_of_the_network(fitted, digits):
    X_train, _, y_train, _ = digits
    # Labels that nobody could have learnt.
    y = np.where(np.arange(len(y_train)) < 3, (y_train + 1) % 10, y_train)
    display = MisclassifiedDisplay.from_estimator(fitted, X_train, y)
    proba = fitted.predict_proba(X_train)
    y_pred = fitted.predict(X_train)
    assert {0, 1, 2} <= set(display.errors_)
    for row, text in zip(display.errors_, display.text_, strict=False):
        certain = proba[row].max() >= 0.9995
        percent = "> 99.9 %" if certain else f"{100 * proba[row].max():.1f} %"
        assert text.get_text() == f"true {y[row]}\npred {y_pred[row]} ({percent})"


def test_errors_of_other_estimators(digits):
    X_train, X, y_train, y = digits
    y_train, y = NAMES[y_train], NAMES[y]
    # Without predict_proba; with it, in a search over a pipeline; on a DataFrame.
    svc = LinearSVC(C=1e-5).fit(X_train, y_train)
    display = MisclassifiedDisplay.from_estimator(svc, X, y)
    assert (np.diff(display.errors_) > 0).all()
    assert "%" not in display.text_[0].get_text()

    pipe = make_pipeline(MinMaxScaler(), LogisticRegression())
    search = GridSearchCV(pipe, {"logisticregression__C": [0.01]}, cv=2)
    X_train, X = pd.DataFrame(X_train).add_prefix("p"), pd.DataFrame(X).add_prefix("p")
    search.fit(X_train, y_train)
    display = MisclassifiedDisplay.from_estimator(search, X, y)
    row = display.errors_[0]
    probability = search.predict_proba(X).max(axis=1)[row]
    assert display.text_[0].get_text() == (
        f"true {y[row]}\npred {search.predict(X)[row]}\n({100 * probability:.1f} %)"
    )


def test_probability_is_that_of_the_prediction(digits):
    X_train, X, y_train, y = digits
    cautious = FixedThresholdClassifier(LogisticRegression(C=1e-4), threshold=0.9)
    cautious.fit(X_train, y_train > 4)
    display = MisclassifiedDisplay.from_estimator(cautious, X, y > 4, n_images=1000)
    missed = [
        cautious.predict_proba(X[[row]])[0, 0]
        for row in display.errors_
        if not cautious.predict(X[[row]])[0]
    ]
    assert min(missed) < 0.5
    shown = [t.get_text() for t in display.text_ if "pred False" in t.get_text()]
    assert [text.split("(")[1] for text in shown] == [f"{100 * p:.1f} %)" for p in missed]


def test_image_shape_of_the_estimator(digits):
    X_train, X, y_train, y = digits
    clf = CNNDigitClassifier(image_shape=(16, 4), epochs=1, random_state=0)
    clf.fit(X_train[:100], y_train[:100])
    display = MisclassifiedDisplay.from_estimator(clf, X, y, n_images=1)
    assert display.images_[0].get_array().shape == (16, 4)
    display = MisclassifiedDisplay.from_estimator(clf, X, y, n_images=1, image_shape=(8, 8))
    assert display.images_[0].get_array().shape == (8, 8)


def test_estimators_that_are_refused(poor, digits):
    _, X, _, y = digits
    with pytest.raises(ValueError, match=r"estimator is a Ridge; .*expects a classifier"):
        MisclassifiedDisplay.from_estimator(Ridge().fit(X, y), X, y)
    with pytest.raises(NotFittedError):
        MisclassifiedDisplay.from_estimator(LogisticRegression(), X, y)
    with pytest.raises(ValueError, match="strings and numbers"):
        MisclassifiedDisplay.from_estimator(poor, X, NAMES[y])
    # Seen before the estimator is asked.
    with pytest.raises(ValueError, match="X has 450 images, but y has 449 labels"):
        MisclassifiedDisplay.from_estimator(LogisticRegression(), X, y[1:])
    with pytest.raises(ValueError, match="n_images=0"):
        MisclassifiedDisplay.from_estimator(LogisticRegression(), X, y, n_images=0)
    with pytest.raises(ValueError, match="y_true is None"):
        MisclassifiedDisplay.from_predictions(X, None, y)
