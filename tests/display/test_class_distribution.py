import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from cnn_digits import ClassDistributionDisplay


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
def test_distribution_is_readable(n_classes, ax_size, assert_readable):
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


@pytest.mark.filterwarnings("error")
def test_empty_label():
    display = ClassDistributionDisplay.from_labels(["", ""])
    assert display.ax_.get_yticklabels()[0].get_text() == ""
