import numpy as np
import pytest

from cnn_digits.scale import is_other_range, is_other_scale, is_out_of_frame


@pytest.fixture(scope="module")
def images(digits):
    """Two sets of digits, light on dark, 0 to 16."""
    return digits[0].reshape(-1, 8, 8, 1), digits[1].reshape(-1, 8, 8, 1)


@pytest.mark.parametrize(
    ("second", "is_other"),
    [
        ((0, 255), False),
        ((0, 100), False),
        ((0, 1), True),
        ((0, 5000), True),
        ((7, 7), False),  # blank
    ],
)
def test_ranges(second, is_other):
    assert is_other_range((0, 255), second) is is_other
    assert is_other_range(second, (0, 255)) is is_other


@pytest.mark.parametrize(
    "prepare",
    [
        lambda X: X / 16,
        lambda X: X * 15.9,
        lambda X: 16 - X,
        lambda X: X - 300.0,
        lambda X: (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-9),  # StandardScaler
    ],
)
def test_images_that_were_not_prepared_alike(images, prepare):
    first, second = images
    assert is_other_scale(prepare(first.astype(float)), second)


def test_images_of_one_kind(images):
    first, second = images
    rng = np.random.default_rng(0)
    alike = [
        second,
        second.astype(float),
        second[:1],
        second // 2,  # faint
        np.minimum(second * 3, 16),  # bold
        np.zeros((5, 8, 8, 1)),
        np.full((5, 8, 8, 1), 16),
        np.concatenate([second[:1], np.zeros((50, 8, 8, 1))]),  # nearly all of them blank
        np.clip(second + rng.normal(0, 2, second.shape), 0, 16),
        *(second[i : i + 1] for i in range(200)),
    ]
    with np.errstate(all="raise"):
        for others in alike:
            assert not is_other_scale(first, others)
        # Of blank ones nothing is said, whatever their grey is.
        assert not is_other_scale(first, np.full((5, 8, 8, 1), 255))


def test_colour(images):
    first, second = (np.repeat(X, 3, axis=-1) for X in images)
    assert not is_other_scale(first, second)
    assert is_other_scale(first, 16 - second)


class TestFrames:
    @pytest.fixture(scope="class")
    @staticmethod
    def frames(mnist):
        return mnist[1].reshape(-1, 28, 28, 1)

    @pytest.mark.parametrize(
        "scale", [lambda X: X, lambda X: X / 255, lambda X: X.astype(np.int16) * 128 - 16384]
    )
    def test_mnist_has_them(self, frames, scale):
        assert not is_out_of_frame(scale(frames)).any()

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda X: 255 - X,
            lambda X: 1 - (X / 255).astype(np.float32),
            lambda X: np.roll(X, 3, axis=1),
            lambda X: np.roll(X, -4, axis=2),
        ],
    )
    def test_others_have_not(self, frames, spoil):
        assert is_out_of_frame(spoil(frames)).mean() > 0.999

    def test_each_by_itself(self, frames):
        mixed = np.concatenate([frames[:2000], 255 - frames[2000:7000], frames[7000:]])
        assert np.flatnonzero(is_out_of_frame(mixed)).tolist() == list(range(2000, 7000))

    def test_nothing_is_said_of_blank_ones_and_of_other_sizes(self, images):
        assert not is_out_of_frame(np.full((3, 28, 28, 1), 9)).any()
        assert not is_out_of_frame(255 - images[0]).any()
