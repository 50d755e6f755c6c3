import csv
import gzip
import io
import re
import tracemalloc
import zipfile
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from data_samples import one_folder
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from cnn_digits import read_csv
from cnn_digits.data import tables

HEADER = "label,pixel0,pixel1,pixel2,pixel3\n"


@pytest.fixture
def read(tmp_path):
    """Read a table that is given as text or bytes."""

    def read_content(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_csv(path)

    return read_content


def kaggle(n_rows, seed=0, side=28):
    rng = np.random.default_rng(seed)
    # Mostly black, as digits are: numbers of one, two and three digits.
    X = rng.integers(0, 256, (n_rows, side * side)) * rng.integers(0, 2, (n_rows, side * side))
    table = pd.DataFrame(X).add_prefix("pixel")
    table.insert(0, "label", rng.integers(0, 10, n_rows))
    return table


class TestKaggle:
    def test_train_and_test(self, tmp_path):
        table = kaggle(50)
        table.to_csv(tmp_path / "train.csv", index=False)
        table.drop(columns="label").to_csv(tmp_path / "test.csv", index=False)
        X, y = read_csv(tmp_path / "train.csv")
        assert (X.dtype, y.dtype) == (np.uint8, np.int64)
        np.testing.assert_array_equal(X, table.to_numpy()[:, 1:])
        np.testing.assert_array_equal(y, table["label"])
        X_test, y_test = read_csv(str(tmp_path / "test.csv"))
        np.testing.assert_array_equal(X_test, X)
        assert y_test is None

    def test_more_than_a_block(self, tmp_path):
        table = kaggle(2_000)
        table.to_csv(tmp_path / "train.csv", index=False)
        assert (tmp_path / "train.csv").stat().st_size > 3 * tables._BLOCK
        X, y = read_csv(tmp_path / "train.csv")
        np.testing.assert_array_equal(X, table.to_numpy()[:, 1:])
        np.testing.assert_array_equal(y, table["label"])

    def test_result_can_be_written_to(self, read):
        for value in ("1", '"1"'):
            X, y = read(HEADER + f"7,{value},2,3,4\n")
            X[0, 0], y[0] = 5, 5

    def test_real_digits(self, mnist, tmp_path):
        X, y = mnist[0][:500], mnist[2][:500]
        table = pd.DataFrame(X).add_prefix("pixel").assign(label=y)
        table.to_csv(tmp_path / "train.csv", index=False)
        X_read, y_read = read_csv(tmp_path / "train.csv")
        np.testing.assert_array_equal(X_read, X)
        np.testing.assert_array_equal(y_read, y)


def compressed(data, kind, path):
    if kind == "gzip":
        data = gzip.compress(data)
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("train.csv", data)
    else:
        path.write_bytes(data)


LABELS = st.sampled_from([["0", "1", "9"], ["3", "300", "-1"], ["seven", "a,b", 'q"q', "ü"]])


@one_folder
@given(
    data=st.data(),
    side=st.integers(1, 3),
    n_rows=st.integers(1, 12),
    labels=LABELS | st.none(),
    delimiter=st.sampled_from(",;\t"),
    newline=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    index=st.booleans(),
    as_float=st.booleans(),
    names=st.sampled_from(["pixel{0}", "{0}", "px_{1}", "{2}x{3}", "f.{2}_{3}"]),
    compression=st.sampled_from([None, "gzip", "zip"]),
    block=st.sampled_from([1, 50, 2**20]),
)
def test_whatever_pandas_writes(
    tmp_path, data, side, n_rows, labels, delimiter, newline, encoding, quoting, index, as_float,
    names, compression, block,
):  # fmt: skip
    pixels = data.draw(st.lists(st.integers(0, 255), min_size=n_rows * side**2,
                                max_size=n_rows * side**2))  # fmt: skip
    X = np.array(pixels).reshape(n_rows, -1)
    columns = [names.format(i, i + 1, i // side, i % side) for i in range(side**2)]
    # Nothing but numbers, not in ascending order, are no names.
    assume(names != "{0}" or index or labels is not None)
    table = pd.DataFrame(X.astype(float) if as_float else X, columns=columns)
    y = None
    if labels is not None:
        y = data.draw(st.lists(st.sampled_from(labels), min_size=n_rows, max_size=n_rows))
        is_text = labels[0] == "seven"
        table["Label"] = y if is_text else np.array(y, dtype=int)
        y = np.array(y) if is_text else np.array(y, dtype=np.int64)
    table = table[data.draw(st.permutations(list(table.columns)))]
    text = table.to_csv(
        index=index, sep=delimiter, lineterminator=newline, quoting=quoting, encoding=encoding
    )
    compressed(text.encode(encoding), compression, tmp_path / "table")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_BLOCK", block)
        X_read, y_read = read_csv(tmp_path / "table")
    assert X_read.dtype == np.uint8
    np.testing.assert_array_equal(X_read, X)
    if y is None:
        assert y_read is None
    else:
        assert y_read.dtype == y.dtype or y_read.dtype.kind == y.dtype.kind == "U"
        np.testing.assert_array_equal(y_read, y)


class TestColumns:
    def test_label_in_the_middle_and_pixels_in_any_order(self, read):
        X, y = read("pixel3,pixel1,label,pixel0,pixel2\n3,1,7,0,2\n30,10,8,0,20\n")
        np.testing.assert_array_equal(X, [[0, 1, 2, 3], [0, 10, 20, 30]])
        np.testing.assert_array_equal(y, [7, 8])

    def test_pixel_10_comes_after_pixel_9(self, read):
        names = ["pixel" + str(i) for i in (*range(10, 16), *range(10))]
        X, _ = read(
            ",".join(names) + "\n" + ",".join(map(str, [*range(10, 16), *range(10)])) + "\n"
        )
        np.testing.assert_array_equal(X, [range(16)])

    @pytest.mark.parametrize("name", ["label", "Label", "class", "target", "digit", "y", "labels"])
    def test_names_of_labels(self, read, name):
        X, y = read(f"pixel0,{name}\n5,7\n")
        assert (X.tolist(), y.tolist()) == ([[5]], [7])

    @pytest.mark.parametrize("name", ["", "id", "ImageId", "index", "Unnamed: 0", "Unnamed: 785"])
    def test_row_numbers_are_left_out(self, read, name):
        X, y = read(f"{name},pixel0\n41999,5\n42000,6\n")
        assert X.tolist() == [[5], [6]]
        assert y is None

    def test_an_index_saved_more_than_once(self, read, tmp_path):
        table = kaggle(5, side=4)
        for _ in range(4):
            table.to_csv(tmp_path / "saved.csv")
            table = pd.read_csv(tmp_path / "saved.csv")
        assert "Unnamed: 0.1" in table
        X, y = read(table.to_csv())
        assert X.shape == (5, 16)
        assert len(y) == 5

    def test_spaces(self, read):
        X, y = read('label, "pixel0", pixel1, pixel2, pixel3\n7, "1", 2 ,3,4\n')
        assert (X.tolist(), y.tolist()) == ([[1, 2, 3, 4]], [7])

    def test_rows_and_columns(self, read):
        X, _ = read("label,1x1,2x1,1x2,2x2\n0,11,21,12,22\n")
        assert X.tolist() == [[11, 12, 21, 22]]

    def test_images_that_are_no_squares(self, read):
        X, _ = read("r0c0,r0c1,r0c2,r1c0,r1c1,r1c2\n".replace("c", "_") + "1,2,3,4,5,6\n")
        assert X.tolist() == [[1, 2, 3, 4, 5, 6]]

    @pytest.mark.parametrize("numbers", ["0,1,2,3", "1,2,3,4"])
    def test_numbers_of_columns(self, read, numbers):
        """As pandas writes an array that has no names."""
        X, y = read(f"{numbers}\n5,6,7,8\n")
        assert X.tolist() == [[5, 6, 7, 8]]
        assert y is None
        X, y = read("0,1,2,3,4\n9,5,6,7,0\n")
        assert (X.tolist(), y.tolist()) == ([[5, 6, 7, 0]], [9])
        X, y = read("0,1,2,3,4\n0,5,6,7,9\n")
        assert (X.tolist(), y.tolist()) == ([[0, 5, 6, 7]], [9])

    def test_no_names(self, read):
        X, y = read("9,5,6,7,200\n1,0,0,0,0")
        assert (X.tolist(), y.tolist()) == ([[5, 6, 7, 200], [0, 0, 0, 0]], [9, 1])
        X, y = read("5,6,7,8\n")
        assert X.tolist() == [[5, 6, 7, 8]]
        assert y is None

    def test_no_names_from_numpy(self, tmp_path):
        X = np.arange(0, 250, 10).reshape(1, 25)
        np.savetxt(tmp_path / "table.csv", X, delimiter=",")
        np.testing.assert_array_equal(read_csv(tmp_path / "table.csv")[0], X)

    def test_one_missing(self, read):
        table = kaggle(2)
        with pytest.raises(ValueError, match=r"column 'pixel300' is missing\.$"):
            read(table.drop(columns="pixel300").to_csv(index=False))
        with pytest.raises(ValueError, match=r"'pixel5' is missing, and 1 more pixels\.$"):
            read(table.drop(columns=["pixel5", "pixel7"]).to_csv(index=False))
        with pytest.raises(ValueError, match=r"783 pixels, one short of 28 × 28.*'pixel782'"):
            read(table.drop(columns="pixel783").to_csv(index=False))
        with pytest.raises(ValueError, match=r"783 pixels, one short of 28 × 28.*'pixel1'"):
            read(table.drop(columns="pixel0").to_csv(index=False))
        with pytest.raises(ValueError, match=r"column 'r2x1' is missing"):
            read("r1x1,r1x2,r2x2\n1,2,3\n")

    @pytest.mark.parametrize(
        ("header", "message"),
        [
            ("label,pixel0,name", r"column 'name' is neither a pixel.*nor a label"),
            ("label,class,pixel0", r"more than one label: label, class"),
            ("label,pixel0,pixel0", r"columns 'pixel0' and 'pixel0' are the same pixel"),
            ("label,pixel1,1", r"columns 'pixel1' and '1' are the same pixel"),
            ("label,id", r"no column of pixels"),
            ("pixel0,1x1", r"one number or two: 'pixel0', '1x1'"),
            ("pixel0,pixel99999999999999999999", r"'pixel1' is missing, and [9,]+7 more"),
            ("1x1,99999999999x99999999999", r"'1x2' is missing"),
            ("1,2,9", r"3 numbers and no names.*pixels of a square image"),
            ("", r"its first line is empty"),
        ],
    )
    def test_header_that_makes_no_sense(self, read, header, message):
        with pytest.raises(ValueError, match=message) as error:
            read(header + "\n1,2,3\n")
        assert "table.csv can't be read: " in str(error.value)


class TestLabelOfATableWithoutNames:
    """Where it is, is seen from the values, or asked for: a guess would be wrong in silence."""

    def tables(self, X, y):
        for names in (None, range(X.shape[1] + 1)):
            for last in (False, True):
                parts = [X, y[:, None]] if last else [y[:, None], X]
                table = pd.DataFrame(np.hstack(parts))
                yield table.to_csv(index=False, header=names is not None)

    def check(self, read, X, y):
        for text in self.tables(X, y):
            X_read, y_read = read(text)
            np.testing.assert_array_equal(X_read, X)
            np.testing.assert_array_equal(y_read, y)

    def test_digits(self, read):
        X, y = load_digits(return_X_y=True)
        self.check(read, X.astype(int), y)
        # With all of one class first.
        order = np.argsort(y, kind="stable")
        self.check(read, X[order].astype(int), y[order])

    @pytest.mark.parametrize("labels", [[7], [1, 2], [65, 66, 90], [300, 400], [-1, 1]])
    @pytest.mark.parametrize("paper", ["black", "white", "grey"])
    def test_kinds(self, read, labels, paper):
        rng = np.random.default_rng(0)
        n = 300
        X = rng.integers(0, 256, (n, 16))
        if paper != "grey":
            X[:, [0, -1]] = {"black": 0, "white": 255}[paper]
        self.check(read, X.astype(object), np.resize(labels, n))

    def test_quotes_and_decimal_points(self, read):
        X, y = read('"0.0","5.0","6.0","7.0","9.0"\n0.0, 1.0, 1.0, 1.0, 3.0\n')
        assert (X.tolist(), y.tolist()) == ([[0, 5, 6, 7], [0, 1, 1, 1]], [9, 3])

    @pytest.mark.parametrize(
        "rows",
        [
            "9,5,6,7,8\n1,0,0,0,0\n",  # two that vary
            "7,0,0,0,2\n",  # neither is blank
            "0,5,5,5,255\n",
            "0,5,5,5,0\n" * 30 + "0,5,5,5,3\n",  # noise in a corner, or a rare class
        ],
    )
    def test_asked_for(self, read, rows):
        with pytest.raises(ValueError, match=r"5 columns without names, .* label,pixel0,pixel1"):
            read(rows)

    def test_one_class_that_is_blank_as_the_corners(self, read):
        _, y = read("0,5,5,5,0\n" * 3)
        assert y.tolist() == [0, 0, 0]


class TestEmnist:
    @pytest.mark.parametrize("name", ["emnist-digits-train.csv", "emnist-letters-test.csv"])
    def test_upright(self, read, name):
        table = kaggle(5, side=4).assign(pixel15=0)
        X, y = read(table.to_csv(index=False, header=False), name)
        images = table.to_numpy()[:, 1:].reshape(5, 4, 4)
        np.testing.assert_array_equal(X, images.transpose(0, 2, 1).reshape(5, 16))
        np.testing.assert_array_equal(y, table["label"])


class TestLabels:
    @pytest.mark.parametrize(
        ("texts", "expected"),
        [
            (["3", "0", "255"], np.array([3, 0, 255])),
            (["3", "-1", "1000"], np.array([3, -1, 1000])),
            (["3.0", "1e1", "007"], np.array([3, 10, 7])),
            (["3", "seven", "0"], np.array(["3", "seven", "0"])),
            (["1_0", "1", "2"], np.array(["1_0", "1", "2"])),
            (["٣", "1", "2"], np.array(["٣", "1", "2"])),
            (["0.5", "1", "2"], np.array(["0.5", "1", "2"])),
            (["99999999999999999999", "1", "inf"], np.array(["99999999999999999999", "1", "inf"])),
        ],
    )
    @pytest.mark.parametrize("block", [1, 2**20])
    def test_kinds(self, read, monkeypatch, texts, expected, block):
        monkeypatch.setattr(tables, "_BLOCK", block)  # labels of other kinds in other blocks
        _, y = read(HEADER + "".join(f"{text},1,2,3,4\n" for text in texts))
        np.testing.assert_array_equal(y, expected)
        assert y.dtype.kind == expected.dtype.kind

    @pytest.mark.parametrize("text", ["", "NaN", "null", '" "'])
    def test_missing(self, read, text):
        with pytest.raises(ValueError, match=r"row 1 \(line 3\): the label is missing"):
            read(HEADER + f"1,1,2,3,4\n{text},1,2,3,4\n")


class TestBadValues:
    @pytest.mark.parametrize(
        "value",
        [
            "x",
            "256",
            "-1",
            "0.5",
            "1000",
            "1e3",
            "inf",
            "--",
            "True",
            "1_0",
            "٣",
            "0x10",
            "１",
            "\xa05",
        ],
    )
    @pytest.mark.parametrize("block", [1, 2**20])
    def test_no_pixel(self, read, monkeypatch, value, block):
        monkeypatch.setattr(tables, "_BLOCK", block)
        rows = ["1,1,2,3,4\n"] * 5
        rows[3] = f"1,1,2,{value},4\n"
        seen = re.escape(repr(value))
        with pytest.raises(
            ValueError,
            match=rf"table.csv can't be read: row 3 \(line 5\), column 'pixel2': {seen}; "
            "expected a whole number from 0 to 255",
        ):
            read(HEADER + "".join(rows))

    @pytest.mark.parametrize("value", ["", "NaN", "NA", "null", " "])
    def test_missing(self, read, value):
        message = r"row 1 \(line 3\), column 'pixel2': the value is missing"
        with pytest.raises(ValueError, match=message):
            read(HEADER + f"1,1,2,3,4\n1,1,2,{value},4\n")

    def test_names_and_numbers_are_those_of_the_file(self, read):
        """The columns are in another order than the pixels; there is no line of names."""
        with pytest.raises(ValueError, match=r"row 0 \(line 2\), column 'pixel0': 'x'"):
            read("pixel3,pixel1,pixel0,pixel2\n1,1,x,1\n")
        with pytest.raises(ValueError, match=r"row 1 \(line 2\), column 'pixel2': 'x'"):
            read("9,1,1,1,0\n9,1,1,x,0\n")

    def test_far_down(self, tmp_path):
        table = kaggle(1_500).astype(object)
        table.loc[1_234, "pixel500"] = "?"
        table.to_csv(tmp_path / "train.csv", index=False)
        with pytest.raises(ValueError, match=r"row 1234 \(line 1236\), column 'pixel500': '\?'"):
            read_csv(tmp_path / "train.csv")

    @pytest.mark.parametrize(
        ("row", "n"), [("1,1,2,3", 4), ("1,1,2,3,4,5", 6), ("1,1,2,3,4,", 6), ("1", 1)]
    )
    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_too_many_or_too_few(self, read, row, n, place):
        rows = ["1,1,2,3,4"] * 2
        rows.insert(place, row)
        message = rf"row {place} \(line {place + 2}\) has {n} values; expected 5"
        with pytest.raises(ValueError, match=message):
            read(HEADER + "\n".join(rows))

    @pytest.mark.parametrize(
        ("rows", "n"), [("1\n1,2,3,4\n", 1), ("1,1,2,3,4,1,1,2,3,4\n", 10), ("1,1,2,3;4\n", 4)]
    )
    def test_values_that_add_up_to_whole_rows(self, read, rows, n):
        with pytest.raises(ValueError, match=rf"row 0 \(line 2\) has {n} values; expected 5"):
            read(HEADER + rows)

    def test_quote_without_end(self, read):
        with pytest.raises(ValueError, match=r"row 1 .* has 2 values; expected 5"):
            read(HEADER + '1,1,2,3,4\n1,"1,2,3,4\n1,1,2,3,4\n')

    @pytest.mark.parametrize("end", ["", "\n", "\n\n\n", "\r\n\r\n"])
    def test_empty_lines_are_no_rows(self, read, end):
        X, _ = read(HEADER + "1,1,2,3,4\n\n\n1,1,2,3,4" + end)
        assert len(X) == 2


class TestBadFiles:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", "it is empty"),
            ("\n\n", "its first line is empty"),
            ("label,pixel0\r7,5\r", "lines end in carriage returns alone"),
            (HEADER, "names of columns and no row"),
            (HEADER + "\n\n", "names of columns and no row"),
            ("0,1,2,3,4\n", "names of columns and no row"),
            (b"\x89PNG\r\n\x1a\n\x00\x00", "no text in UTF-8"),
            ("a\tb\n".encode("utf-16"), "no text in UTF-8"),
            (HEADER.encode() + b"\xe9,1,2,3,4\n", "no text in UTF-8"),
            (gzip.compress(b""), "it is empty"),
            (gzip.compress(HEADER.encode() * 100)[:-9], "end-of-stream"),
            (b"PK\x03\x04" + b"x" * 30, "not a zip file"),
        ],
    )
    def test_one_line_that_names_the_file(self, read, content, message):
        with pytest.raises(ValueError, match=message) as error:
            read(content)
        assert "table.csv can't be read: " in str(error.value)
        assert "\n" not in str(error.value)

    def test_missing(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"missing\.csv"):
            read_csv(tmp_path / "missing.csv")
        with pytest.raises(IsADirectoryError):
            read_csv(tmp_path)

    def test_line_without_end(self, read, monkeypatch):
        monkeypatch.setattr(tables, "_BLOCK", 10)
        monkeypatch.setenv("CNN_DIGITS_MAX_LINE", "100")
        with pytest.raises(ValueError, match=r"a line of at least 1[0-9]+ bytes; up to 100"):
            read(HEADER + "1" * 1_000)

    def test_first_line_without_end(self, read):
        content = gzip.compress(b"x" * 60_000_000)
        tracemalloc.start()
        with pytest.raises(
            ValueError, match="first line has at least 16,777,217 bytes; up to 16,7"
        ):
            read(content)
        assert tracemalloc.get_traced_memory()[1] < 40e6
        tracemalloc.stop()

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (f"{HEADER}7,1,2,3,4\n{'x' * 200_000},1,2,3,4\n", r"row 1 \(line 3\): field larger"),
            (f"{HEADER}7,1,2,{'1' * 200_000},4\n", r"row 0 \(line 2\): field larger"),
            ("x" * 200_000 + ",pixel0\n", "first line has no names or pixels: field larger"),
        ],
    )
    def test_value_longer_than_any(self, read, content, message):
        with pytest.raises(ValueError, match=message):
            read(content)

    def test_more_columns_than_an_image_has_pixels(self, read):
        with pytest.raises(ValueError, match=r"first line has 2,000,001 columns; up to"):
            read("1," * 2_000_000 + "1\n")

    def test_label_without_end(self, read):
        content = HEADER + "7,1,2,3,4\n" * 5 + "x" * 20_000 + ",1,2,3,4\n"
        message = r"row 5 \(line 7\): the label has 20,000 characters; up to 200 .*_MAX_LABEL"
        with pytest.raises(ValueError, match=message):
            read(content)

    def test_labels_take_no_more_than_is_allowed(self, read, monkeypatch):
        """Text takes the room of the longest in each row."""
        monkeypatch.setenv("CNN_DIGITS_MAX_BYTES", "100000")
        rows = ["a,1,2,3,4\n"] * 700
        content = gzip.compress((HEADER + "".join(rows)).encode())
        assert len(read(content)[1]) == 700
        rows[5] = "x" * 50 + ",1,2,3,4\n"
        content = gzip.compress((HEADER + "".join(rows)).encode())
        with pytest.raises(ValueError, match=r"pixels and labels count as [0-9,]+ bytes; up to"):
            read(content)

    @pytest.mark.parametrize("filler", ["\n", "7,1,2,3,4\n", '"7","1","2","3","4"\n'])
    def test_bomb(self, read, monkeypatch, filler):
        monkeypatch.setenv("CNN_DIGITS_MAX_TEXT", "1000000")
        content = gzip.compress((HEADER + filler * (3_000_000 // len(filler))).encode())
        with pytest.raises(ValueError, match=r"it unpacks to at least 1,[0-9,]+ bytes; up to 1,0"):
            read(content)
        monkeypatch.setenv("CNN_DIGITS_MAX_TEXT", "10000000")
        monkeypatch.setenv("CNN_DIGITS_MAX_BYTES", "2000000")
        if filler.strip():
            with pytest.raises(
                ValueError, match=r"pixels and labels count as [0-9,]+ bytes; up to 2"
            ):
                read(content)

    def test_archive_of_another_packing(self, read):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_BZIP2) as archive:
            archive.writestr("a.csv", HEADER)
        with pytest.raises(ValueError, match=r"a\.csv in it is packed by method 12; expected def"):
            read(buffer.getvalue())


@pytest.fixture(scope="module")
def files():
    text = kaggle(20, side=6).to_csv(index=False).encode()
    return {"plain": text, "gzip": gzip.compress(text, mtime=0)}


@one_folder
@given(data=st.data(), kind=st.sampled_from(["plain", "gzip"]), cut=st.booleans())
def test_damage_is_an_error_or_does_not_matter(files, tmp_path, data, kind, cut):
    content = bytearray(files[kind])
    place = data.draw(st.integers(0, len(content) - 1))
    if cut:
        del content[place:]
    else:
        content[place] = data.draw(st.integers(0, 255))
    (tmp_path / "table.csv").write_bytes(content)
    with suppress(ValueError):
        X, y = read_csv(tmp_path / "table.csv")
        assert X.dtype == np.uint8
        assert X.shape == (len(y), 36)
        if kind == "gzip":  # which has a checksum
            (tmp_path / "whole.csv").write_bytes(files[kind])
            np.testing.assert_array_equal(X, read_csv(tmp_path / "whole.csv")[0])
