"""Images that say nothing, because all their pixels are equal, and the one warning of them."""

import threading
import weakref

import numpy as np

from cnn_digits.images import row_batches

# The frames that were warned of last, in each thread: what `FrameDigits` has said of them, the
# classifier behind it in a pipeline need not say again.
_told = threading.local()


def is_blank(images):
    """Which images have one colour all over; (n, h, w, c) to (n,)."""
    # The row in the middle alone tells of nearly all that they have not.
    blank = _is_one_colour(images[:, images.shape[1] // 2], images[:, 0, :1])
    candidates = np.flatnonzero(blank)
    for rows in row_batches(images[: len(candidates)]) if candidates.size else ():
        found = images[candidates[rows]]
        found = found.reshape(len(found), -1, found.shape[-1])
        blank[candidates[rows]] = _is_one_colour(found, found[:, :1])
    return blank


def _is_one_colour(pixels, colour):
    """Whether all pixels have a colour; (n, n_pixels, c) and (n, 1, c) to (n,)."""
    return (pixels == colour).all(axis=(1, 2))


def warned_of(frames):
    """Remember that somebody was told which of these frames are empty."""
    _told.frames = weakref.ref(frames)


def is_warned_of(X):
    """Whether X, or what it is a view of, are the frames that were warned of last."""
    frames = getattr(_told, "frames", lambda: None)()
    return frames is not None and (X is frames or getattr(X, "base", None) is frames)
