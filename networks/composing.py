"""Lines of digits as people write them, composed of single glyphs: text, spacing and pen.

Lengths without a unit are shares of the height of a digit.
"""

from dataclasses import dataclass, field

import numpy as np
from glyphs import cut_out
from PIL import Image, ImageDraw
from scipy import ndimage
from shapes import SHAPES, drawn
from strokes import stroke_width

# Numbers have so many digits, from one on.
LENGTHS = np.array([8, 14, 16, 16, 16, 11, 7, 5, 4, 3]) / 100

# What a line holds besides a number, or instead of it.
EMPTY, WORDS = 0.12, 0.06

# Of lines that hold no number, so many are stained paper.
STAINS = 0.35

# One and the same digit for so many of a line: ones are thin, and lost the easiest.
ONES = 0.15


@dataclass(frozen=True)
class Kind:
    """What lines are composed of, and how hard they are to read.

    Parameters
    ----------
    pools : list of (Glyphs, float)
        Digits, and how often a line is written with them.
    signs : dict
        Of `glyphs.signs`: letters and currencies.
    clean : bool
        Clean paper, natural spacing, one pair in five touching, nothing but digits: to measure on.
    shapes : float
        Share of the hands that write a digit in a shape that no collection has, for each of those
        digits. None on clean paper.
    """

    pools: list
    signs: dict
    clean: bool = False
    shapes: float = 0.0


@dataclass
class Line:
    """What is written: its ink, and where each symbol stands.

    Parameters
    ----------
    ink : ndarray of float32, shape (h, w)
    height : float
        Of a digit, in pixels.
    symbols, centres : list
        Characters and columns.
    extents : list of (int, int, int, int)
        Left, top, right and bottom of each symbol.
    """

    ink: np.ndarray
    height: float
    symbols: list = field(default_factory=list)
    centres: list = field(default_factory=list)
    extents: list = field(default_factory=list)


class Hand:
    """How somebody writes one line: slant, width, spacing, pen.

    Parameters
    ----------
    rng : numpy.random.Generator
    clean : bool
    shapes : float, default=0.0
        As in `Kind`.
    """

    def __init__(self, rng, clean, shapes=0.0):
        self.rng = rng
        self.clean = clean
        self.height = rng.uniform(20, 34)
        self.slant = rng.normal(0.06, 0.12 if clean else 0.2)
        self.wide = np.exp(rng.normal(0, 0.08 if clean else 0.2))
        self.sizes = rng.uniform(0, 0.05 if clean else 0.14)
        self.drift = rng.uniform(0, 0.03 if clean else 0.09)
        self.climb = 0.0 if clean else rng.normal(0, 0.03)
        self.small_zeros = rng.uniform(0.4, 0.85) if rng.uniform() < 0.3 and not clean else 1.0
        self.long_fives = not clean and rng.uniform() < 0.15
        self.turned_nines = not clean and rng.uniform() < 0.05
        kind = rng.uniform()
        if clean:
            self.gap, self.gaps = rng.uniform(0.1, 0.35), 0.05
        elif kind < 0.35:
            self.gap, self.gaps = rng.uniform(-0.05, 0.12), 0.06
        elif kind < 0.8:
            self.gap, self.gaps = rng.uniform(0.1, 0.4), 0.08
        else:
            self.gap, self.gaps = rng.uniform(0.4, 1.1), 0.25
        self.pen = max(1.0, self.height * rng.uniform(0.05, 0.14))
        some = SHAPES if shapes and not clean else ()
        self.shapes = {label for label in some if rng.uniform() < shapes}

    def next_gap(self):
        """Paper between two digits at their nearest; below zero they overlap."""
        if self.clean and self.rng.uniform() < 0.2:
            return self.rng.uniform(-0.06, 0.0)
        if not self.clean and self.rng.uniform() < 0.12:
            return self.rng.uniform(-0.15, 0.03)
        return max(self.rng.normal(self.gap, self.gaps), 0.04 if self.clean else -0.2)

    def shaped(self, image, size):
        """A glyph as this hand writes it, so many pixels high, with columns to spare."""
        rng = self.rng
        scale = size / 40
        slant = self.slant + rng.normal(0, 0.03 if self.clean else 0.07)
        turn = rng.normal(0, 0.02 if self.clean else 0.05)
        wide = self.wide * np.exp(rng.normal(0, 0.04 if self.clean else 0.1)) * scale
        rows = image.shape[0] * scale
        lean = abs(slant) * rows
        room = abs(turn) * image.shape[1] * wide
        shape = (int(rows + room) + 3, int(image.shape[1] * wide + lean + abs(turn) * rows) + 3)
        forward = np.array([[1, turn], [-turn, 1]]) @ np.array([[1, 0], [-slant, 1]])
        forward = forward @ np.diag([scale, wide])  # rows and columns of the glyph to the canvas
        back = np.linalg.inv(forward)
        middle = (np.array(image.shape) - 1) / 2 - back @ ((np.array(shape) - 1) / 2)
        (a, b), (c, d) = back
        how = (d, c, middle[1], b, a, middle[0])  # Pillow: x from x and y, then y
        bigger = Image.fromarray(image)
        return np.asarray(
            bigger.transform(shape[::-1], Image.Transform.AFFINE, how, Image.Resampling.BILINEAR)
        )


class Writer:
    """Writes one line from left to right.

    Parameters
    ----------
    hand : Hand
    n_digits : int
        That fit at least.
    """

    def __init__(self, hand, n_digits):
        self.hand = hand
        h = hand.height
        self.rows, self.base = int(3.2 * h), 2.05 * h
        self.line = Line(np.zeros((self.rows, int((n_digits + 6) * 2.4 * h)), np.float32), h)
        self.front = np.full(self.rows, -np.inf)
        self.x = h
        self.walk = 0.0
        self.last_end = None

    def put(self, glyph, lower_edge, gap, symbol=None):
        """A shaped glyph to the right of what is written; `lower_edge` above the base line."""
        hand, h = self.hand, self.hand.height
        is_ink = glyph > 90
        rows, columns = np.nonzero(is_ink)
        if not rows.size:
            return
        rng = hand.rng
        self.walk = 0.7 * self.walk + rng.normal(0, hand.drift * h)
        foot = self.base + self.walk - lower_edge * h + hand.climb * (self.x - h)
        top = int(np.clip(foot - rows.max(), 0, self.rows - glyph.shape[0]))
        left = np.where(is_ink.any(axis=1), is_ink.argmax(axis=1), 10**6)
        right = np.where(
            is_ink.any(axis=1), glyph.shape[1] - is_ink[:, ::-1].argmax(axis=1), -(10**6)
        )
        part = slice(top, top + glyph.shape[0])
        reach = max(1, round(0.12 * h))
        near = ndimage.maximum_filter1d(self.front, 2 * reach + 1)[part]
        at = np.max(near - left) + gap * h
        behind = self.front.max()
        if np.isfinite(behind):
            # Not far below what hangs over, nor ever before it.
            at = max(at, behind - 0.3 * h - columns.min(), self.x + 0.12 * h - columns.mean())
        else:
            at = self.x - columns.min()
        at = round(at)
        if at + glyph.shape[1] >= self.line.ink.shape[1] or at < 0:
            return
        field_ = self.line.ink[part, at : at + glyph.shape[1]]
        np.maximum(field_, glyph / np.float32(255), out=field_)
        self.front[part] = np.maximum(self.front[part], at + right)
        self.x = at + columns.mean()
        start, end = at + columns.min(), at + columns.max() + 1
        self.last_end = at + columns.max(), top + rows[columns.argmax()]
        if symbol is not None:
            self.line.symbols.append(symbol)
            self.line.centres.append((start + end) / 2)
            self.line.extents.append((start, top + rows.min(), end, top + rows.max() + 1))

    def bar(self):
        """The last digit's upper edge drawn on over the next, as of fives like a root sign."""
        rng, h = self.hand.rng, self.line.height
        left, top, right, _ = self.line.extents[-1]
        y = top + 0.5 * self.hand.pen
        end = right + h * rng.uniform(0.1, 1.2), y - h * rng.uniform(-0.05, 0.25)
        self._draw((left + (right - left) * rng.uniform(0.3, 0.8), y), end)

    def skip(self, gap):
        """Leave room."""
        self.front += gap * self.hand.height

    def link(self, before):
        """A stroke from where a digit ends to where the next begins, as between zeros."""
        left, top, _, bottom = self.line.extents[-1]
        if before is None or not 0 < left - before[0] < 0.8 * self.line.height:
            return
        y = top + (bottom - top) * self.hand.rng.uniform(0, 0.4)
        self._draw(before, (left + 1, y))

    def _draw(self, start, end):
        image = Image.new("L", self.line.ink.shape[::-1])
        width = max(1, round(0.7 * self.hand.pen))
        ImageDraw.Draw(image).line([start, end], 255, width)
        np.maximum(self.line.ink, np.asarray(image) / np.float32(255), out=self.line.ink)


def stroke(points, pen, h):
    """A glyph of straight strokes; points in heights of a digit, (x, y), y down."""
    fine = 3
    points = np.array(points) * h * fine
    pen = max(1, round(pen * fine))
    points = points - points.min(axis=(0, 1)) + pen
    size = np.ceil((points.max(axis=(0, 1)) + pen) / fine).astype(int) + 1
    image = Image.new("L", tuple(int(side) * fine for side in size))
    for line in points:
        ImageDraw.Draw(image).line([tuple(p) for p in line], 255, pen, joint="curve")
        for x, y in line:
            ImageDraw.Draw(image).ellipse(
                [x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2], fill=255
            )
    return np.asarray(image.resize(tuple(int(side) for side in size), Image.Resampling.BOX))


def dot(rng, pen, h):
    return stroke([[(0, 0), tuple(rng.uniform(0, 0.05, 2))]], pen * rng.uniform(1, 1.8), h)


def comma(rng, pen, h):
    length = rng.uniform(0.12, 0.3)
    return stroke(
        [[(0, 0), (-length * rng.uniform(0.1, 0.8), length)]], pen * rng.uniform(0.9, 1.3), h
    )


def dash(rng, pen, h):
    length, rise = rng.uniform(0.15, 0.7), rng.normal(0, 0.05)
    lines = [[(0, 0), (length, rise)]]
    if rng.uniform() < 0.3:
        apart = rng.uniform(0.12, 0.3)
        lines.append([(rng.normal(0, 0.05), apart), (length, apart + rise)])
    return stroke(lines, pen * rng.uniform(0.8, 1.2), h)


def slash(rng, pen, h):
    # Longer than a one.
    return stroke([[(rng.uniform(0.3, 0.8), 0), (0, rng.uniform(1.25, 1.7))]], pen, h)


def scribble(rng, pen, h):
    """Strokes that mean nothing."""
    lines = []
    for _ in range(rng.integers(1, 4)):
        start = rng.uniform(0, 1, 2)
        steps = rng.normal(0, 0.35, (rng.integers(2, 7), 2))
        lines.append(np.clip(start + np.cumsum(steps, axis=0), 0, 1.2) * [1.5, 1])
    n = min(len(line) for line in lines)
    return stroke([line[:n] for line in lines], pen, h)


def stain(line, rng):
    """Paint a stain where a number might have been: its edge is no stroke."""
    rows, columns = line.ink.shape
    h = line.height
    height, width = int(h * rng.uniform(0.8, 2.5)), int(h * rng.uniform(1, 7))
    width, top = min(width, columns - 1), int(rng.integers(0, rows - height))
    left = int(rng.integers(0, columns - width))
    field_ = ndimage.gaussian_filter(
        rng.standard_normal((height, width), dtype=np.float32), h * rng.uniform(0.15, 0.8)
    )
    is_stained = field_ > rng.uniform(-0.5, 1) * field_.std()
    line.ink[top : top + height, left : left + width] = is_stained * np.float32(rng.uniform(0.4, 1))


def written(kind, rng):
    """One line as its ink: a number with what people write around it, or none."""
    hand = Hand(rng, kind.clean, kind.shapes)
    chance = rng.uniform()
    if kind.clean:
        n_digits = int(rng.integers(2, 11))
    elif chance < EMPTY:
        n_digits = 0
    else:
        n_digits = int(rng.choice(len(LENGTHS), p=LENGTHS / LENGTHS.sum())) + 1
    writer = Writer(hand, max(n_digits, 3))
    if not kind.clean:
        if n_digits == 0 and rng.uniform() < STAINS:
            stain(writer.line, rng)
        elif n_digits == 0 or chance > 1 - WORDS:
            words(writer, kind, rng)
        elif rng.uniform() < 0.04:
            _currency(writer, kind, rng)
    if n_digits:
        _number(writer, kind, n_digits, rng)
        if not kind.clean:
            _ending(writer, kind, rng)
    return writer.line


def _number(writer, kind, n_digits, rng):
    hand = writer.hand
    shares = np.array([share for _, share in kind.pools])
    pool = kind.pools[rng.choice(len(shares), p=shares / shares.sum())][0]
    places = pool.alike(8 * n_digits, rng)
    wanted = rng.integers(0, 10, n_digits)
    if not kind.clean and n_digits > 2 and rng.uniform() < 0.2:
        wanted[rng.integers(1, n_digits) :] = 0
    if not kind.clean and rng.uniform() < 0.08:
        wanted[:] = wanted[0]
    if not kind.clean and rng.uniform() < ONES:
        wanted[rng.uniform(size=n_digits) < 0.4] = 1
    groups = not kind.clean and rng.uniform() < 0.35
    mark = rng.choice([".", ",", " ", "-"], p=[0.55, 0.15, 0.25, 0.05])
    links = not kind.clean and rng.uniform() < (0.35 if hand.small_zeros < 1 else 0.1)
    for i, label in enumerate(wanted):
        of_label = places[pool.labels[places] == label]
        if not of_label.size:
            of_label = np.flatnonzero(pool.labels == label)
            if pool.writers[0]:
                same = of_label[pool.writers[of_label] == pool.writers[places[0]]]
                of_label = same if same.size else of_label
        image = pool.images[rng.choice(of_label)]
        if label == 9 and hand.turned_nines:
            image = np.ascontiguousarray(image[:, ::-1])  # like a P
        if label in hand.shapes:
            ink = drawn(label, max(2.0, stroke_width(image / np.float32(255))), rng)
            image = cut_out(ink)
        size = hand.height * np.exp(rng.normal(0, hand.sizes))
        lower = 0.0
        if label == 0 and hand.small_zeros < 1 and i:
            size *= hand.small_zeros
            lower = rng.choice([0.0, rng.uniform(0, 1 - hand.small_zeros)])
        before = writer.last_end
        n_before = len(writer.line.symbols)
        writer.put(hand.shaped(image, size), lower, hand.next_gap(), str(label))
        is_linked = links and label in (0, 5, 6, 8, 9) and rng.uniform() < 0.7
        is_put = len(writer.line.symbols) > n_before
        if i and is_linked and is_put:
            writer.link(before)
        if label == 5 and hand.long_fives and is_put:
            writer.bar()
        if groups and (n_digits - 1 - i) % 3 == 0 and i < n_digits - 1:
            _separator(writer, mark, rng)


def _separator(writer, mark, rng):
    hand, h = writer.hand, writer.hand.height
    if mark == " ":
        writer.skip(rng.uniform(0.2, 0.7))
    elif mark == "-":
        writer.put(dash(rng, hand.pen, h), rng.uniform(0.3, 0.6), rng.uniform(0.05, 0.3), "-")
    elif mark == ".":
        writer.put(dot(rng, hand.pen, h), rng.uniform(-0.05, 0.12), rng.uniform(-0.05, 0.2), ".")
    else:
        writer.put(comma(rng, hand.pen, h), rng.uniform(-0.3, -0.05), rng.uniform(-0.05, 0.2), ",")


def _ending(writer, kind, rng):
    """What closes amounts: a dot, a dash, both, a fraction of dashes."""
    hand, h = writer.hand, writer.hand.height
    chance = rng.uniform()
    if chance < 0.12 or 0.2 < chance < 0.24:
        _separator(writer, rng.choice([".", ","], p=[0.8, 0.2]), rng)
    if chance < 0.2:
        lower = rng.uniform(0, 0.7)
        for _ in range(rng.integers(1, 3)):
            writer.put(dash(rng, hand.pen, h), lower, rng.uniform(0.0, 0.3), "-")
    elif 0.24 < chance < 0.26:
        writer.put(slash(rng, hand.pen, h), -0.1, rng.uniform(0, 0.2), "/")
    elif 0.26 < chance < 0.29:
        writer.skip(rng.uniform(0.2, 0.8))
        words(writer, kind, rng, 3)
    elif 0.29 < chance < 0.31:
        _currency(writer, kind, rng)


def words(writer, kind, rng, longest=7):
    """Letters and scribbles, which are no digits."""
    hand = writer.hand
    if rng.uniform() < 0.3:
        return
    if rng.uniform() < 0.3:
        for _ in range(rng.integers(1, 4)):
            size = hand.height * rng.uniform(0.4, 1.2)
            writer.put(scribble(rng, hand.pen, size), rng.uniform(-0.2, 0.3), rng.uniform(0, 0.5))
        return
    letters = [c for c, glyphs in kind.signs.items() if c.isalpha() and glyphs]
    style = int(rng.integers(100))
    for _ in range(rng.integers(1, longest)):
        glyphs = kind.signs[rng.choice(letters)]
        image, lower = glyphs[style % len(glyphs)]
        writer.put(hand.shaped(image, hand.height * 0.9), lower, rng.uniform(0.02, 0.15))
    writer.skip(rng.uniform(0.2, 1))


def _currency(writer, kind, rng):
    sign = rng.choice(["$", "€", "£"])
    image, lower = kind.signs[sign][rng.integers(len(kind.signs[sign]))]
    writer.put(writer.hand.shaped(image, writer.hand.height), lower, rng.uniform(0.05, 0.4), sign)
