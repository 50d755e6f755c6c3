"""
Reading a form
==============

A form has fields, people write numbers into them, and somebody wants a table. Here three
forms are drawn, filled in with a pen and photographed in uneven light.
:class:`~cnn_digits.NumberReader` reads them as it comes, without any training: first whole
forms, then the fields cut out of them.
"""

# %%
# Forms that are filled in
# ------------------------
#
# Each digit is a curve through a few points, drawn with a round pen, in a size and at a
# distance of its own. A field is a box; its name is printed to the left of it.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage
from scipy.interpolate import make_interp_spline

from cnn_digits import NumberReader, NumbersDisplay

# Points (x, y) on each stroke, from 0 to 1 and from top to bottom.
STROKES = {
    0: [[(0.6, 0), (0.15, 0.4), (0.4, 1), (0.85, 0.6), (0.55, 0)]],
    1: [[(0.35, 0.2), (0.55, 0)], [(0.55, 0), (0.45, 1)]],
    2: [[(0.15, 0.25), (0.5, 0), (0.75, 0.3), (0.1, 1)], [(0.1, 1), (0.9, 0.95)]],
    3: [[(0.2, 0.05), (0.7, 0.1), (0.35, 0.45)], [(0.35, 0.45), (0.8, 0.7), (0.15, 0.95)]],
    4: [[(0.35, 0), (0.1, 0.6)], [(0.1, 0.6), (0.9, 0.55)], [(0.7, 0.2), (0.6, 1)]],
    5: [[(0.8, 0), (0.3, 0.05)], [(0.3, 0.05), (0.2, 0.45)],
        [(0.2, 0.45), (0.75, 0.6), (0.15, 0.95)]],
    6: [[(0.65, 0), (0.2, 0.6), (0.45, 1), (0.75, 0.75), (0.25, 0.7)]],
    7: [[(0.1, 0.05), (0.85, 0)], [(0.85, 0), (0.4, 1)]],
    8: [[(0.7, 0.15), (0.3, 0.15), (0.7, 0.7), (0.45, 1), (0.3, 0.7), (0.7, 0.15)]],
    9: [[(0.75, 0.2), (0.35, 0.1), (0.35, 0.45), (0.75, 0.2), (0.65, 1)]],
}  # fmt: skip

# Left, top, right and bottom of each field.
FIELDS = {
    "postcode": (330, 60, 720, 160),
    "member": (330, 220, 720, 320),
    "amount": (330, 380, 720, 480),
}
ANSWERS = pd.DataFrame(
    {
        "postcode": ["20457", "01069", "80331"],
        "member": ["713", "4096", "58824"],
        "amount": ["125", "30", "1960"],
    }
)


def write(untouched, number, left, top, rng):
    """Write a number with a pen: where it has been, `untouched` becomes False."""
    size = rng.uniform(55, 70)
    for digit in number:
        for points in STROKES[int(digit)]:
            points = np.array(points) * (0.7 * size, size) + (left, top)
            points += rng.normal(0, 0.02 * size, points.shape)
            along = make_interp_spline(
                range(len(points)), points, k=min(2, len(points) - 1)
            )
            x, y = along(np.linspace(0, len(points) - 1, 1000)).astype(int).T
            untouched[y, x] = False
        left += size * rng.uniform(0.72, 0.95)


def form(answers, rng):
    """A photo of a form that is filled in; (height, width), uint8."""
    paper = Image.new("L", (800, 540), 235)
    draw = ImageDraw.Draw(paper)
    untouched = np.ones((540, 800), dtype=bool)
    for name, (left, top, right, bottom) in FIELDS.items():
        draw.text((60, top + 30), name, fill=90, font=ImageFont.load_default(36))
        draw.rectangle((left, top, right, bottom), outline=120, width=2)
        start = left + rng.uniform(12, 40), top + rng.uniform(12, 24)
        write(untouched, answers[name], *start, rng)
    pixels = np.array(paper, dtype=float)
    pixels[ndimage.distance_transform_edt(untouched) < rng.uniform(2, 3.5)] = 60
    down, right = np.mgrid[: 1 : 540 * 1j, : 1 : 800 * 1j]
    light = 1 - 0.35 * (down * rng.uniform() + right * rng.uniform())
    photo = ndimage.gaussian_filter(pixels * light, 1) + rng.normal(0, 3, pixels.shape)
    return photo.clip(0, 255).astype(np.uint8)


rng = np.random.default_rng(1)
forms = [form(answers, rng) for answers in ANSWERS.to_dict("records")]

# %%
# The whole form
# --------------
#
# The reader finds the lines of writing by itself. Round each number that it reads is a box,
# round each of its digits another; what is less sure than `reject` has a question mark.
# Letters it does not know: it passes over them, or makes numbers of some, mostly doubtful
# ones.

reader = NumberReader()
NumbersDisplay.from_estimator(reader, forms, reject=0.5)
plt.show()

# %%
# A reading has lines, a line numbers, and a number its digits. As a table, those of the
# first form:

reading = reader.read(forms)[0]
print(reading.to_frame())

# %%
# The fields
# ----------
#
# Where each field is, is known of a form: cut them out, and tell the reader that there is
# one line on each. Then what is printed beside the fields does not matter.

cut = [
    photo[top:bottom, left:right]
    for photo in forms
    for left, top, right, bottom in FIELDS.values()
]
reader = NumberReader(lines=1)
numbers = reader.predict(cut).reshape(len(forms), len(FIELDS))
table = pd.DataFrame(numbers, columns=list(FIELDS))
print(table)
print(f"{(table == ANSWERS).to_numpy().sum()} of {table.size} fields read right")

# %%
# Each with the probability that it is right; the least sure ones are those to look at.

sure = reader.confidence(cut).reshape(len(forms), len(FIELDS))
print(pd.DataFrame(sure, columns=list(FIELDS)).round(3))

NumbersDisplay.from_estimator(reader, cut, reject=0.9)
plt.show()
# sphinx_gallery_start_ignore
found = [set(reading.text.split()) for reading in NumberReader().read(forms)]
assert sum(len(found[i] & set(row)) for i, row in enumerate(ANSWERS.to_numpy())) >= 7
assert (table == ANSWERS).to_numpy().sum() >= 8
# sphinx_gallery_end_ignore

# %%
# Numbers are texts, so that the zero in front of a postal code stays. A program has written
# these digits, all in one hand: what to expect of people's, and how the reader learns a
# hand, is told in :ref:`numbers`.
