"""How well a network reads, how sure it is where it is wrong, and tables of that in Markdown."""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np

# Surer than this of what is wrong.
SURE = 0.9

# Of equal width, as is customary for the expected calibration error.
_BINS = 15


@dataclass(frozen=True)
class Reading:
    """What a network says of digits, beside what they are.

    Parameters
    ----------
    proba : ndarray of shape (n, 10)
    labels : ndarray of int, shape (n,)
    writers : ndarray of str, shape (n,)
    """

    proba: np.ndarray
    labels: np.ndarray
    writers: np.ndarray

    @property
    def is_right(self):
        """Which are read right; (n,)."""
        return self.proba.argmax(axis=1) == self.labels

    @property
    def accuracy(self):
        """In per cent."""
        return 100 * self.is_right.mean()

    @property
    def n_wrong(self):
        """How many are misread."""
        return int((~self.is_right).sum())

    @property
    def n_sure_and_wrong(self):
        """How many of the misread have a probability above 0.9."""
        return int((self.proba.max(axis=1)[~self.is_right] > SURE).sum())

    @property
    def calibration_error(self):
        """Expected calibration error (Guo et al. 2017), in points."""
        sureness = self.proba.max(axis=1)
        bins = np.minimum((sureness * _BINS).astype(int), _BINS - 1)
        off = np.bincount(bins, self.is_right - sureness, _BINS)
        return 100 * np.abs(off).sum() / len(self.labels)

    def only(self, which):
        """What it says of some."""
        return Reading(self.proba[which], self.labels[which], self.writers[which])

    def mistakes(self, most=3):
        """The most frequent ones, as text."""
        pairs = list(zip(self.labels, self.proba.argmax(axis=1), self.is_right, strict=True))
        wrong = [f"{label} as {read}" for label, read, is_right in pairs if not is_right]
        names, counts = np.unique(wrong, return_counts=True)
        first = np.argsort(-counts, kind="stable")[:most]
        return ", ".join(f"{names[i]} ({counts[i]})" for i in first) or "none"


def read(clf, writing):
    """What a network says of digits."""
    return Reading(clf.predict_proba(writing.frames), writing.labels, writing.writers)


def together(readings):
    """Several readings as one."""
    fields = ("proba", "labels", "writers")
    return Reading(*(np.concatenate([getattr(r, name) for r in readings]) for name in fields))


def table(readings):
    """A Markdown table of a dict of readings by name, with a last row of all together."""
    rows = ["| digits | n | accuracy | misread | above 0.9 | calibration error | most frequent |"]
    rows.append("| --- | --- | --- | --- | --- | --- | --- |")
    rows += [_row(name, reading) for name, reading in readings.items()]
    return "\n".join([*rows, _row("all", together(list(readings.values())))])


def _row(name, reading):
    share = 100 * reading.n_sure_and_wrong / max(reading.n_wrong, 1)
    return (
        f"| {name} | {len(reading.labels):,} | {reading.accuracy:.2f} % | {reading.n_wrong} | "
        f"{reading.n_sure_and_wrong} ({share:.0f} %) | {reading.calibration_error:.1f} points | "
        f"{reading.mistakes()} |"
    )


def groups(writers, n_groups):
    """Writers in groups that are as even as can be, in the order of their names."""
    return np.array_split(np.unique(writers), n_groups)


def taught(clf, own, others, per_digit=5, seed=0):
    """Accuracy before and after a network is taught some of one writer's digits.

    Parameters
    ----------
    clf : CNNDigitClassifier
        It is left as it is.
    own : Writing
        Of one writer.
    others : Writing
        That it should read as well as before.
    per_digit : int
        How many of each digit it is taught.

    Returns
    -------
    found : ndarray of float, shape (2, 2)
        On the writer's other digits and on the others; before and after; in per cent.
    """
    rng = np.random.default_rng(seed)
    is_taught = np.zeros(len(own), dtype=bool)
    for label in np.unique(own.labels):
        is_taught[rng.permutation(np.flatnonzero(own.labels == label))[:per_digit]] = True
    pupil = deepcopy(clf).partial_fit(own.frames[is_taught], own.labels[is_taught])
    return np.array(
        [
            [read(reader, digits).accuracy for reader in (clf, pupil)]
            for digits in (own[~is_taught], others)
        ]
    )
