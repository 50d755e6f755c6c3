import numpy as np
import pandas as pd
import pytest
from data_samples import random_digits

from cnn_digits import summary


class TestSummary:
    def test_numbers(self):
        X = np.array([[0, 1], [2, 3], [0, 1], [0, 1]], np.uint8)
        found = summary(X, [7, 7, 7, 3])
        assert (found.n_images, found.image_shape, found.dtype) == (4, (2,), np.uint8)
        assert (found.minimum, found.maximum) == (0, 3)
        assert (found.n_missing, found.n_duplicates) == (0, 2)
        assert found.class_counts == {3: 1, 7: 3}
        assert type(found.maximum) is int

    def test_missing(self):
        X = [[np.nan, 1.5], [2, np.nan], [np.nan, 1.5]]
        found = summary(X, [1, None, np.nan])
        assert (found.minimum, found.maximum) == (1.5, 2)
        assert found.n_missing == 5
        assert found.n_duplicates == 1
        assert found.class_counts == {1: 1}

    def test_nothing_but_missing(self):
        found = summary(np.full((2, 3), np.nan), [None, None])
        assert (found.minimum, found.maximum, found.n_missing) == (None, None, 8)
        assert found.class_counts == {}
        assert "missing values: 8" in str(found)

    @pytest.mark.parametrize("shape", [(4,), (2, 2), (2, 2, 3)])
    def test_shapes(self, shape):
        found = summary(random_digits(3, shape=shape)[0])
        assert found.image_shape == shape
        assert found.n_duplicates == 0
        assert found.class_counts is None

    def test_frame(self):
        frame = pd.DataFrame({"pixel0": [1, 2], "pixel1": [None, 2]})
        assert summary(frame, pd.Series(["a", "b"])).n_missing == 1

    def test_printed(self):
        X = np.zeros((1_234, 28, 28), np.uint8)
        X[0, 0, 0] = 255
        y = np.repeat(["seven", "three"], [1_200, 34])
        assert str(summary(X, y)).splitlines() == [
            "1,234 images of 28 × 28 pixels, uint8, from 0 to 255",
            "missing values: none",
            "duplicates: 1232",
            "2 classes, of 34 to 1,200 images",
            "  seven   1,200   97.2 %",
            "  three      34    2.8 %",
        ]
        assert str(summary(X)).count("\n") == 2

    @pytest.mark.parametrize(
        ("X", "y", "message"),
        [
            (np.zeros((0, 4)), None, "0 sample"),
            (np.zeros((1, 2, 2, 1, 1)), None, "expected"),
            (np.zeros((3, 4)), [1, 2], "inconsistent"),
            ([["a", "b"]], None, "numeric"),
        ],
    )
    def test_refused(self, X, y, message):
        with pytest.raises(ValueError, match=message):
            summary(X, y)
