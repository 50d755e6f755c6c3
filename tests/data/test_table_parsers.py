"""The fast way to read rows of a table, and the one that reads all that is right."""

from contextlib import suppress

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from cnn_digits.data import tables
from cnn_digits.data.columns import Columns

TOKENS = (
    st.integers(0, 255).map(str)
    | st.integers(-3, 1000).map(str)
    | st.sampled_from(["007", "5.0", "0.5", "", " 3", "4 ", '"5"', '"', "x", "1e1", ".0", "1.0.0"])
    | st.sampled_from(
        ["255.0", "256.0", "-0", "0255", "nan", "1,2", "\r", "3\n4", "1_0", "٣", "inf"]
    )
)


@given(
    st.lists(st.lists(TOKENS, min_size=3, max_size=3), min_size=1, max_size=3),
    st.sampled_from([None, 0, 1, 2]),
    st.sampled_from(["\n", "\r\n"]),
)
@example([["1", "2", "255"], ["1000", "2", "25"]], 1, "\n")
@example([["1", "2", "256"]], None, "\n")
@example([["", "2", "3"]], None, "\n")
@example([["1", "2.0", "3.0"]], 0, "\r\n")
def test_both_parsers_agree(rows, label, newline):
    """What the fast one takes, the other takes as well, with the same result."""
    text = "".join(",".join(row) + newline for row in rows).encode()
    pixels = {None: slice(0, 3), 0: slice(1, 3), 1: np.array([2, 0]), 2: slice(0, 1)}[label]
    columns = Columns(["a", "b", "c"], ",", label, pixels)
    fast, slow = tables._plain_table(text, columns), None
    with suppress(ValueError):
        slow, labels = tables._any_table(text, columns, 0, 1)
    if fast is not None:
        np.testing.assert_array_equal(fast[:, pixels], slow)
        if label is not None:
            np.testing.assert_array_equal(fast[:, label], tables._as_labels(labels))


@given(st.lists(st.lists(st.integers(0, 255), min_size=2, max_size=2), min_size=1, max_size=50))
def test_plain_numbers_take_the_fast_parser(rows):
    columns = Columns(["a", "b"], ",", None, slice(0, 2))
    for end in (".0", ""):
        text = "".join(f"{a}{end},{b}{end}\r\n" for a, b in rows).encode()
        np.testing.assert_array_equal(tables._plain_table(text, columns), rows)


def test_row_numbers_take_the_fast_parser():
    columns = Columns(["", "label", "pixel0"], ",", 1, slice(2, 3))
    for number in (0, 255, 256, 999, 1000, 41_999, 10**12):
        table = tables._plain_table(f"{number},3,255\n".encode(), columns)
        np.testing.assert_array_equal(table[:, 1:], [[3, 255]])
    # Also at the end, when the first number is short.
    last = Columns(["pixel0", "id"], ",", None, slice(0, 1))
    assert tables._plain_table(b"3,999\n", last)[0, 0] == 3
    for row in ("1,256,3", "1,3,256", "1,1000,3", "1,3,1000"):
        assert tables._plain_table(f"{row}\n".encode(), columns) is None
