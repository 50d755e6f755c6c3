"""Pictures, in scikit-learn's Display convention.

One display a file. What several of them need is in `image_grid`, `thumbnails`, `arguments` and
`drawing`, which know none of the displays.
"""

from cnn_digits.display.class_distribution import ClassDistributionDisplay
from cnn_digits.display.digit_grid import DigitGridDisplay
from cnn_digits.display.framed_digits import FramedDigitsDisplay
from cnn_digits.display.misclassified import MisclassifiedDisplay
from cnn_digits.display.numbers import NumbersDisplay
from cnn_digits.display.training_curve import TrainingCurveDisplay

__all__ = [
    "ClassDistributionDisplay",
    "DigitGridDisplay",
    "FramedDigitsDisplay",
    "MisclassifiedDisplay",
    "NumbersDisplay",
    "TrainingCurveDisplay",
]
