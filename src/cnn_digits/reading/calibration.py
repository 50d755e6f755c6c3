"""How probable it is that a number is right, by what the network says of it.

The network's own probability of a text ranks numbers well but is too high or too low as a whole.
A logistic function of its log-odds (Platt 1999) puts that right; its two numbers belong to the
network and are kept with it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

# Beyond these log-odds nothing is told apart.
_SUREST = 16.0


@dataclass(frozen=True)
class Calibration:
    """A logistic function of log-odds.

    Parameters
    ----------
    slope, offset : float, default=1 and 0
        With which probabilities stay as they are.
    """

    slope: float = 1.0
    offset: float = 0.0

    def __call__(self, log_probability):
        """Probability that a text is right, by the logarithm of its probability along the frames.

        Parameters
        ----------
        log_probability : float or ndarray

        Returns
        -------
        confidence : float or ndarray
        """
        return expit(self.slope * log_odds(log_probability) + self.offset)


def log_odds(log_probability):
    """Logarithm of p / (1 - p), bounded, of the logarithm of p."""
    log_probability = np.minimum(log_probability, -1e-12)
    odds = log_probability - np.log(-np.expm1(log_probability))
    return np.clip(odds, -_SUREST, _SUREST)


def fit_calibration(log_probabilities, is_right):
    """The calibration that makes what was right most probable, and what was wrong least.

    Parameters
    ----------
    log_probabilities : array-like of shape (n,)
        Of the texts that were read.
    is_right : array-like of bool, shape (n,)

    Returns
    -------
    calibration : Calibration

    Raises
    ------
    ValueError
        If all were right, or all were wrong.
    """
    # Here, because scikit-learn's linear models take long to load.
    from sklearn.linear_model import LogisticRegression

    odds = log_odds(np.asarray(log_probabilities, dtype=float))[:, None]
    model = LogisticRegression().fit(odds, np.asarray(is_right, dtype=int))
    return Calibration(float(model.coef_[0, 0]), float(model.intercept_[0]))
