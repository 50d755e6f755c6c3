"""Whether images are on the scale of others, or were scaled by mistake, or not at all."""

import numpy as np

from cnn_digits.images import border_median, sample_rows

# A range of pixels that is this many times smaller or larger than another is more likely a
# forgotten scaling than faint images.
_RANGE_FACTOR = 10

# So many standard deviations lie between means of images of digits only if they were prepared
# differently: ink covers less than half of an image.
_MEAN_FACTOR = 4


def pixel_range(images):
    """The lowest and the highest pixel."""
    return float(images.min()), float(images.max())


def is_other_range(first, second):
    """Whether two ranges of pixels are of different scales."""
    spans = [high - low for low, high in (first, second)]
    # Blank images have no scale to compare.
    return all(spans) and not 1 / _RANGE_FACTOR <= spans[1] / spans[0] <= _RANGE_FACTOR


def is_other_scale(first, second):
    """Whether pixels show that images of digits were not prepared as others were.

    Whether they differ in range or in offset, or one is light on dark and the other dark on light.
    Images of the same kind don't, be they few or faint; of blank ones nothing is said.

    Parameters
    ----------
    first : ndarray of shape (n, h, w, c)
        To train on: many, of all kinds.
    second : ndarray of shape (n, h, w, c)
    """
    first, second = map(sample_rows, (first, second))
    ranges = pixel_range(first), pixel_range(second)
    if any(low == high for low, high in ranges):
        return False
    if is_other_range(*ranges):
        return True
    means = [images.mean(dtype=np.float64) for images in (first, second)]
    if abs(means[1] - means[0]) > _MEAN_FACTOR * first.std(dtype=np.float64):
        return True
    grounds = sorted(
        (border_median(images).mean() - low) / (high - low)
        for images, (low, high) in zip((first, second), ranges, strict=True)
    )
    return grounds[0] < 0.25 and grounds[1] > 0.75
