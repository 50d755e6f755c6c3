"""Images that say nothing, because all their pixels are equal."""

import numpy as np

from cnn_digits.images import row_batches


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
