import numpy as np
import pytest

from cnn_digits.training.callbacks import one_cycle


class TestOneCycle:
    def test_up_and_down(self):
        rates = [one_cycle(progress) for progress in np.linspace(0, 1, 101)]
        assert rates[0] == pytest.approx(0.04)
        assert np.argmax(rates) == 25
        assert rates[25] == 1
        assert rates[100] == pytest.approx(0)
        assert (np.diff(rates[:26]) > 0).all()
        assert (np.diff(rates[25:]) < 0).all()
