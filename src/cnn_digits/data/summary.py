"""What a data set is like, in numbers and as text."""

import hashlib
from dataclasses import dataclass

import numpy as np

from cnn_digits.images import EXPECTED


def summary(X, y=None):
    """What a data set is like: shape, range, what is missing or there twice, classes.

    Read more in the user guide: :ref:`data`.

    Parameters
    ----------
    X : array-like of shape (n, features), (n, h, w) or (n, h, w, c)
        Images; values may be missing.

    y : array-like of shape (n,) or None, default=None
        Labels.

    Returns
    -------
    summary : DatasetSummary
        Printed as a few lines of text; has the attributes `n_images`, `image_shape`, `dtype`,
        `minimum` and `maximum` of the pixels, `n_missing` values, `n_duplicates` (images that
        equal an earlier one) and `class_counts` (a dict, or None without labels).

    Raises
    ------
    ValueError
        If X is empty or of other dimensions, or X and y differ in length.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from cnn_digits import summary
    >>> X, y = load_digits(return_X_y=True)
    >>> print(summary(X, y))
    1,797 images of 64 values, float64, from 0 to 16
    missing values: none
    duplicates: none
    10 classes, of 174 to 183 images
      0     178    9.9 %
      1     182   10.1 %
      2     177    9.8 %
      3     183   10.2 %
      4     181   10.1 %
      5     182   10.1 %
      6     181   10.1 %
      7     179   10.0 %
      8     174    9.7 %
      9     180   10.0 %
    """
    from sklearn.utils import check_array, check_consistent_length, column_or_1d

    images = check_array(X, allow_nd=True, ensure_all_finite=False, input_name="X")
    if images.ndim > 4:
        raise ValueError(f"X has shape {images.shape}; expected {EXPECTED}.")
    n_missing = int(np.isnan(images).sum()) if images.dtype.kind == "f" else 0
    is_all_missing = n_missing == images.size
    digests = {
        hashlib.blake2b(np.ascontiguousarray(image), digest_size=16).digest() for image in images
    }
    counts = None
    if y is not None:
        import pandas as pd

        labels = column_or_1d(y)
        check_consistent_length(images, labels)
        is_missing = pd.isna(labels)
        n_missing += int(is_missing.sum())
        values, numbers = np.unique(labels[~is_missing], return_counts=True)
        counts = dict(zip(values.tolist(), numbers.tolist(), strict=True))
    return DatasetSummary(
        n_images=len(images),
        image_shape=images.shape[1:],
        dtype=images.dtype,
        minimum=None if is_all_missing else np.nanmin(images).item(),
        maximum=None if is_all_missing else np.nanmax(images).item(),
        n_missing=n_missing,
        n_duplicates=len(images) - len(digests),
        class_counts=counts,
    )


@dataclass(frozen=True)
class DatasetSummary:
    """What `summary` found.

    Attributes
    ----------
    n_images : int

    image_shape : tuple of int
        Shape of X without its first dimension.

    dtype : numpy.dtype

    minimum, maximum : int or float
        Of all pixels that are not missing; None if all are.

    n_missing : int
        Values that are NaN, and labels that are missing.

    n_duplicates : int
        Images that equal an earlier one.

    class_counts : dict of int, or None
        Number of images by label, in ascending order; None without labels.
    """

    n_images: int
    image_shape: tuple
    dtype: np.dtype
    minimum: object
    maximum: object
    n_missing: int
    n_duplicates: int
    class_counts: dict | None

    def __str__(self):
        if len(self.image_shape) == 1:
            size = f"{self.image_shape[0]} values"
        else:
            size = " × ".join(map(str, self.image_shape)) + " pixels"
        lines = [
            f"{self.n_images:,} images of {size}, {self.dtype}, from {self.minimum:g} to "
            f"{self.maximum:g}"
            if self.minimum is not None
            else f"{self.n_images:,} images of {size}, {self.dtype}",
            f"missing values: {self.n_missing or 'none'}",
            f"duplicates: {self.n_duplicates or 'none'}",
        ]
        if self.class_counts is not None:
            numbers = self.class_counts.values()
            lines.append(
                f"{len(numbers)} classes, of {min(numbers):,} to {max(numbers):,} images"
                if len(numbers) > 1
                else f"{len(numbers) or 'no'} class"
            )
            width = max((len(str(label)) for label in self.class_counts), default=0)
            lines += [
                f"  {label!s:>{width}}  {n:>6,}  {100 * n / self.n_images:5.1f} %"
                for label, n in self.class_counts.items()
            ]
        return "\n".join(lines)
