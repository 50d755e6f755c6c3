"""Pictures of any size and kind as small ones that can be drawn side by side."""

import numpy as np

from cnn_digits.display.image_grid import images_to_show
from cnn_digits.framing.ink import reduced


def thumbnail(image, size):
    """A picture of so many pixels, on white where it is transparent.

    Parameters
    ----------
    image : ndarray of shape (h, w), (h, w, 1), (h, w, 3) or (h, w, 4)
        Of any real dtype and pixel scale.
    size : (width, height)

    Returns
    -------
    thumbnail : PIL.Image.Image
        Its mode is RGB.
    """
    from PIL import Image

    image = image[..., 0] if image.shape[2:] == (1,) else image
    # Before anything else is done to a photo, of which there may be hundreds of megabytes.
    factor = max(1, min(image.shape[0] // (2 * size[1]), image.shape[1] // (2 * size[0])))
    if image.dtype == np.uint8:
        picture = Image.fromarray(image).reduce(factor)
    else:
        stack = image.reshape(1, *image.shape[:2], -1)
        shades = images_to_show(reduced(stack, factor) if factor > 1 else stack)[0]
        pixels = np.rint(shades * 255).astype(np.uint8)
        picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    picture = picture.convert("RGBA")
    picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    smooth = Image.Resampling.BOX if size[0] < picture.width else Image.Resampling.NEAREST
    return picture.convert("RGB").resize(size, smooth)
