"""Pictures as grey images, of any format and depth."""

import warnings

import numpy as np

from cnn_digits.data.picture_decoding import grey_picture
from cnn_digits.data.picture_files import picture_paths
from cnn_digits.files import check_regular, damage_named


def read_images(paths, *, skip_bad=False):
    """Read pictures as grey images.

    Read more in the user guide: :ref:`own_images`.

    Parameters
    ----------
    paths : str, path-like or list of them
        Pictures, or a folder of pictures: PNG, JPEG, BMP, GIF, TIFF, WebP, AVIF if Pillow
        reads it, and HEIC if the package `pillow-heif` is installed.

    skip_bad : bool, default=False
        Leave out what can't be read, with a warning that names it, instead of raising.

    Returns
    -------
    images : list of ndarray of shape (h, w), uint8
        Turned as the camera says; on white where they are transparent, or on black if nothing
        shows on white. Of several in one file, the first.
    names : list of str
        Their paths; those of a folder in the order of the numbers in them.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or no picture in the folder.
    ValueError
        If a picture can't be read, or is so large that it may be an attack on the memory (see
        :ref:`bounds`); if there are no paths.

    Warns
    -----
    UserWarning
        If pictures were left out, or a folder holds pictures of kinds that are not read.

    See Also
    --------
    FrameDigits : Brings such images into the frame of MNIST's.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from PIL import Image
    >>> from cnn_digits import read_images
    >>> with TemporaryDirectory() as folder:
    ...     Image.fromarray(np.full((40, 30), 255, dtype=np.uint8)).save(Path(folder) / "1.png")
    ...     images, names = read_images(folder)
    >>> images[0].shape, images[0].dtype, Path(names[0]).name
    ((40, 30), dtype('uint8'), '1.png')
    """
    found = picture_paths(paths)
    images, good, skipped = read_pictures(found, skip_bad)
    if skipped:
        warnings.warn(f"Left out: {'; '.join(skipped)}", UserWarning, stacklevel=2)
    return images, [str(found[i]) for i in good]


def read_pictures(paths, skip_bad, then=None):
    """Images, their positions in `paths`, and what was wrong with the others.

    `then` is done to each image as soon as it is read, so that a folder of photos need not be
    in memory as a whole.
    """
    images, good, skipped = [], [], []
    for i, path in enumerate(paths):
        try:
            with damage_named(path):
                check_regular(path)
                with open(path, "rb") as file:
                    image = grey_picture(file)
                images.append(image if then is None else then(image))
        except (OSError, ValueError) as error:
            if not skip_bad:
                raise
            skipped.append(str(error))
        else:
            good.append(i)
    if not images:
        raise ValueError(f"None of {len(paths)} pictures can be read: {skipped[0]}")
    return images, good, skipped


def same_size(images, paths):
    """Images of one size as one array; raises if they are not."""
    for image, path in zip(images, paths, strict=True):
        if image.shape != images[0].shape:
            sizes = (
                f"{p} has {h} × {w}"
                for p, (h, w) in ((paths[0], images[0].shape), (path, image.shape))
            )
            raise ValueError(f"All pictures must be of one size: {' pixels, '.join(sizes)} pixels.")
    return np.stack(images)
