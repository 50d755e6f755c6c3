import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_digits import Augment
from cnn_digits.augmentation.geometry import (
    N_DRAWS,
    elastic_field,
    inverse_transforms,
    sampling_points,
)

NOTHING = {"rotation": 0, "zoom": 0, "shift": 0}


def source_of(point, draws, shape=(9, 9), **params):
    """Where the pixel at `point` (x, y), seen from the centre, is read: (x, y) likewise."""
    full = np.zeros((1, N_DRAWS))
    full[0, list(draws)] = list(draws.values())
    rows, columns = sampling_points(
        inverse_transforms(full, Augment(**{**NOTHING, **params}), shape), shape
    )
    centre_y, centre_x = (shape[0] - 1) // 2, (shape[1] - 1) // 2
    at = (0, centre_y + point[1], centre_x + point[0])
    return columns[at] - centre_x, rows[at] - centre_y


@pytest.mark.parametrize(
    ("params", "draws", "point", "source"),
    [
        ({"rotation": 90}, {0: 1}, (0, 2), (2, 0)),
        ({"zoom": 0.5}, {2: 1}, (3, 3), (2, 3)),  # wider by half
        ({"zoom": 0.5}, {3: 1}, (3, 3), (3, 2)),
        ({"shift": 1 / 9}, {4: 1}, (0, 0), (-1, 0)),  # moved right by one pixel
        ({"shift": 1 / 9}, {5: -1}, (0, 0), (0, 1)),
        ({"shear": 45}, {1: 1}, (0, 2), (-2, 2)),
        ({"horizontal_flip": True}, {6: -1}, (2, 1), (-2, 1)),
        ({"vertical_flip": True}, {7: -1}, (2, 1), (2, -1)),
        ({}, dict.fromkeys(range(N_DRAWS), -1), (2, 1), (2, 1)),
    ],
)
def test_each_distortion(params, draws, point, source):
    np.testing.assert_allclose(source_of(point, draws, **params), source, atol=1e-6)


@given(
    st.lists(st.floats(-1, 1, width=32, allow_subnormal=False), min_size=N_DRAWS, max_size=N_DRAWS)
)
def test_arrays_and_tensors_agree(draws):
    from keras import ops

    augment = Augment(shear=20, horizontal_flip=True, vertical_flip=True)
    draws = np.array([draws], dtype=np.float32)
    np.testing.assert_allclose(
        ops.convert_to_numpy(
            inverse_transforms(ops.convert_to_tensor(draws), augment, (6, 9), ops)
        ),
        inverse_transforms(draws, augment, (6, 9)),
        atol=1e-4,
    )


def test_elastic_field_has_the_amplitude_asked_for_everywhere():
    noise = np.random.default_rng(0).standard_normal((4000, 28, 20))
    field = elastic_field(noise, Augment(elastic=0.05), (28, 20))
    np.testing.assert_allclose(field.std(axis=0), 0.05 * 20, rtol=0.1)


def test_elastic_field_is_smooth():
    noise = np.random.default_rng(0).standard_normal((100, 28, 28))
    field = elastic_field(noise, Augment(elastic=0.05), (28, 28))
    assert np.abs(np.diff(field, axis=1)).mean() < 0.3 * np.abs(field).mean()
