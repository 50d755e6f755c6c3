import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler
from sklearn.svm import LinearSVC

from cnn_digits import (
    ClassDistributionDisplay,
    CNNDigitClassifier,
    DigitGridDisplay,
    FramedDigitsDisplay,
    FrameDigits,
    MisclassifiedDisplay,
    TrainingCurveDisplay,
)

NAMES = np.array(
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eighteen", "seventeen"]
)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def poor(digits):
    """A classifier with a few dozen errors."""
    X_train, _, y_train, _ = digits
    return LogisticRegression(C=0.001, max_iter=1000).fit(X_train[:200], y_train[:200])


@pytest.fixture(scope="module")
def predictions(poor, digits):
    """Images, labels, predictions and probabilities of the poor classifier."""
    _, X, _, y = digits
    y_pred = poor.predict(X)
    assert 25 < (y_pred != y).sum() < 100
    return X, y, y_pred, poor.predict_proba(X)


def assert_readable(display, *others):
    """No text touches another one or what is drawn, or leaves the figure."""
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


def test_distribution_counts_labels():
    y = ["two"] * 3 + ["one"] * 1500
    display = ClassDistributionDisplay.from_labels(y)
    assert [bar.get_width() for bar in display.bars_] == [1500, 3]
    assert [text.get_text() for text in display.text_] == ["1,500 (99.8 %)", "3 (0.2 %)"]
    ax = display.ax_
    assert [label.get_text() for label in ax.get_yticklabels()] == ["one", "two"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "the first class stands at the top"
    assert ax.get_title() == "1,503 images, 2 classes"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Number of images", "Class")
    assert display.figure_ is ax.figure


@pytest.mark.parametrize(
    "kind", [list, np.array, pd.Series, pd.DataFrame, pd.Categorical, lambda y: np.array(y, "f")]
)
@pytest.mark.filterwarnings("error")
def test_distribution_of_any_labels(digits, kind):
    y = digits[3]
    display = ClassDistributionDisplay.from_labels(kind(y.tolist()))
    assert [bar.get_width() for bar in display.bars_] == np.bincount(y).tolist()


@pytest.mark.parametrize(
    ("n_classes", "ax_size"),
    [(1, None), (2, None), (10, None), (26, None), (100, None), (2, (4, 3)), (26, (4, 3))],
)
def test_distribution_is_readable(n_classes, ax_size):
    rng = np.random.default_rng(0)
    names = [f"class number {i}" for i in range(n_classes)]
    ax = plt.subplots(figsize=ax_size, layout="constrained")[1] if ax_size else None
    counts = rng.integers(1, 99_999, n_classes)
    display = ClassDistributionDisplay(names, counts).plot(ax=ax)
    ax = display.ax_
    font = assert_readable(display, *ax.get_yticklabels(), ax.xaxis.label, ax.yaxis.label, ax.title)
    end = ax.get_xlim()[1]
    assert_readable(display, *(t for t in ax.get_xticklabels() if t.get_position()[0] <= end))
    if ax_size is None:
        assert font > 7.5


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([], "y is empty"),
        (None, r"y has shape \(\); expected one label per image"),
        (np.eye(10), r"shape \(10, 10\).*one label per image, shape \(n,\).*argmax"),
        ([0.5, 1.0], "y holds fractions, as 0.5"),
        ([1.0, np.nan], "Input y contains NaN"),
        (["a", None], r"y\[1\] is None"),
        (pd.Series(["a", None]), r"Input contains NaN|y\[1\] is None"),
    ],
)
def test_distribution_of_no_labels(y, message):
    with pytest.raises(ValueError, match=message):
        ClassDistributionDisplay.from_labels(y)
    assert not plt.get_fignums()


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
    assert 0 < len(wrong) == len(display.frames_)
    for i, frame in zip(wrong, display.frames_, strict=True):
        left, right, bottom, top = display.images_[i].get_extent()
        np.testing.assert_allclose(frame.get_bbox().extents, (left, top, right, bottom))
    bold = [i for i, text in enumerate(display.text_) if text.get_fontweight() == "bold"]
    np.testing.assert_array_equal(bold, wrong)


def test_grid_without_labels(predictions):
    X, _, y_pred, y_proba = predictions
    display = DigitGridDisplay.from_predictions(X, None, y_pred)
    assert [text.get_text() for text in display.text_] == [f"pred {y}" for y in y_pred[:25]]
    assert display.frames_ == []
    display = DigitGridDisplay.from_predictions(X, None, y_pred, y_proba)
    assert display.text_[0].get_text() == f"pred {y_pred[0]} ({100 * y_proba[0].max():.1f} %)"


def test_grid_is_drawn_again_with_other_images(predictions):
    X, y, y_pred, _ = predictions
    display = DigitGridDisplay.from_predictions(X, y, y_pred, n_images=3)
    assert len(display.images_) == 3
    assert display.plot(n_images=10_000) is display
    assert len(display.images_) == len(X)


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X,
        lambda X: X.reshape(-1, 8, 8),
        lambda X: X.reshape(-1, 8, 8, 1),
        lambda X: X / 16,
        lambda X: (X * 15).astype(np.int64),
        lambda X: X.astype(np.float32) - 16,
        lambda X: pd.DataFrame(X).add_prefix("pixel"),
        lambda X: X.tolist(),
    ],
)
def test_grid_takes_images_of_any_shape_and_scale(digits, change):
    X, y = digits[1][:4], digits[3][:4]
    assert (X.min(), X.max()) == (0, 16)
    display = DigitGridDisplay.from_predictions(change(X), y, y)
    for image, x in zip(display.images_, X, strict=True):
        np.testing.assert_allclose(image.get_array(), x.reshape(8, 8) / 16)
        assert image.get_clim() == (0, 1)


def test_faint_images_are_shown_faint():
    images = np.array([[[200, 100]], [[255, 255]]], dtype=np.uint8)
    display = DigitGridDisplay.from_predictions(images, None, [1, 7])
    np.testing.assert_allclose(display.images_[0].get_array(), [[200 / 255, 100 / 255]])
    display = DigitGridDisplay.from_predictions(np.zeros((1, 4)), None, [1])
    np.testing.assert_array_equal(display.images_[0].get_array(), np.zeros((2, 2)))


@pytest.mark.parametrize("channels", [3, 4])
def test_grid_in_colour(digits, channels):
    X, y = digits[1][:4], digits[3][:4]
    colour = np.repeat(X.reshape(-1, 8, 8, 1), channels, axis=-1)
    flat = colour.reshape(4, -1)
    for images, image_shape in ((colour, None), (flat, (8, 8, channels))):
        display = DigitGridDisplay.from_predictions(images, y, y, image_shape=image_shape)
        np.testing.assert_allclose(display.images_[1].get_array(), colour[1] / 16)


def test_images_that_are_not_square(digits):
    X, y = digits[1][:6], digits[3][:6]
    display = DigitGridDisplay.from_predictions(X, y, y, image_shape=(16, 4))
    left, right, bottom, top = display.images_[0].get_extent()
    assert (bottom - top) / (right - left) == pytest.approx(4)
    assert_readable(display)
    display = DigitGridDisplay.from_predictions(X, y, y, image_shape=(2, 32))
    assert_readable(display)


@pytest.mark.parametrize("names", [np.arange(10), NAMES], ids=["short", "long"])
@pytest.mark.parametrize(
    ("n_images", "shape", "ax_size"),
    [
        (1, (8, 8), None),
        (2, (28, 28, 3), None),
        (7, (8, 8), None),
        (25, (28, 28), None),
        (100, (8, 8), None),
        (1, (28, 28), (4, 4)),
        (25, (8, 8), (4, 4)),
        (25, (28, 28, 3), (9, 3)),
    ],
)
def test_grids_are_readable(n_images, shape, ax_size, names):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (n_images, *shape), dtype=np.uint8)
    y_true, y_pred = rng.permuted(np.tile(names, (2, 10)), axis=1)[:, :n_images]
    y_true[0], y_pred[0] = names[-2:]
    y_proba = rng.dirichlet(np.full(10, 0.2), n_images)
    for cls in (DigitGridDisplay, MisclassifiedDisplay):
        ax = plt.subplots(figsize=ax_size, layout="constrained")[1] if ax_size else None
        display = cls.from_predictions(X, y_true, y_pred, y_proba, n_images=100, ax=ax)
        others = [display.note_] if hasattr(display, "note_") else []
        font = assert_readable(display, *others)
        if ax_size is None:
            assert font > 6.5
            assert max(display.figure_.get_size_inches()) < 20


def test_grid_in_axes_of_ones_own(predictions):
    figure, axes = plt.subplots(1, 2, figsize=(10, 4))
    for cls, ax in zip((DigitGridDisplay, MisclassifiedDisplay), axes, strict=True):
        display = cls.from_predictions(*predictions, ax=ax)
        assert display.ax_ is ax
        assert display.figure_ is figure
        assert_readable(display)
    assert plt.get_fignums() == [figure.number]


@pytest.mark.filterwarnings("error")
def test_empty_label():
    display = ClassDistributionDisplay.from_labels(["", ""])
    assert display.ax_.get_yticklabels()[0].get_text() == ""


def test_grid_fits_its_axes(digits):
    _, X, _, y = digits
    columns = {}
    for size in ((9, 2), (2, 9)):
        ax = plt.subplots(figsize=size)[1]
        display = DigitGridDisplay.from_predictions(X, y, y, n_images=12, ax=ax)
        columns[size] = len({image.get_extent()[0] for image in display.images_})
    assert columns[9, 2] >= 6
    assert columns[2, 9] <= 2


def test_figures_outside_pyplot(predictions):
    figure = Figure(figsize=(10, 5), layout="constrained")
    for part, cls in zip(
        figure.subfigures(1, 2), (DigitGridDisplay, MisclassifiedDisplay), strict=True
    ):
        display = cls.from_predictions(*predictions, ax=part.subplots())
        assert display.figure_ is part
    assert not plt.get_fignums()


def test_labels_are_no_formulas():
    y = np.array(["$x^2$", "$\\bad$"])
    display = DigitGridDisplay.from_predictions(np.zeros((2, 4)), y, y)
    display.figure_.canvas.draw()
    ClassDistributionDisplay.from_labels(y).figure_.canvas.draw()
    MisclassifiedDisplay.from_predictions(np.eye(4)[:2], y, y[::-1]).figure_.canvas.draw()


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


@pytest.mark.parametrize("cls", [DigitGridDisplay, MisclassifiedDisplay])
def test_padding_is_announced(cls):
    with pytest.warns(UserWarning, match="3 features, which is no square.*image_shape"):
        cls.from_predictions(np.ones((1, 3)), [1], [2])


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


def test_note_names_the_ten_most_confused_pairs():
    y_true = np.arange(12)
    display = MisclassifiedDisplay.from_predictions(np.ones((12, 4)), y_true, (y_true + 1) % 12)
    assert len(display.confused_pairs_) == 12
    assert display.note_.get_text().endswith("9 → 10: 1\nand 2 other pairs")


def test_no_error(digits):
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


def test_sheet_shows_picture_frame_and_reading(reader, pictures):
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
    assert 1 < len(doubtful) == len(display.frames_) < 8
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
    assert display.frames_ == []


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
