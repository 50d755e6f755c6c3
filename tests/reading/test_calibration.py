import numpy as np
import pytest

from cnn_digits.reading.calibration import Calibration, fit_calibration


def test_as_it_comes_probabilities_stay():
    probabilities = np.array([1e-6, 0.1, 0.5, 0.99, 0.99999])
    np.testing.assert_allclose(Calibration()(np.log(probabilities)), probabilities, rtol=1e-6)


def test_of_a_number_a_number():
    assert 0 < float(Calibration(2.0, -1.0)(-0.1)) < 1


@pytest.mark.parametrize("value", [0.0, -np.inf, -1e-300, -1e300])
def test_bounds(value):
    with np.errstate(all="raise"):
        confidence = Calibration(0.8, 0.1)(value)
    assert 0 < confidence < 1


def test_what_is_too_sure_becomes_less_so():
    draws = np.random.default_rng(0)
    said = draws.uniform(0.05, 0.999, 4000)
    odds = np.log(said / (1 - said))
    true = 1 / (1 + np.exp(-(0.5 * odds - 0.7)))
    calibration = fit_calibration(np.log(said), draws.random(4000) < true)
    np.testing.assert_allclose(calibration(np.log(said)), true, atol=0.05)


def test_nothing_to_learn_from():
    with pytest.raises(ValueError, match="class"):
        fit_calibration([-0.1, -0.2], [True, True])
