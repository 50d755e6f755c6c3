"""Pictures of any size and kind as small ones that can be drawn side by side."""

import numpy as np

from cnn_digits.display.image_grid import images_to_show
from cnn_digits.framing.ink import reduced


def as_picture(image, name):
    """An array or an image of Pillow as an array of pixels, refused if it is no picture."""
    from PIL import Image

    if isinstance(image, Image.Image) and image.mode[0] not in "IF":
        # Of a palette the pixels are places, and of other modes hues or ink.
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image = np.asarray(image)
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (1,), (3,), (4,)) or not image.size:
        raise ValueError(
            f"{name} has shape {image.shape}; expected (height, width) or (height, width, 1, 3 or "
            "4)."
        )
    return image[..., 0] if image.shape[2:] == (1,) else image


def thumbnail(image, size):
    """A picture of so many pixels, on white where it is transparent.

    Parameters
    ----------
    image : ndarray of shape (h, w), (h, w, 3) or (h, w, 4)
        Of any real dtype and pixel scale.
    size : (width, height)

    Returns
    -------
    thumbnail : PIL.Image.Image
        Its mode is RGB.
    """
    from PIL import Image

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
