"""How the network that reads lines is trained: on lines that are composed for it."""

import multiprocessing
from dataclasses import dataclass

import composing
import glyphs
import keras
import numpy as np
import picturing
import writing
from keras import ops

from cnn_digits import load_pretrained
from cnn_digits.reading.line_network import SHARED, STRIDE, build_network
from cnn_digits.reading.strips import STRIP_HEIGHT, strip_of
from cnn_digits.reading.symbols import BLANK, SYMBOLS

# Of MNIST's first 50,000 digits so many train; of the others it is learnt how sure one can be.
N_TRAIN = 47_000

# No line that is composed has more symbols.
MOST = 32

# Lines that one process composes at a time.
_CHUNK = 500

# Columns beside that of a symbol which may say it as well, or nothing.
_BESIDE = 1

# Where it isn't told what a column must say.
_ANY = -1


@dataclass(frozen=True)
class Recipe:
    """What training takes.

    Parameters
    ----------
    n_lines : int
    epochs : int
    batch_size : int
    learning_rate : float
        The highest.
    """

    n_lines: int = 160_000
    epochs: int = 2
    batch_size: int = 32
    learning_rate: float = 2e-3


@dataclass(frozen=True)
class Lines:
    """Strips, what each column of the answer must say, and what is written.

    Parameters
    ----------
    strips : list of ndarray of uint8, shape (24, width)
    columns : list of ndarray of int, shape (width / 2,)
    texts : list of str
    """

    strips: list
    columns: list
    texts: list


def kind_for_training(n=None):
    """All digits that may train, `n` of each collection or all."""
    train = writing.mnist()[0][:N_TRAIN][:n]
    pools = [
        (glyphs.mnist(train), 0.36),
        (glyphs.mnist(train[::2], seed=0), 0.2),
        (glyphs.swiss(n), 0.32),
        (glyphs.optdigits(n), 0.05),
        (glyphs.printed(), 0.07),
    ]
    return composing.Kind(pools, _signs())


def kind_for_calibration():
    """Lines as hard as those that train, of digits that don't."""
    spare = writing.mnist()[0][N_TRAIN:]
    pools = [(glyphs.mnist(spare), 0.6), (glyphs.mnist(spare, seed=1), 0.4)]
    return composing.Kind(pools, _signs())


def kind_for_measuring():
    """MNIST's last 10,000 on clean paper."""
    return composing.Kind([(glyphs.mnist(writing.mnist()[1]), 1.0)], {}, clean=True)


def _signs():
    return glyphs.signs(glyphs.LETTERS + "$€£")


_kind = None


def _start(kind):
    global _kind  # each process has its own
    _kind = kind


def composed(kind, n_lines, seed, n_processes=2):
    """So many lines; the same for the same seed, however many processes."""
    seeds = np.random.SeedSequence(seed).spawn(-(-n_lines // _CHUNK))
    lines = Lines([], [], [])
    with multiprocessing.get_context("fork").Pool(n_processes, _start, [kind]) as pool:
        for strips, columns, texts in pool.imap(_chunk, seeds):
            lines.strips.extend(strips)
            lines.columns.extend(columns)
            lines.texts.extend(texts)
    return Lines(lines.strips[:n_lines], lines.columns[:n_lines], lines.texts[:n_lines])


def _chunk(seed):
    rng = np.random.default_rng(seed)
    strips, columns, texts = [], [], []
    while len(strips) < _CHUNK:
        line = composing.written(_kind, rng)
        picture, region, factor, begin = picturing.photographed(line, _kind, rng)
        strip = strip_of(picture.astype(np.float32), region)
        if strip is None:
            continue
        places = [(((c - begin) * factor) - strip.left) / strip.scale for c in line.centres]
        strips.append(strip.pixels)
        said, text = _said(strip.pixels.shape[1], places, line.symbols)
        columns.append(said)
        texts.append(text)
    return strips, columns, texts


def _said(width, places, symbols):
    """What each column of the answer says, and the text of what is on the strip."""
    order = np.argsort(places)
    said = np.zeros(width // STRIDE, dtype=np.int8)
    text = ""
    taken = -1
    for i in order:
        column = max(int(places[i] // STRIDE), taken + 1)
        if not 0 <= places[i] < width or column >= len(said):
            continue
        for beside in range(column - _BESIDE, column + _BESIDE + 1):
            if 0 <= beside < len(said) and said[beside] == 0:
                said[beside] = _ANY
        said[column] = 1 + SYMBOLS.index(symbols[i])
        text += symbols[i]
        taken = column
    return said, text[:MOST]


class Batches(keras.utils.PyDataset):
    """Lines of like widths together, in another order each epoch."""

    def __init__(self, lines, batch_size, seed):
        super().__init__()
        self._lines, self._size = lines, batch_size
        self._rng = np.random.default_rng(seed)
        self._widths = np.array([strip.shape[1] for strip in lines.strips])
        self.on_epoch_end()

    def __len__(self):
        return len(self._batches)

    def on_epoch_end(self):
        shuffled = self._rng.permutation(len(self._widths))
        noisy = self._widths[shuffled] * self._rng.uniform(0.95, 1.05, len(shuffled))
        order = shuffled[np.argsort(noisy, kind="stable")]
        n = len(order) // self._size * self._size
        self._batches = self._rng.permutation(order[:n].reshape(-1, self._size))

    def __getitem__(self, i):
        rows = self._batches[i]
        width = -(-self._widths[rows].max() // 8) * 8 + 8
        strips = np.zeros((len(rows), STRIP_HEIGHT, width, 1), np.uint8)
        wanted = np.zeros((len(rows), width // STRIDE + MOST), np.int32)
        for k, row in enumerate(rows):
            strip = self._lines.strips[row]
            # Anywhere: convolutions must not learn where strips begin.
            at = 4 * int(self._rng.integers(0, (width - strip.shape[1]) // 4 + 1))
            strips[k, :, at : at + strip.shape[1], 0] = strip
            said = self._lines.columns[row]
            wanted[k, at // STRIDE : at // STRIDE + len(said)] = said
            text = [1 + SYMBOLS.index(c) for c in self._lines.texts[row]]
            wanted[k, width // STRIDE : width // STRIDE + len(text)] = text
        return strips, wanted


def loss(wanted, logits):
    """Connectionist temporal classification, and beside it what each column must say.

    The second knows where digits are from the first step on; the first cares for the text alone.
    """
    n_columns = ops.shape(logits)[1]
    said, text = wanted[:, :n_columns], wanted[:, n_columns:]
    each = keras.losses.sparse_categorical_crossentropy(
        ops.maximum(said, 0), logits, from_logits=True
    )
    by_column = ops.sum(each * ops.cast(said >= 0, "float32"), axis=1)
    n_symbols = ops.sum(ops.cast(text > 0, "int32"), axis=1)
    lengths = ops.zeros_like(n_symbols) + n_columns
    by_text = ops.ctc_loss(text, logits, n_symbols, lengths, mask_index=BLANK)
    return (by_column + by_text) / 16


def begun():
    """The network before it has seen any line: its first layers know single digits."""
    network = build_network(seed=0)
    digits = load_pretrained("digits").model_
    for name in SHARED:
        network.get_layer(name).set_weights(digits.get_layer(name).get_weights())
    return network


def trained(network, lines, recipe, seed=0, callbacks=()):
    """The network, trained on lines: a warm-up, then down a cosine."""
    batches = Batches(lines, recipe.batch_size, seed)
    n_steps = len(batches) * recipe.epochs
    rate = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 20,
        n_steps,
        alpha=0.02 * 20,
        warmup_target=recipe.learning_rate,
        warmup_steps=min(300, n_steps // 5),
    )
    network.compile(keras.optimizers.AdamW(rate, weight_decay=1e-3, clipnorm=5.0), loss)
    network.fit(batches, epochs=recipe.epochs, verbose=2, shuffle=False, callbacks=[*callbacks])
    return network
