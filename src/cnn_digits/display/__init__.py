"""Pictures, in scikit-learn's Display convention.

One display a file, loaded when it is needed. What several of them need is in `image_grid`,
`thumbnails`, `arguments` and `drawing`, which know none of the displays.
"""

from importlib import import_module

_DISPLAYS = {
    "ClassDistributionDisplay": "class_distribution",
    "DigitGridDisplay": "digit_grid",
    "FramedDigitsDisplay": "framed_digits",
    "MisclassifiedDisplay": "misclassified",
    "NumbersDisplay": "numbers",
    "TrainingCurveDisplay": "training_curve",
}

__all__ = [*_DISPLAYS]


def __getattr__(name):
    if name in _DISPLAYS:
        return getattr(import_module(f"{__name__}.{_DISPLAYS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
