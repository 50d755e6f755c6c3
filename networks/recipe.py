"""How the network in the box is trained: on MNIST alone, then on all hands together.

The first stage is the same whoever is left out of the second, so that leaving writers out costs
the second alone.
"""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from hands import rewritten

from cnn_digits import CNNDigitClassifier


@dataclass(frozen=True)
class Recipe:
    """What both stages take.

    Parameters
    ----------
    epochs : (int, int)
        Of the first and of the second stage.
    versions : tuple of int
        How often each digit of the others is rewritten, for each collection: with the digit itself
        it is that many and one in an epoch, so that MNIST does not drown them.
    learning_rate : float
        The highest of the second stage. That of the first is the network's own.
    doubt : float
        What logits are multiplied by in the end. On MNIST's writers the network is calibrated
        without it; of what it misreads of other people's it is too sure.
    """

    epochs: tuple = (6, 6)
    versions: tuple = (3, 3, 8)
    learning_rate: float = 3e-3
    doubt: float = 0.72


class Pool:
    """Digits to train on, and other versions of them, made once for all trainings.

    Parameters
    ----------
    mnist : Writing
        As it is, and every second digit with strokes that its writers leave out.
    others : sequence of Writing
        As they are, and rewritten several times.
    versions : sequence of int
        For each of the others.
    """

    def __init__(self, mnist, others, versions):
        half = mnist[::2]
        self._writings = [mnist, half, *others]
        self._frames = [[mnist.frames], [rewritten(half.frames, half.labels, seed=0)]]
        for number, (other, n_versions) in enumerate(zip(others, versions, strict=True), start=1):
            seeds = [[number, version] for version in range(n_versions)]
            made = [rewritten(other.frames, other.labels, seed, strokes=False) for seed in seeds]
            self._frames.append([other.frames, *made])

    def without(self, number=None, writers=None):
        """Frames and labels of all, without some writers of one of the others, or all of them.

        Parameters
        ----------
        number : int or None
            Which of `others`.
        writers : array-like of str or None
            None: all of them.
        """
        frames, labels = [], []
        for i, (writing, versions) in enumerate(zip(self._writings, self._frames, strict=True)):
            keep = np.ones(len(writing), dtype=bool)
            if i - 2 == number:
                keep = (
                    np.zeros_like(keep) if writers is None else ~np.isin(writing.writers, writers)
                )
            frames += [version[keep] for version in versions]
            labels += [writing.labels[keep]] * len(versions)
        frames, labels = np.concatenate(frames), np.concatenate(labels)
        # A digit of a few bits can fill all of them, and is nothing then.
        has_ink = frames.any(axis=(1, 2))
        return frames[has_ink], labels[has_ink]


def on_mnist_alone(mnist, recipe):
    """The first stage: what the package makes of MNIST by itself.

    Precision is told, because what the machine finds faster may differ from run to run.
    """
    clf = CNNDigitClassifier(
        "medium", epochs=recipe.epochs[0], dtype_policy="float32", random_state=0
    )
    return clf.fit(mnist.frames, mnist.labels)


def on_all_hands(clf, frames, labels, recipe):
    """The second stage: a copy of the network of the first goes on with all hands.

    Its parameters are then those of any classifier, as whoever goes on with it expects.
    """
    clf = deepcopy(clf).set_params(
        epochs=recipe.epochs[1], learning_rate=recipe.learning_rate, warm_start=True
    )
    clf.fit(frames, labels)
    last = clf.model_.get_layer("logits")
    last.set_weights([recipe.doubt * weights for weights in last.get_weights()])
    # As `cnn-digits train` notes it of pictures: what is no frame is warned of.
    clf._framed = True
    return clf.set_params(
        epochs="auto", learning_rate="auto", warm_start=False, dtype_policy="auto"
    )
