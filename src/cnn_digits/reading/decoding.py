"""From the answers of the network along a line to a text, and where its characters stand.

The answers are those of connectionist temporal classification (Graves et al. 2006): for each
frame, a narrow slice of the line, how likely each symbol is, or none. A text is as likely as all
ways together in which its symbols can lie along the frames, and the likeliest one is looked for
among beginnings that are extended frame by frame. NumPy and SciPy
alone.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from cnn_digits.reading.symbols import BLANK, DIGITS, SYMBOLS

# Beginnings of texts that are followed at a time, and what a symbol has to reach in a frame to
# extend one.
_BEAM, _UNLIKELY = 8, 1e-3

# As unlikely as this a text is to an opinion at most, as a logarithm.
_RULED_OUT = -30.0

# A frame that is empty for sure, and follows another such, changes nothing but the total.
_QUIET = 0.999


@dataclass(frozen=True)
class Decoded:
    """A text, and where its characters stand.

    Parameters
    ----------
    text : str
    frames : ndarray of float64, shape (n_characters,)
        Where along the frames each character stands.
    probabilities : ndarray of float64, shape (n_characters,)
        Of each character, in the frame that is surest of it.
    """

    text: str
    frames: np.ndarray
    probabilities: np.ndarray


def probabilities_of(logits, separators):
    """Probabilities of blank and symbols in each frame.

    Parameters
    ----------
    logits : ndarray of shape (n_frames, 1 + number of symbols)
    separators : bool
        Whether separators are symbols; where they are not, they are as good as blank.

    Returns
    -------
    probabilities : ndarray of float64, shape (n_frames, 1 + number of symbols)
        Of fewer symbols, the digits alone, without separators.
    """
    probabilities = np.exp(log_softmax(np.asarray(logits, dtype=np.float64), axis=1))
    if separators:
        return probabilities
    n_kept = 1 + len(DIGITS)
    kept = probabilities[:, :n_kept].copy()
    kept[:, BLANK] += probabilities[:, n_kept:].sum(axis=1)
    return kept


def agreed(opinions):
    """The text on which several opinions of a line agree best.

    Parameters
    ----------
    opinions : list of ndarray of float64, shape (n_frames, n)
        As `probabilities_of` returns them; the numbers of frames may differ.

    Returns
    -------
    text : str
        Of those that are the likeliest to one of them the one that is, on average, the likeliest.
    """
    first, *others = map(likeliest, opinions)
    # To be placed along the first ones, a text must fit into so few frames.
    texts = {first} | {
        text for text in set(others) - {first} if log_probability(opinions[0], text) > -np.inf
    }
    if len(texts) == 1:
        return first
    return max(sorted(texts), key=lambda text: mean_log_probability(opinions, text))


def mean_log_probability(opinions, text):
    """Mean logarithm of the probability of a text; no opinion rules it out all alone."""
    return float(np.mean([max(log_probability(p, text), _RULED_OUT) for p in opinions]))


def likeliest(probabilities):
    """The likeliest text of one opinion."""
    loud = probabilities[_loud(probabilities)]
    text = _along_the_likeliest_path(loud)
    # Where it has more than half of all probability, no other one has as much.
    return text if log_probability(loud, text) > np.log(0.5) else _searched(loud)


def decode(probabilities, text):
    """Where the characters of a text stand.

    Parameters
    ----------
    probabilities : ndarray of float64, shape (n_frames, n)
        As `probabilities_of` returns them.
    text : str
        That fits into so few frames.

    Returns
    -------
    decoded : Decoded
    """
    loud = _loud(probabilities)
    if not text:
        return Decoded("", np.zeros(0), np.zeros(0))
    shares = _shares(probabilities[loud], text)
    frames = (shares * np.arange(len(probabilities))[loud]).sum(axis=1) / shares.sum(axis=1)
    symbols = probabilities[loud][:, _numbers(text)].T
    # Where a character is not thought to be at all its probability is that of another one.
    surest = np.where(shares > 0.5 * shares.max(axis=1, keepdims=True), symbols, 0).max(axis=1)
    return Decoded(text, frames, surest)


def log_probability(probabilities, text):
    """Logarithm of the probability of a text: of all its paths along the frames together.

    Parameters
    ----------
    probabilities : ndarray of float64, shape (n_frames, n)
    text : str

    Returns
    -------
    log_probability : float
        -inf if the text doesn't fit into so few frames.
    """
    loud = _loud(probabilities)
    quiet = np.log(probabilities[~loud, BLANK]).sum()
    if not loud.any():
        return float(quiet) if not text else -np.inf
    with np.errstate(divide="ignore"):
        forward, scales = _forward(probabilities[loud], text)
        return float(np.log(forward[-1, -2:].sum()) + np.log(scales).sum() + quiet)


def separator_frames(logits):
    """Where along the frames separators stand.

    Parameters
    ----------
    logits : ndarray of shape (n_frames, 1 + number of symbols)

    Returns
    -------
    frames : ndarray of float64
        The middle of each run of frames that most likely hold the same one.
    """
    likeliest = np.asarray(logits).argmax(axis=1)
    likeliest = np.where(likeliest > len(DIGITS), likeliest, 0)
    starts = np.flatnonzero(np.diff(likeliest, prepend=0))
    ends = np.append(starts[1:], len(likeliest))
    is_one = likeliest[starts] > 0
    return (starts + ends - 1)[is_one] / 2


def _loud(probabilities):
    """Frames that have to be looked at; of a run of empty ones, the first."""
    is_quiet = probabilities[:, BLANK] > _QUIET
    return ~(is_quiet & np.append(False, is_quiet[:-1]))


def _numbers(text):
    return [SYMBOLS.index(character) + 1 for character in text]


def _along_the_likeliest_path(probabilities):
    path = probabilities.argmax(axis=1)
    is_new = np.diff(path, prepend=BLANK) != 0
    return "".join(SYMBOLS[number - 1] for number in path[is_new & (path != BLANK)])


def _searched(probabilities):
    """The likeliest text, by a search along prefixes."""
    # For each text so far: how likely it is with a blank as the last frame, and without.
    beam = {"": (1.0, 0.0)}
    for frame in probabilities:
        likely = [(SYMBOLS[i], frame[i + 1]) for i in np.flatnonzero(frame[1:] > _UNLIKELY)]
        blank, of = frame[BLANK], dict(likely)
        grown = {}
        for text, (ended, open_) in beam.items():
            last = text[-1:]
            _add(grown, text, (ended + open_) * blank, open_ * of.get(last, 0.0))
            for symbol, probability in likely:
                # The same symbol once more takes a blank between.
                before = ended if symbol == last else ended + open_
                _add(grown, text + symbol, 0.0, before * probability)
        best = sorted(grown.items(), key=lambda item: -sum(item[1]))[:_BEAM]
        total = sum(map(sum, dict(best).values()))
        beam = {text: (ended / total, open_ / total) for text, (ended, open_) in best}
    return max(beam, key=lambda text: sum(beam[text]))


def _add(beam, text, ended, open_):
    before = beam.get(text, (0.0, 0.0))
    beam[text] = before[0] + ended, before[1] + open_


def _extended(text):
    """Symbols of a text with a blank before, between and after them, and which may follow the
    last but one: those that are not the same."""
    symbols = np.zeros(2 * len(text) + 1, dtype=int)
    symbols[1::2] = _numbers(text)
    may_skip = np.zeros(len(symbols), dtype=bool)
    may_skip[3::2] = symbols[3::2] != symbols[1:-2:2]
    return symbols, may_skip


def _forward(probabilities, text):
    """How likely each state is after each frame, of all beginnings; rows scaled to sum 1.

    Returns
    -------
    forward : ndarray of shape (n_frames, 2 * len(text) + 1)
    scales : ndarray of shape (n_frames,)
    """
    symbols, may_skip = _extended(text)
    emitted = probabilities[:, symbols]
    forward, scales = np.zeros_like(emitted), np.zeros(len(emitted))
    state = np.zeros(len(symbols))
    state[:2] = emitted[0, :2]
    for t, here in enumerate(emitted):
        if t > 0:
            moved = state.copy()
            moved[1:] += state[:-1]
            moved[2:] += np.where(may_skip[2:], state[:-2], 0)
            state = moved * here
        scales[t] = state.sum()
        if scales[t] == 0:
            break  # there are fewer frames than the text takes
        state = forward[t] = state / scales[t]
    return forward, scales


def _shares(probabilities, text):
    """How likely each character stands in each frame, given the text; (len(text), n_frames)."""
    forward, _ = _forward(probabilities, text)
    backward, _ = _forward(probabilities[::-1], text[::-1])
    # Both count the frame itself.
    emitted = np.maximum(probabilities[:, _extended(text)[0]], 1e-300)
    shares = forward * backward[::-1, ::-1] / emitted
    shares /= shares.sum(axis=1, keepdims=True)
    return shares[:, 1::2].T
