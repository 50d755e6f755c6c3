"""Pictures as grey images, of any format and depth."""

import warnings

import numpy as np

from cnn_digits.data.picture_files import picture_paths
from cnn_digits.files import damage_named

# Other formats that Pillow knows may start programs, as EPS does, whatever the file's name.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")


def read_images(paths, *, skip_bad=False):
    """Read pictures as grey images.

    Read more in the user guide: :ref:`own_images`.

    Parameters
    ----------
    paths : str, path-like or list of them
        Pictures, or a folder of pictures: PNG, JPEG, BMP, GIF, TIFF, WebP.

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
        If a picture can't be read, or is so large that it may be an attack on the memory; if
        there are no paths.

    Warns
    -----
    UserWarning
        If pictures were left out.

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
            image = _read_picture(path)
        except (OSError, ValueError) as error:
            if not skip_bad:
                raise
            skipped.append(str(error))
        else:
            images.append(image if then is None else then(image))
            good.append(i)
    if not images:
        raise ValueError(f"None of {len(paths)} pictures can be read: {skipped[0]}")
    return images, good, skipped


def _read_picture(path):
    from PIL import Image, ImageOps, UnidentifiedImageError

    with damage_named(path), open(path, "rb") as file, warnings.catch_warnings():
        # Pillow only warns of pictures of up to twice the size that it takes for an attack.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(file, formats=_FORMATS)
        except UnidentifiedImageError:
            raise ValueError(f"it is none of {', '.join(_FORMATS)}.") from None
        image = ImageOps.exif_transpose(image)
        if image.mode[0] in "IF":
            return _to_uint8(np.asarray(image))
        if not image.has_transparency_data:
            return np.array(image.convert("L"))
        image = image.convert("RGBA")
        for paper in ("white", "black"):
            drawn = Image.alpha_composite(Image.new("RGBA", image.size, paper), image)
            grey = np.array(drawn.convert("L"))
            if np.ptp(grey) > 0:
                break  # white ink does not show on white
        return grey


def _to_uint8(pixels):
    """Pixels of 16 bits, whose white is 65535, of 32, or floats, whose white may be 1 or 255."""
    if not np.isfinite(pixels).all():
        raise ValueError("it has pixels that are no finite numbers.")
    whites = {"f": (1, 255), "i": (255,), "u": ()}[pixels.dtype.kind]
    # Resampling may have gone beyond white.
    white = next((white for white in whites if pixels.max() <= 1.1 * white), 65535)
    return (np.clip(pixels, 0, white).astype(np.float32) * (255 / white) + 0.5).astype(np.uint8)


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
