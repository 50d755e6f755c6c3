"""The order of the examples: first what everybody meets first."""

from pathlib import Path

_ORDER = (
    "plot_first_classifier.py",
    "plot_augmentation.py",
    "plot_early_stopping.py",
    "plot_mistakes.py",
    "plot_learning_curve.py",
    "plot_grid_search.py",
    "plot_calibration.py",
    "plot_vote.py",
    "plot_embedding.py",
    "plot_own_digits.py",
    "plot_read_form.py",
    "plot_kaggle.py",
    "plot_recipes.py",
)


def rank(path):
    """Key of an example, in the gallery by its name and in lists of examples by its path."""
    name = Path(path).name
    # A new example comes last until it has a place.
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)
