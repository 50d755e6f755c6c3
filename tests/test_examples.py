"""The examples run by themselves, and show what they say."""

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.metrics import log_loss, silhouette_score

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("plot_*.py"))

# What the text below a picture tells the reader to see in it, of the variables of the script.
CLAIMS = {
    "plot_augmentation": lambda turned, upright, tilted, y_test, **_: (
        min(turned.score(images, y_test) for images in tilted[3:10])  # -30° to 30°
        > 0.9
        > max(upright.score(images, y_test) for images in (tilted[3], tilted[9]))
    ),
    "plot_calibration": lambda probabilities, y_test, **_: (
        min(probabilities, key=lambda name: log_loss(y_test, probabilities[name])) == "auto"
        and probabilities[0.1].max(axis=1).mean() < probabilities["auto"].max(axis=1).mean()
    ),
    "plot_early_stopping": lambda stopped, best_epoch, **_: best_epoch < stopped.n_iter_ < 40,
    "plot_embedding": lambda features, X_test, y_test, **_: (
        silhouette_score(features, y_test) > 2 * silhouette_score(X_test, y_test)
    ),
    "plot_first_classifier": lambda accuracy, **_: accuracy > 0.97,
    "plot_grid_search": lambda table, **_: table.loc[0.001, 256] == table.to_numpy().min() < 0.9,
    "plot_kaggle": lambda submission, solution, **_: (
        (submission["Label"] == solution).mean() > 0.97
    ),
    "plot_learning_curve": lambda display, **_: (
        (np.diff(display.test_scores.mean(axis=1)) > 0).all() and display.train_scores.min() > 0.99
    ),
    "plot_mistakes": lambda y, y_pred, **_: 0.005 < (y_pred != y).mean() < 0.05,
    "plot_own_digits": lambda digits, read, naive, **_: (
        (read == digits).mean() > 0.9 > 2 * (naive == digits).mean()
    ),
    "plot_recipes": lambda accuracies, **_: (
        min(accuracies, key=accuracies.get) == "5  the same, mirrored too"
        and accuracies["2  simple, Adam"] == accuracies["4  as 2, from CSV to CSV"]
    ),
    "plot_vote": lambda wrong, losses, **_: (
        np.mean(wrong[4]) < np.mean(wrong[1]) < np.mean(wrong[0]) and losses[4][0] < min(losses[0])
    ),
}


@pytest.fixture
def run(monkeypatch):
    # Figures that are shown stay open, to be counted.
    monkeypatch.setattr(plt, "show", lambda: None)
    yield lambda path: runpy.run_path(str(path))
    plt.close("all")


def test_each_example_claims_something():
    assert [path.stem for path in EXAMPLES] == sorted(CLAIMS)


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(run, path):
    found = run(path)
    assert plt.get_fignums()
    assert CLAIMS[path.stem](**found)
