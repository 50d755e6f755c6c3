"""A network that reads lines goes on learning, from pictures and the digits on them alone.

No digit needs a box: the loss is that of connectionist temporal classification (Graves et al.
2006). Nor need separators be told: where they are, the loss sees as little as between digits.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import keras
import numpy as np
from keras import ops

from cnn_digits.devices import compiles_with_xla, float32_by_default
from cnn_digits.reading.assembly import written_lines
from cnn_digits.reading.distortion import distorted
from cnn_digits.reading.line_network import STRIDE
from cnn_digits.reading.line_reader import as_batch
from cnn_digits.reading.reader_file import FittedReader, new_network, values_of
from cnn_digits.reading.symbols import BLANK, DIGITS
from cnn_digits.training.callbacks import one_cycle

# Gradient steps that a fit takes at least, however few lines there are, and passes at most.
_MIN_STEPS, _EPOCHS, _MAX_EPOCHS = 1200, 10, 60

_BATCH_SIZE, _LEARNING_RATE = 16, 1e-3

# Lines of like width go together, chosen among those of so many batches.
_SORTED = 8


@dataclass(frozen=True)
class Sample:
    """A line of writing and the digits on it.

    Parameters
    ----------
    strips : list of ndarray of uint8, shape (24, width)
        In the views in which it is read, those that are wide enough for the digits.
    digits : str
    """

    strips: list
    digits: str


@dataclass(frozen=True)
class Settings:
    """How the network goes on: nothing is left open."""

    epochs: int
    learning_rate: float
    batch_size: int
    verbose: int


def settings_for(n_samples, epochs, learning_rate, batch_size, verbose):
    """Parameters of a NumberReader without any "auto"."""
    if batch_size == "auto":
        batch_size = min(_BATCH_SIZE, n_samples)
    if epochs == "auto":
        steps = math.ceil(n_samples / batch_size)
        epochs = max(_EPOCHS, min(_MAX_EPOCHS, math.ceil(_MIN_STEPS / steps)))
    if learning_rate == "auto":
        learning_rate = _LEARNING_RATE * math.sqrt(batch_size / _BATCH_SIZE)
    return Settings(epochs, learning_rate, batch_size, int(verbose))


def samples_of(pictures, digits, lines):
    """Strips of pictures with their digits.

    Parameters
    ----------
    pictures : list of Picture
    digits : list of list of str
        On each line of each.
    lines : "auto" or 1
        See `find_lines`.

    Returns
    -------
    samples : list of Sample
    left_out : dict
        For the number of a picture why there is nothing to learn from it.
    """
    samples, left_out = [], {}
    for i, (picture, texts) in enumerate(zip(pictures, digits, strict=True)):
        shades, _ = picture.shades()
        written = written_lines(shades, lines)
        if len(texts) == 1 and len(written) > 1:
            written = written_lines(shades, 1)
        if not written:
            if any(texts):
                left_out[i] = "no ink was found"
        elif len(written) != len(texts):
            left_out[i] = f"{len(written)} lines were found, its number has {len(texts)}"
        else:
            found = list(map(_sample, written, texts))
            if all(sample.strips for sample in found):
                samples += found
            else:
                left_out[i] = "too narrow for its number"
    return samples, left_out


def _sample(line, digits):
    strips = [strip.pixels for strip in line.strips]
    return Sample([pixels for pixels in strips if _fit(digits, pixels)], digits)


def _fit(digits, pixels):
    """Whether there are frames enough: one for each digit, and one between equal ones."""
    n_equal = sum(a == b for a, b in pairwise(digits))
    return len(digits) + n_equal <= pixels.shape[1] // STRIDE


def tuned(start, samples, settings, *, seed):
    """What a network has become that went on learning; itself stays as it is.

    Parameters
    ----------
    start : FittedReader
    samples : list of Sample
    settings : Settings
    seed : int

    Returns
    -------
    fitted : FittedReader

    Raises
    ------
    ValueError
        If training diverges.
    """
    network, history = new_network(values_of(start.network)), {"loss": [], "learning_rate": []}
    with float32_by_default:
        _prepare(network)
        orders = np.random.default_rng([seed, 0])
        for epoch in range(settings.epochs):
            batches = _batches(samples, settings.batch_size, orders)
            losses = []
            for step, numbers in enumerate(batches):
                progress = (epoch * len(batches) + step) / (settings.epochs * len(batches))
                network.optimizer.learning_rate = settings.learning_rate * one_cycle(progress)
                draws = np.random.default_rng([seed, 1, epoch, step])
                losses.append(_step(network, [samples[i] for i in numbers], draws))
            _record(history, network, losses, epoch, settings)
    return FittedReader(new_network(values_of(network)), start.calibration, history)


def _prepare(network):
    for layer in network.layers:
        # A few hundred pictures tell less of all writing than what the network has seen before.
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    network.compile(
        optimizer=keras.optimizers.Adam(clipnorm=1.0),
        loss=loss_of_digits,
        jit_compile=compiles_with_xla(),
        auto_scale_loss=False,
    )


def _step(network, samples, draws):
    """One gradient step; the mean loss of a line."""
    pixels = [_seen(sample, draws) for sample in samples]
    targets = targets_of(
        [sample.digits for sample in samples], [strip.shape[1] // STRIDE for strip in pixels]
    )
    return float(network.train_on_batch(as_batch(pixels), targets))


def _seen(sample, draws):
    """A strip of a line in one of its views, distorted unless too little room would be left."""
    pixels = sample.strips[draws.integers(len(sample.strips))]
    other = distorted(pixels, draws)
    return other if _fit(sample.digits, other) else pixels


def _record(history, network, losses, epoch, settings):
    loss = float(np.mean(losses))
    if not np.isfinite(loss):
        raise ValueError(
            f"Training has diverged: the loss is {loss:.3g} in epoch {epoch + 1} of "
            f"{settings.epochs}, with learning_rate={settings.learning_rate:g}; expected a loss "
            "that falls. Lower learning_rate."
        )
    history["loss"].append(loss)
    history["learning_rate"].append(float(network.optimizer.learning_rate))
    if settings.verbose:
        print(f"Epoch {epoch + 1}/{settings.epochs}: loss {loss:.4f}")


def _batches(samples, size, orders):
    """Numbers of samples for each step of an epoch: a new order, like widths together."""
    order = orders.permutation(len(samples))
    widths = np.array([sample.strips[0].shape[1] for sample in samples])
    batches = []
    for start in range(0, len(order), size * _SORTED):
        some = order[start : start + size * _SORTED]
        some = some[np.argsort(widths[some], kind="stable")]
        batches += np.array_split(some, math.ceil(len(some) / size))
    return [batches[i] for i in orders.permutation(len(batches))]


def targets_of(texts, n_frames):
    """What the loss wants to know of each line, as one array.

    Parameters
    ----------
    texts : list of str
        Digits.
    n_frames : list of int
        Of the network's answers for each line; those behind are of paper beside it.

    Returns
    -------
    targets : ndarray of int32, shape (n, 2 + longest)
        Number of digits, number of frames, and the digits from 1 on.
    """
    targets = np.zeros((len(texts), 2 + max(1, *map(len, texts))), dtype=np.int32)
    for row, text, n in zip(targets, texts, n_frames, strict=True):
        row[:2] = len(text), n
        row[2 : 2 + len(text)] = [1 + DIGITS.index(digit) for digit in text]
    return targets


def loss_of_digits(targets, logits):
    """Connectionist temporal classification of digits, by a network that knows separators too.

    Parameters
    ----------
    targets : tensor of int32, shape (n, 2 + longest)
        See `targets_of`.
    logits : tensor, shape (n, n_frames, 1 + number of symbols)

    Returns
    -------
    loss : tensor, shape (n,)
        The negative logarithm of the probability of the digits.
    """
    targets = ops.cast(targets, "int32")
    n_kept = 1 + len(DIGITS)
    others = ops.concatenate([logits[..., BLANK : BLANK + 1], logits[..., n_kept:]], axis=-1)
    blank = ops.logsumexp(others, axis=-1, keepdims=True)
    logits = ops.concatenate([blank, logits[..., 1:n_kept]], axis=-1)
    return ops.ctc_loss(targets[:, 2:], logits, targets[:, 0], targets[:, 1], mask_index=BLANK)
