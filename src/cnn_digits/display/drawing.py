"""What displays draw with: axes, and text on them that fits, with numbers that read well."""

from unicodedata import category

# Categories of characters: control, lone surrogates (bytes of a file's name that are no UTF-8),
# ends of lines and paragraphs.
_NOT_SHOWN = {"Cc", "Cs", "Zl", "Zp"}

# Points. Text is made smaller where it would not fit.
LARGEST_FONT = 10

# Of Okabe and Ito's colours, which everybody can tell apart, the one for a warning.
VERMILLION = "#D55E00"

# Names of files are shortened to so many characters.
_LONG_NAME = 26


def new_axes(width, height):
    """Axes in a figure of their own, of so many inches."""
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def final_box(ax):
    """Where the axes will be when it is drawn, in pixels: layout and aspect may move it."""
    ax.figure.figure.draw_without_rendering()
    return ax.get_window_extent()


def shrink(texts, width, height):
    """Make texts smaller, all alike, until each fits into so many pixels."""
    # Again, because letters of small sizes are rounded to whole pixels.
    for _ in range(3):
        boxes = [text.get_window_extent() for text in texts]
        # At least one pixel, because an empty text has none.
        widest = max(1, *(box.width for box in boxes))
        highest = max(1, *(box.height for box in boxes))
        ratio = min(width / widest, height / highest)
        if ratio >= 1:
            break
        for text in texts:
            text.set_fontsize(text.get_fontsize() * ratio)


def shown(value):
    """A label or a name in characters that can be drawn, and stay in their line."""
    return "".join(
        char.encode("unicode_escape").decode() if category(char) in _NOT_SHOWN else char
        for char in str(value)
    )


def shortened(name):
    """A name with its middle left out if it is too long for a picture."""
    return name if len(name) <= _LONG_NAME else f"{name[:10]}…{name[-_LONG_NAME + 11 :]}"


def percent(share):
    """A share in words that never say none or all of what is only nearly so."""
    # Rounded, one error in 10,000 would be none, and a probability of 0.9999 certainty.
    if 0 < share < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %"


def count_of(n, singular, plural=None):
    """A number of things: "1 image", "1,000 images"."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"
