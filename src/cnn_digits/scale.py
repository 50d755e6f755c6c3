"""Whether images were prepared as others were: on their scale, in their frame."""

import numpy as np

from cnn_digits.images import border_median, row_batches, sample_rows

# A range of pixels that is this many times smaller or larger than another is more likely a
# forgotten scaling than faint images.
_RANGE_FACTOR = 10

# So many standard deviations lie between means of images of digits only if they were prepared
# differently: ink covers less than half of an image.
_MEAN_FACTOR = 4

# Of frames of 28 × 28. MNIST's digits are 20 pixels long at most, and their centre of mass is
# within one pixel of the middle; what `FrameDigits` makes of the oddest pictures is 24 pixels long.
# A digit that fills its picture is longer, and one moved by three pixels further off.
_FRAME = (28, 28, 1)
_LONGEST, _OFF = 24, 2.5

# Ink of this share of the strongest counts.
_INK = 0.25


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


def is_frame_size(images):
    """Whether images, (n, h, w, c), have the size of MNIST's."""
    return images.shape[1:] == _FRAME


def is_out_of_frame(images):
    """Which images of digits are not where MNIST's are: white on black, in the middle; (n,).

    Of images of another size than MNIST's, and of blank ones, nothing is said.

    Parameters
    ----------
    images : ndarray of shape (n, h, w, c)
    """
    if not is_frame_size(images):
        return np.zeros(len(images), dtype=bool)
    return np.concatenate([_is_out_of_frame(images[rows]) for rows in row_batches(images)])


def _is_out_of_frame(images):
    stack = images[..., 0]
    low, high = stack.min(axis=(1, 2)), stack.max(axis=(1, 2))
    # In the dtype of the pixels, because to compare them with others is ten times slower.
    faintest = (low + _INK * (high.astype(np.float64) - low)).astype(stack.dtype)
    is_ink = stack > faintest[:, None, None]
    profiles = np.stack([is_ink.sum(axis=2, dtype=np.uint8), is_ink.sum(axis=1, dtype=np.uint8)])
    has_ink = profiles > 0
    side = stack.shape[1]
    extents = side - has_ink[..., ::-1].argmax(axis=2) - has_ink.argmax(axis=2)
    centres = profiles @ (np.arange(side) + 0.5) / np.maximum(profiles.sum(axis=2), 1)
    longest, off = extents.max(axis=0), np.abs(centres - side / 2).max(axis=0)
    return (low < high) & ((longest > _LONGEST) | (off > _OFF))


def in_range(images, ends):
    """Bring each image to a range of pixels by itself; float32, (n, h, w, c).

    Parameters
    ----------
    images : ndarray of shape (n, h, w, c)
    ends : (float, float)
        The lowest pixel and the highest. Images of one colour get the lowest.
    """
    scaled = images.astype(np.float32)
    scaled -= scaled.min(axis=(1, 2, 3), keepdims=True)
    span = scaled.max(axis=(1, 2, 3), keepdims=True)
    scaled *= (ends[1] - ends[0]) / np.where(span, span, 1)
    return scaled + np.float32(ends[0])
