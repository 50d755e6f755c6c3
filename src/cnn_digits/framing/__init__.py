"""People's own digits, brought into the frame that MNIST's digits have.

One step builds on the other: `margins` are what runs along the edges and is left out, `ink` is
what stands out of the paper, `parts` are the marks that it consists of, `frames` is the place that
a digit gets; the transformer is in `frame_digits`.
NumPy and SciPy only, but for the transformer, which is scikit-learn's and loaded when it is needed.
"""

from importlib import import_module

__all__ = ["FrameDigits"]


def __getattr__(name):
    if name in __all__:
        return getattr(import_module(f"{__name__}.frame_digits"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
