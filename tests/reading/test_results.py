import json

import pytest

from cnn_digits.reading.results import Digit, Line, Number, Reading


def number(text, confidence, left=0):
    digits = tuple(Digit(label, 0.99, (left + 10 * i, 5, 8, 20)) for i, label in enumerate(text))
    return Number(text, confidence, (left, 5, 10 * len(text), 20), digits)


@pytest.fixture
def page():
    return Reading(
        (
            Line((0, 5, 200, 20), (number("007", 0.9), number("12", 0.5, left=100))),
            Line((0, 50, 200, 20), (number("3.50", 0.8),)),
        ),
        turned=90,
    )


def test_text_of_numbers_and_lines(page):
    assert page.text == "007 12\n3.50"
    assert [number.text for number in page.numbers] == ["007", "12", "3.50"]


def test_all_of_it_is_right_where_each_number_is(page):
    assert page.confidence == pytest.approx(0.36)


def test_of_nothing_nothing_is_sure():
    assert Reading(()).text == ""
    assert Reading(()).confidence == 0
    assert Reading(()).numbers == ()


def test_a_dict_goes_through_json(page):
    values = json.loads(json.dumps(page.to_dict()))
    assert values == page.to_dict()
    assert values["turned"] == 90
    assert values["text"] == page.text
    first = values["lines"][0]["numbers"][0]
    assert first["text"] == "007"
    assert first["box"] == [0, 5, 30, 20]
    assert first["digits"][2] == {"label": "7", "probability": 0.99, "box": [20, 5, 8, 20]}


def test_a_table_keeps_leading_zeros(page):
    frame = page.to_frame()
    assert frame["number"].tolist() == ["007", "12", "3.50"]
    assert frame["line"].tolist() == [0, 0, 1]
    assert frame.loc[1, ["left", "top", "width", "height"]].tolist() == [100, 5, 20, 20]


def test_a_table_of_nothing_has_the_columns():
    frame = Reading(()).to_frame()
    assert len(frame) == 0
    assert list(frame) == ["line", "number", "confidence", "left", "top", "width", "height"]
