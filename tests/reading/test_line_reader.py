import numpy as np
import pytest

from cnn_digits.reading.line_network import compiled_network
from cnn_digits.reading.line_reader import LineReader, as_batch, padded
from cnn_digits.reading.reader_file import new_network
from cnn_digits.reading.strips import STRIP_HEIGHT
from cnn_digits.reading.symbols import SYMBOLS


@pytest.fixture(scope="module")
def reader():
    return LineReader(compiled_network(new_network()))


def strips(*widths):
    draws = np.random.default_rng(0)
    return [draws.integers(0, 256, (STRIP_HEIGHT, w), dtype=np.uint8) for w in widths]


def test_an_answer_for_each_second_column(reader):
    logits = reader(strips(60, 4, 200, 64, 60))
    assert [answers.shape for answers in logits] == [
        (n, 1 + len(SYMBOLS)) for n in (30, 2, 100, 32, 30)
    ]


def test_no_strip(reader):
    assert reader([]) == []


def test_what_is_said_of_a_strip_does_not_depend_on_the_others(reader):
    several = strips(60, 90, 200, 64, 60, 2000, 60)
    together = reader(several)
    for strip, answers in zip(several, together, strict=True):
        np.testing.assert_allclose(reader([strip])[0], answers, atol=1e-4)


def test_more_than_go_through_at_once(reader):
    several = strips(*[100] * 200)
    together = reader(several)
    np.testing.assert_allclose(together[-1], reader(several[-1:])[0], atol=1e-4)


def test_a_batch_is_filled_up_with_paper():
    batch = as_batch(strips(60, 70))
    assert batch.shape == (2, STRIP_HEIGHT, padded(70), 1)
    assert not batch[0, :, 60:].any()
    np.testing.assert_array_equal(batch[1, :, :70, 0], strips(60, 70)[1])
