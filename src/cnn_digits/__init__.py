"""Convolutional networks for handwritten digits, as scikit-learn estimators."""

from importlib import import_module

__version__ = "0.1.0"

# Public name -> module that defines it. Loaded on first use (PEP 562), so that
# `import cnn_digits` costs nothing and neither Keras nor TensorFlow is loaded before
# the first fit.
_PUBLIC = {
    "Augment": "augmentation",
    "CNNDigitClassifier": "classifier",
    "ClassDistributionDisplay": "display",
    "DigitGridDisplay": "display",
    "FrameDigits": "framing",
    "FramedDigitsDisplay": "display",
    "MisclassifiedDisplay": "display",
    "NumbersDisplay": "display",
    "Normalize": "transformers",
    "NumberReader": "reading",
    "OnnxDigitClassifier": "onnx_classifier",
    "Reshape": "transformers",
    "TrainingCurveDisplay": "display",
    "fetch_mnist": "data",
    "load_pretrained": "pretrained",
    "read_csv": "data",
    "read_images": "data",
    "summary": "data",
    "write_submission": "data",
}

__all__ = [*_PUBLIC, "__version__"]


def __getattr__(name):
    if name in _PUBLIC:
        return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
