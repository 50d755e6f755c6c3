"""People's own digits, brought into the frame that MNIST's digits have.

One step builds on the other: `margins` are what runs along the edges and is left out, `ink` is
what stands out of the paper, `parts` are the marks that it consists of, `frames` is the place that
a digit gets; the transformer is in `frame_digits`.
NumPy and SciPy only.
"""

from cnn_digits.framing.frame_digits import FrameDigits

__all__ = ["FrameDigits"]
