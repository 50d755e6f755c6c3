"""The network that reads lines, at work: many strips in few calls. NumPy alone."""

import numpy as np

from cnn_digits.reading.strips import STRIP_HEIGHT

# Strips are filled up with paper to a multiple of this width: those of like width go together, and
# what is read on one does not depend on the others.
_STEP = 32

# Columns that go through the network at once.
_COLUMNS = 2**13


class LineReader:
    """Answers of a network for strips of any width.

    Parameters
    ----------
    network : callable
        From strips, an ndarray of uint8 of shape (n, 24, width, 1), to logits; (n, n_frames, 1 +
        number of symbols).
    """

    def __init__(self, network):
        self._call = network

    def __call__(self, strips):
        """Logits of each frame of each strip.

        Parameters
        ----------
        strips : list of ndarray of uint8, shape (24, width)

        Returns
        -------
        logits : list of ndarray of float32, shape (n_frames, 1 + number of symbols)
        """
        logits = [None] * len(strips)
        for numbers in _batches([strip.shape[1] for strip in strips]):
            found = self._call(as_batch([strips[i] for i in numbers]))
            for i, answers in zip(numbers, found, strict=True):
                n_frames = answers.shape[0] * strips[i].shape[1] // padded(strips[i].shape[1])
                logits[i] = answers[:n_frames]
        return logits


def padded(width):
    """The width that a strip is filled up to."""
    return -(-width // _STEP) * _STEP


def as_batch(strips, width=0):
    """Strips as one array, filled up with paper at their right.

    Parameters
    ----------
    strips : list of ndarray of uint8, shape (24, width)
    width : int, default=0
        At least so wide.

    Returns
    -------
    batch : ndarray of uint8, shape (n, 24, width, 1)
    """
    width = max(width, *(padded(strip.shape[1]) for strip in strips))
    batch = np.zeros((len(strips), STRIP_HEIGHT, width, 1), dtype=np.uint8)
    for row, strip in zip(batch, strips, strict=True):
        row[:, : strip.shape[1], 0] = strip
    return batch


def _batches(widths):
    """Numbers of the strips that go through the network together: those of one padded width."""
    alike = {}
    for i, width in enumerate(widths):
        alike.setdefault(padded(width), []).append(i)
    for width, numbers in alike.items():
        n = max(1, _COLUMNS // width)
        yield from (numbers[start : start + n] for start in range(0, len(numbers), n))
