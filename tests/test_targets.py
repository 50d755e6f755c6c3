import numpy as np
import pytest

from cnn_digits.targets import LabelledImages, check_labels, encode, split, total_weights


def test_length_is_that_of_the_rows():
    assert (
        len(LabelledImages(np.zeros((5, 2, 2, 1)), np.zeros(5, int), None, np.array([4, 1]))) == 2
    )


class TestLabels:
    def test_a_column_is_flattened(self):
        assert check_labels([[1], [2]]).tolist() == [1, 2]

    @pytest.mark.parametrize(
        ("y", "message"),
        [
            (np.eye(3), r"labels has shape \(3, 3\); .*shape \(n,\).*labels.argmax"),
            (np.zeros((2, 2, 2)), "one label per image"),
            (np.array(["a", None], object), r"labels\[1\] is None"),
            ([0.0, np.nan], "labels contains NaN"),
            (
                np.array([3, "four", 5], object),
                "labels of several kinds, such as 3, 'four'; expected",
            ),
        ],
    )
    def test_refused(self, y, message):
        with pytest.raises(ValueError, match=message):
            check_labels(y, "labels")

    def test_text_of_variable_width(self):
        y = np.array(["seven", "one"], dtype=np.dtypes.StringDType())
        assert check_labels(y).tolist() == ["seven", "one"]

    def test_numbers_of_classes(self):
        numbers, classes = encode(np.array(["b", "a", "b"]))
        assert (numbers.tolist(), classes.tolist()) == ([1, 0, 1], ["a", "b"])
        numbers, classes = encode(np.array([3, 7]), np.array([1, 3, 5, 7]))
        assert (numbers.tolist(), classes.tolist()) == ([1, 3], [1, 3, 5, 7])

    def test_labels_that_are_no_classes(self):
        with pytest.raises(ValueError, match=r"labels \[8\], which are not in classes"):
            encode(np.array([3, 8]), np.array([3, 7]))
        with pytest.raises(ValueError, match="Unknown label type"):
            encode(np.array([0.5, 1.5]))


class TestWeights:
    images = np.zeros((4, 2, 2, 1))
    y = np.array([0, 1, 1, 1])
    classes = np.array([3, 8])

    def test_none_if_all_are_one(self):
        assert total_weights(None, None, self.images, self.y, self.classes) is None

    def test_product(self):
        weights = total_weights([1, 2, 3, 0], {8: 0.5}, self.images, self.y, self.classes)
        assert weights.tolist() == [1, 1, 1.5, 0]
        assert weights.dtype == np.float32

    def test_balanced_counts_classes_that_are_there(self):
        classes = np.array([3, 8, 9])
        weights = total_weights(None, "balanced", self.images, self.y, classes)
        np.testing.assert_allclose(weights, [2, 2 / 3, 2 / 3, 2 / 3])


class TestSplit:
    y = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 20))

    def split(self, fraction=0.3, seed=0, rows=None):
        rows = np.arange(200) if rows is None else rows
        return split(self.y, rows, np.arange(10), fraction, seed)

    def test_stratified_and_not_the_tail(self):
        train, val = self.split()
        assert not set(train) & set(val)
        assert len(val) == 60
        assert (np.bincount(self.y[val]) == 6).all()
        assert val.min() < 20

    def test_only_rows_that_are_there(self):
        rows = np.flatnonzero(self.y != 4)
        assert sorted(np.concatenate(self.split(rows=rows))) == rows.tolist()

    def test_follows_the_seed(self):
        splits = [self.split(seed=seed)[1].tolist() for seed in (0, 0, 1)]
        assert splits[0] == splits[1] != splits[2]
