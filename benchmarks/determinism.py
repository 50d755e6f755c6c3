"""Whether the same seed gives the same weights: twice in a process, and in two processes.

    CNN_DIGITS_DATA=<folder> python benchmarks/determinism.py

To the last bit, with the same number of threads.
"""

import argparse
import hashlib
import os

import fresh
import mnist
import numpy as np
import report

from cnn_digits import Augment, CNNDigitClassifier

# Name -> parameters. Training may be in bfloat16 on 10,000 images and more.
CASES = {
    "compact, augmentation, dropout": {"augment": Augment(), "dropout": 0.3},
    "compact, elastic distortion": {"augment": Augment(elastic=0.03)},
    "compact, early stopping": {"early_stopping": True},
    "simple": {"architecture": "simple"},
}


def digest(clf):
    """SHA-256 of all weights."""
    sha = hashlib.sha256()
    for weights in clf.model_.get_weights():
        sha.update(np.ascontiguousarray(weights).tobytes())
    return sha.hexdigest()


def fit_twice(X, y, params):
    """Digests of two fits, and the precision of the training."""
    fitted = [CNNDigitClassifier(epochs=2, random_state=0, **params).fit(X, y) for _ in range(2)]
    from cnn_digits.devices import bfloat16_pays

    precision = "bfloat16" if len(X) >= 10_000 and bfloat16_pays() else "float32"
    return [(digest(clf), precision) for clf in fitted]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000, help="training images")
    parser.add_argument("--threads", type=int, help="OMP_NUM_THREADS of the processes")
    args = parser.parse_args()
    if args.threads:
        os.environ["OMP_NUM_THREADS"] = str(args.threads)
    report.machine()
    X, y, _, _ = mnist.split(args.images)

    print(f"\nTwo fits in each of two processes, {len(X):,} images, two epochs")
    for name, params in CASES.items():
        fits = fresh.call(fit_twice, X, y, params) + fresh.call(fit_twice, X, y, params)
        digests = [value for value, _ in fits]
        precisions = ", ".join(sorted({precision for _, precision in fits}))
        in_one = digests[0] == digests[1] and digests[2] == digests[3]
        across = digests[0] == digests[2]
        print(
            f"{name:<32} {precisions:<9} {digests[0][:12]}  in one process "
            f"{'equal, ok' if in_one else 'NOT EQUAL, MISSED'}; across processes "
            f"{'equal, ok' if across else 'NOT EQUAL, MISSED'}",
            flush=True,
        )


if __name__ == "__main__":
    main()
