"""How the network that reads lines is trained: in some courses, on lines composed for it."""

import multiprocessing
from dataclasses import dataclass, replace

import composing
import glyphs
import keras
import numpy as np
import picturing
import tensorflow
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

# That train at once, and steps after which it is told how far they are.
_PROCESSES, _TOLD = 2, 500

# Where it isn't told what a column must say.
_ANY = -1


@dataclass(frozen=True)
class Recipe:
    """What a course of training takes.

    Parameters
    ----------
    n_lines : int
    epochs : int
    learning_rate : float
        The highest.
    shapes : float
        See `composing.Kind`.
    clean : float
        Share of the lines on clean paper, with nothing but digits.
    batch_size : int
    """

    n_lines: int
    epochs: int
    learning_rate: float
    shapes: float
    clean: float = 0.25
    batch_size: int = 64


# First what most people write; then shapes that few do as well; then more of both, and more on
# clean paper.
_FIRST = Recipe(320_000, epochs=3, learning_rate=2.5e-3, shapes=0.0)
_SECOND = Recipe(160_000, epochs=1, learning_rate=8e-4, shapes=0.15)
_LAST = Recipe(320_000, epochs=1, learning_rate=1.2e-3, shapes=0.15, clean=0.4)
COURSES = _FIRST, _SECOND, _SECOND, _LAST


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


def kind_for_training(n=None, shapes=0.0):
    """All digits that may train, `n` of each collection or all."""
    train = writing.mnist()[0][:N_TRAIN][:n]
    pools = [
        (glyphs.mnist(train), 0.36),
        (glyphs.mnist(train[::2], seed=0), 0.2),
        (glyphs.swiss(n), 0.32),
        (glyphs.optdigits(n), 0.05),
        (glyphs.printed(), 0.07),
    ]
    return composing.Kind(pools, _signs(), shapes=shapes)


def kind_for_calibration():
    """Lines as hard as those that train, of digits that don't."""
    spare = writing.mnist()[0][N_TRAIN:]
    pools = [(glyphs.mnist(spare), 0.6), (glyphs.mnist(spare, seed=1), 0.4)]
    return composing.Kind(pools, _signs(), shapes=_SECOND.shapes)


def kind_for_measuring():
    """MNIST's last 10,000 on clean paper."""
    return composing.Kind([(glyphs.mnist(writing.mnist()[1]), 1.0)], {}, clean=True)


def _signs():
    return glyphs.signs(glyphs.LETTERS + "$€£")


_kind, _clean = None, None


def _start(kind, clean):
    global _kind, _clean  # each process has its own
    _kind, _clean = kind, clean


def composed(kind, n_lines, seed, clean=0.25, n_processes=2):
    """So many lines, of them a share on clean paper.

    The same for the same seed, however many processes.
    """
    seeds = np.random.SeedSequence(seed).spawn(-(-n_lines // _CHUNK))
    lines = Lines([], [], [])
    with multiprocessing.get_context("fork").Pool(n_processes, _start, [kind, clean]) as pool:
        for strips, columns, texts in pool.imap(_chunk, seeds):
            lines.strips.extend(strips)
            lines.columns.extend(columns)
            lines.texts.extend(texts)
    return Lines(lines.strips[:n_lines], lines.columns[:n_lines], lines.texts[:n_lines])


def _chunk(seed):
    rng = np.random.default_rng(seed)
    strips, columns, texts = [], [], []
    on_clean_paper = replace(_kind, clean=True)
    while len(strips) < _CHUNK:
        kind = on_clean_paper if rng.uniform() < _clean else _kind
        line = composing.written(kind, rng)
        picture, region, factor, begin = picturing.photographed(line, kind, rng)
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


class Batches:
    """Lines of like widths together, in another order each epoch, and of each batch one's share.

    Parameters
    ----------
    lines : Lines
    size : int
        Of a batch as a whole.
    seed : int
    part, n_parts : int
        Which share, of how many.
    """

    def __init__(self, lines, size, seed, part, n_parts):
        self._lines, self._size = lines, size
        self._part, self._n_parts = part, n_parts
        # All agree on the batches; where in it a line stands concerns one alone.
        self._orders = np.random.default_rng([seed, 0])
        self._places = np.random.default_rng([seed, 1, part])
        self._widths = np.array([strip.shape[1] for strip in lines.strips])

    def __len__(self):
        return len(self._widths) // self._size

    def epoch(self):
        """Strips and what is wanted of them, batch after batch."""
        shuffled = self._orders.permutation(len(self._widths))
        noisy = self._widths[shuffled] * self._orders.uniform(0.95, 1.05, len(shuffled))
        order = shuffled[np.argsort(noisy, kind="stable")][: len(self) * self._size]
        for rows in self._orders.permutation(order.reshape(-1, self._size)):
            yield self._batch(rows[self._part :: self._n_parts], self._widths[rows].max())

    def _batch(self, rows, longest):
        width = -(-longest // 8) * 8 + 8
        strips = np.zeros((len(rows), STRIP_HEIGHT, width, 1), np.uint8)
        wanted = np.zeros((len(rows), width // STRIDE + MOST), np.int32)
        for k, row in enumerate(rows):
            strip = self._lines.strips[row]
            # Anywhere: convolutions must not learn where strips begin.
            at = 4 * int(self._places.integers(0, (width - strip.shape[1]) // 4 + 1))
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


def trained(lines, recipe, start=None, kept=None, seed=0):
    """The weights of a network trained on lines: a warm-up, then down a cosine.

    Each of two processes learns from half of each batch, on one thread: convolutions this small
    hardly gain from a second one, 7.3 ms a line in place of 8.5, two processes take 4.

    Parameters
    ----------
    lines : Lines
    recipe : Recipe
    start : ndarray of float32, shape (n_weights,), default=None
        What another course has returned, to go on from there.
    kept : Path, default=None
        Where the weights are kept after each epoch, because all of them take over an hour.
    seed : int, default=0

    Returns
    -------
    weights : ndarray of float32, shape (n_weights,)
        For `network_of`. TensorFlow has not computed in this process, so that another course may
        follow.
    """
    forks = multiprocessing.get_context("fork")
    with forks.Pool(1) as pool:  # TensorFlow must not have computed here before it is forked
        n_weights = pool.apply(_n_weights)
    shared = [np.frombuffer(forks.RawArray("f", n_weights), np.float32) for _ in range(_PROCESSES)]
    # So long one waits for the other, which then must have died.
    barrier = forks.Barrier(_PROCESSES, timeout=600)
    processes = [
        forks.Process(target=_train, args=(part, shared, barrier, lines, recipe, start, kept, seed))
        for part in range(_PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode:
            raise RuntimeError(f"training ended with {process.exitcode}; expected 0")
    return np.mean(shared, axis=0)


def network_of(weights):
    """The network with the weights that `trained` has returned."""
    network = build_network(seed=0)
    _unpack(network.weights, weights)
    return network


def _n_weights():
    return build_network(seed=0).count_params()


def _pack(arrays, into):
    np.concatenate([np.ravel(each) for each in arrays], out=into)


def _unpack(variables, values):
    start = 0
    for variable in variables:
        size = int(np.prod(variable.shape))
        variable.assign(values[start : start + size].reshape(variable.shape))
        start += size


def _train(part, shared, barrier, lines, recipe, start, kept, seed):
    """What one process does: its gradients in `shared`, the mean of all of them taken."""
    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    network = begun() if start is None else network_of(start)
    batches = Batches(lines, recipe.batch_size, seed, part, _PROCESSES)
    optimizer = _optimizer(recipe, len(batches) * recipe.epochs)
    variables = network.trainable_variables
    optimizer.build(variables)

    @tensorflow.function(
        input_signature=[
            tensorflow.TensorSpec((None, STRIP_HEIGHT, None, 1), "uint8"),
            tensorflow.TensorSpec((None, None), "int32"),
        ]
    )
    def gradients(strips, wanted):
        with tensorflow.GradientTape() as tape:
            value = ops.mean(loss(wanted, network(strips, training=True)))
        return value, tape.gradient(value, [v.value for v in variables])

    @tensorflow.function
    def apply(mean):
        sizes = [int(np.prod(v.shape)) for v in variables]
        parts = tensorflow.split(mean, sizes)
        optimizer.apply([ops.reshape(p, v.shape) for p, v in zip(parts, variables, strict=True)])

    n_trained = sum(int(np.prod(v.shape)) for v in variables)
    mine = shared[part][:n_trained]
    losses = []
    for epoch in range(recipe.epochs):
        for strips, wanted in batches.epoch():
            value, found = gradients(strips, wanted)
            losses.append(float(value))
            _pack(found, mine)
            barrier.wait()
            mean = np.mean([each[:n_trained] for each in shared], axis=0)
            barrier.wait()
            apply(mean)
            if part == 0 and len(losses) % _TOLD == 0:
                told = f"step {len(losses)} of {len(batches) * recipe.epochs}"
                print(f"{told}: loss {np.mean(losses[-_TOLD:]):.3f}", flush=True)
        if part == 0 and kept:
            network.save_weights(kept)
            print(f"epoch {epoch + 1} of {recipe.epochs} kept in {kept}", flush=True)
    # Weights are the same in all; what was seen of means and variances is not.
    _pack(network.get_weights(), shared[part])


def _optimizer(recipe, n_steps):
    rate = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 20,
        n_steps,
        alpha=0.02 * 20,
        warmup_target=recipe.learning_rate,
        warmup_steps=min(300, n_steps // 5),
    )
    return keras.optimizers.AdamW(rate, weight_decay=1e-3, clipnorm=5.0)
