import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from cnn_digits import DigitGridDisplay, MisclassifiedDisplay

NAMES = np.array(
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eighteen", "seventeen"]
)


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


def test_images_that_are_not_square(digits, assert_readable):
    X, y = digits[1][:6], digits[3][:6]
    display = DigitGridDisplay.from_predictions(X, y, y, image_shape=(16, 4))
    left, right, bottom, top = display.images_[0].get_extent()
    assert (bottom - top) / (right - left) == pytest.approx(4)
    assert_readable(display)
    display = DigitGridDisplay.from_predictions(X, y, y, image_shape=(2, 32))
    assert_readable(display)


@pytest.mark.parametrize("cls", [DigitGridDisplay, MisclassifiedDisplay])
def test_padding_is_announced(cls):
    with pytest.warns(UserWarning, match="3 features, which is no square.*image_shape"):
        cls.from_predictions(np.ones((1, 3)), [1], [2])


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
def test_grids_are_readable(n_images, shape, ax_size, names, assert_readable):
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


def test_grid_in_axes_of_ones_own(predictions, assert_readable):
    figure, axes = plt.subplots(1, 2, figsize=(10, 4))
    for cls, ax in zip((DigitGridDisplay, MisclassifiedDisplay), axes, strict=True):
        display = cls.from_predictions(*predictions, ax=ax)
        assert display.ax_ is ax
        assert display.figure_ is figure
        assert_readable(display)
    assert plt.get_fignums() == [figure.number]


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
