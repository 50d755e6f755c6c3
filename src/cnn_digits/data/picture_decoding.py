"""A file of a picture as grey pixels: by which decoder, how large at most, how made grey."""

import re
from contextlib import suppress

import numpy as np

from cnn_digits.data.bounds import MAX_PIXELS, MAX_SCANS, MAX_SIDE

# Other formats that Pillow knows may start programs, as EPS does, whatever the file's name.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "AVIF")

# Their decoders hold several copies of a picture at once: a pixel counts as so many.
_COSTS = {"TIFF": 2, "AVIF": 2, "WEBP": 4}

# What a file of the format that phones call HEIC begins with, after its first four bytes.
_HEIF_BRAND = re.compile(rb"hei[cxms]|hev[cxms]")

# Of a JPEG with more pixels only the brightness is decoded, for a quarter of the memory. It may
# differ by one from that of the colours.
_LARGE = 90_000_000

# Each scan of so many pixels takes as long as one of the scans that are counted, or less.
_PER_SCAN = 2**25

# Pixels that are converted at once, so that no second copy of a large picture is in colours.
_BAND = 2**22

# Markers of a JPEG that are neither filled bytes nor part of the pixels.
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
_SCAN, _END, _BARE = 0xDA, 0xD9, (0x01, 0xD8)


def grey_picture(file):
    """The picture in an open file as grey pixels, turned as the camera says.

    On white where it is transparent, or on black if nothing shows on white.

    Parameters
    ----------
    file : binary file object

    Returns
    -------
    image : ndarray of shape (h, w), uint8
    """
    from PIL import Image

    try:
        image = _opened(file)
        _check_size(image, file)
        if image.format == "JPEG" and image.width * image.height > _LARGE:
            image.draft("L", None)
        image.load()
    except Image.DecompressionBombError:
        raise ValueError(
            "it claims more pixels than Pillow decodes of its format; PIL.Image.MAX_IMAGE_PIXELS "
            "raises that."
        ) from None
    return grey_of(image)


def grey_of(image):
    """One of Pillow's images as grey pixels, as `grey_picture` makes them of a file."""
    return _turned(_grey(image), image)


def _opened(file):
    """Pillow's image of a file, of which only the header is read.

    By the plugins and not by `Image.open`, whose bound on pixels is a global of the process.
    """
    from PIL import Image
    from PIL.JpegImagePlugin import JpegImageFile

    Image.init()
    start = file.read(64)
    if start[4:8] == b"ftyp" and _HEIF_BRAND.search(start[8 : int.from_bytes(start[:4])]):
        return _opened_heif(file)
    for name in _FORMATS:
        factory, accept = Image.OPEN.get(name, (None, None))
        if factory is None or (accept and accept(start[:16]) is not True):
            continue
        file.seek(0)
        # Of several pictures in one JPEG, as some phones write them, the first.
        factory = JpegImageFile if name == "JPEG" else factory
        with suppress(SyntaxError):  # by which Pillow says that it is not the format's
            return factory(file)
    raise ValueError(f"it is none of {', '.join(_FORMATS)}, HEIC.")


def _opened_heif(file):
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise ValueError(
            "it is a HEIC picture, which takes one more package: pip install pillow-heif. Or save "
            "it as JPEG."
        ) from None
    file.seek(0)
    return HeifImageFile(file)


def _check_size(image, file):
    width, height = image.size
    if not width or not height:
        raise ValueError(f"it has {width} × {height} pixels.")
    MAX_SIDE.check(max(width, height), f"it claims {width:,} × {height:,} pixels, a side of")
    cost = _COSTS.get(image.format, 1)
    what = f"it claims {width:,} × {height:,} pixels, which count as" if cost > 1 else "it claims"
    MAX_PIXELS.check(cost * width * height, what)
    if image.format == "JPEG":
        place = file.tell()
        file.seek(0)
        n_scans = _n_scans(file.read())
        file.seek(place)
        times = max(1, width * height // _PER_SCAN)
        what = f"it has {n_scans:,} scans of {width:,} × {height:,} pixels, which count as"
        MAX_SCANS.check(n_scans * times, what if times > 1 else "it has")


def _n_scans(data):
    """How many scans the first picture in the bytes of a JPEG has."""
    n, place = 0, 2
    while found := _MARKER.search(data, place):
        marker, place = found[1][0], found.end()
        if marker == _END:
            break
        n += marker == _SCAN
        if marker not in _BARE:
            # What is inside of a segment, such as a small picture, is not looked at.
            place += max(2, int.from_bytes(data[place : place + 2]))
    return n


def _bands(image):
    """Rows of a loaded image, a few at a time: slices and Pillow's images."""
    n_rows = max(1, _BAND // image.width)
    if n_rows >= image.height:
        yield slice(None), image
        return
    for top in range(0, image.height, n_rows):
        bottom = min(top + n_rows, image.height)
        yield slice(top, bottom), image.crop((0, top, image.width, bottom))


def _grey(image):
    """A loaded image as grey pixels, band by band."""
    from PIL import Image

    if image.mode[0] in "IF":
        return _grey_numbers(image)
    grey = np.empty((image.height, image.width), np.uint8)
    if not image.has_transparency_data:
        for rows, band in _bands(image):
            grey[rows] = band.convert("L")
        return grey
    for paper in ("white", "black"):
        for rows, band in _bands(image):
            band = band.convert("RGBA")
            drawn = Image.alpha_composite(Image.new("RGBA", band.size, paper), band)
            grey[rows] = drawn.convert("L")
        if np.ptp(grey) > 0:
            break  # white ink does not show on white
    return grey


def _grey_numbers(image):
    """Pixels of 16 bits, whose white is 65535, of 32, or floats, whose white may be 1 or 255."""
    greatest = []
    for _, band in _bands(image):
        pixels = np.asarray(band)
        if not np.isfinite(pixels).all():
            raise ValueError("it has pixels that are no finite numbers.")
        greatest.append(pixels.max())
    whites = {"f": (1, 255), "i": (255,), "u": ()}[pixels.dtype.kind]
    # Resampling may have gone beyond white.
    white = next((white for white in whites if max(greatest) <= 1.1 * white), 65535)
    grey = np.empty((image.height, image.width), np.uint8)
    for rows, band in _bands(image):
        grey[rows] = np.clip(band, 0, white).astype(np.float32) * (255 / white) + 0.5
    return grey


def _turned(grey, image):
    """Pixels turned by what the camera notes of its position, from 1 to 8."""
    turn = {
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.T,
        6: lambda a: a.T[:, ::-1],
        7: lambda a: a.T[::-1, ::-1],
        8: lambda a: a.T[::-1],
    }.get(image.getexif().get(0x0112))
    return grey if turn is None else np.ascontiguousarray(turn(grey))
