"""Predictions as the file that Kaggle wants."""

import numpy as np

from cnn_digits.files import written_whole


def write_submission(path, y_pred, *, n_images=None):
    """Write predictions as Kaggle's Digit Recognizer wants them.

    Read more in the user guide: :ref:`kaggle`.

    Parameters
    ----------
    path : str or path-like
        Replaced if it exists; never left half-written. The columns are ImageId, from 1, and
        Label.

    y_pred : array-like of shape (n,)
        Predicted labels.

    n_images : int or None, default=None
        How many there must be: 28,000 for Kaggle's `test.csv`.

    Raises
    ------
    ValueError
        If there is none, or not `n_images`, or one is missing; nothing is written then.
    OSError
        If the file can't be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cnn_digits import write_submission
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "submission.csv"
    ...     write_submission(path, [7, 2, 1], n_images=3)
    ...     print(path.read_text().rstrip())
    ImageId,Label
    1,7
    2,2
    3,1
    """
    import pandas as pd

    labels = np.asarray(y_pred)
    if labels.ndim != 1 or not len(labels):
        raise ValueError(
            f"y_pred has shape {labels.shape}; expected a label for each image, shape (n,), as "
            "predict returns them."
        )
    if n_images is not None and len(labels) != n_images:
        raise ValueError(f"y_pred has {len(labels):,} labels for {n_images:,} images.")
    is_missing = pd.isna(labels)
    if is_missing.any():
        raise ValueError(
            f"y_pred[{is_missing.argmax()}] is {labels[is_missing.argmax()]}; each image needs a "
            "label."
        )
    if labels.dtype.kind == "f":
        whole = np.isfinite(labels) & (labels == np.floor(labels))
        if not whole.all():
            raise ValueError(
                f"y_pred[{whole.argmin()}] is {labels[whole.argmin()]}; expected whole numbers."
            )
        labels = labels.astype(np.int64)
    table = pd.DataFrame({"ImageId": np.arange(1, len(labels) + 1), "Label": labels})
    with written_whole(path) as file:
        table.to_csv(file, index=False, lineterminator="\n")
