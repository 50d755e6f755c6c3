import numpy as np
import pytest

from cnn_digits.reading.distortion import distorted


@pytest.fixture
def strip():
    pixels = np.zeros((32, 80), dtype=np.uint8)
    pixels[4:28, 20:24] = pixels[4:28, 60:64] = 255
    return pixels


def test_the_same_draws_the_same_strip(strip):
    one, other = (distorted(strip, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_each_is_another_of_a_width_that_the_network_takes(strip):
    draws = np.random.default_rng(0)
    before = strip.copy()
    made = [distorted(strip, draws) for _ in range(50)]
    np.testing.assert_array_equal(strip, before)
    assert len({pixels.tobytes() for pixels in made}) == 50
    assert all(pixels.shape[0] == 32 and pixels.shape[1] % 4 == 0 for pixels in made)
    assert len({pixels.shape[1] for pixels in made}) > 3
    assert all(pixels.dtype == np.uint8 for pixels in made)


def test_what_is_written_stays(strip):
    draws = np.random.default_rng(0)
    for _ in range(50):
        pixels = distorted(strip, draws).astype(float)
        # Two strokes, left and right of the middle.
        halves = np.array_split(pixels.sum(axis=0), 2)
        assert min(half.sum() for half in halves) > 0.3 * strip.sum() / 2


def test_the_narrowest():
    assert distorted(np.full((32, 4), 200, np.uint8), np.random.default_rng(0)).shape == (32, 4)
