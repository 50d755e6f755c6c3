import os

import numpy as np
import pandas as pd
import pytest

from cnn_digits import write_submission


class TestSubmission:
    @pytest.mark.parametrize(
        "y_pred",
        [
            [7, 0, 9],
            np.array([7, 0, 9], np.uint8),
            np.array([7.0, 0.0, 9.0]),
            pd.Series([7, 0, 9], index=[5, 6, 7]),
            pd.array([7, 0, 9], dtype="Int64"),
            ["7", "0", "9"],
        ],
    )
    def test_content(self, tmp_path, y_pred):
        write_submission(tmp_path / "submission.csv", y_pred, n_images=3)
        assert (tmp_path / "submission.csv").read_bytes() == b"ImageId,Label\n1,7\n2,0\n3,9\n"

    def test_text(self, tmp_path):
        labels = ["seven", "a,b", 'q"q', "ü"]
        write_submission(tmp_path / "submission.csv", np.array(labels, dtype=object))
        table = pd.read_csv(tmp_path / "submission.csv")
        assert table["Label"].tolist() == labels
        assert table["ImageId"].tolist() == [1, 2, 3, 4]

    @pytest.mark.parametrize(
        ("y_pred", "message"),
        [
            ([], r"shape \(0,\)"),
            (7, r"shape \(\)"),
            ([[0.1, 0.9], [0.9, 0.1]], r"shape \(2, 2\); expected a label for each image"),
            ([1, 2], r"2 labels for 3 images"),
            ([1, 2, 3, 4], r"4 labels for 3 images"),
            ([1, np.nan, 3], r"y_pred\[1\] is nan"),
            ([1, None, 3], r"y_pred\[1\] is None"),
            (["1", None, "3"], r"y_pred\[1\] is None"),
            (pd.array([1, 2, None], dtype="Int64"), r"y_pred\[2\] is (nan|<NA>)"),
            ([1, 2, 0.5], r"y_pred\[2\] is 0\.5; expected whole numbers"),
            ([1, np.inf, 0], r"y_pred\[1\] is inf; expected whole numbers"),
        ],
    )
    def test_refused(self, tmp_path, y_pred, message):
        path = tmp_path / "submission.csv"
        path.write_text("before")
        with pytest.raises(ValueError, match=message):
            write_submission(path, y_pred, n_images=3)
        assert path.read_text() == "before"
        assert os.listdir(tmp_path) == ["submission.csv"]

    def test_failure_while_writing(self, tmp_path, monkeypatch):
        path = tmp_path / "submission.csv"
        path.write_text("before")

        def full(self, file, **kwargs):
            file.write(b"ImageId,")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(pd.DataFrame, "to_csv", full)
        with pytest.raises(OSError, match="No space"):
            write_submission(path, [1, 2])
        assert path.read_text() == "before"
        assert os.listdir(tmp_path) == ["submission.csv"]

    def test_nowhere_to_write(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="no folder"):
            write_submission(tmp_path / "missing" / "submission.csv", [1])
        with pytest.raises(IsADirectoryError, match="is a folder"):
            write_submission(tmp_path, [1])
        assert os.listdir(tmp_path) == []
