"""How long the network that comes with the package takes to be there and to read a first picture.

    python benchmarks/pretrained.py

Each run is a process of its own, in which TensorFlow has been loaded and nothing computed yet.
Needs no data.
"""

import argparse
import time
from pathlib import Path

import fresh
import report


def first_reading():
    """Seconds of each step from an interpreter to a label, by their names."""
    start = time.perf_counter()
    times = {}

    def done(step):
        nonlocal start
        now = time.perf_counter()
        times[step] = now - start
        start = now

    # Not used here: loaded first, so that no later step's time has them in it.
    import keras  # noqa: F401
    import tensorflow as tf  # noqa: F401

    done("import of TensorFlow and Keras")
    import numpy as np

    from cnn_digits import FrameDigits, load_pretrained

    paper = np.full((95, 95), 220, dtype=np.uint8)
    paper[20:75, 45:51] = 50
    done("import of cnn-digits and scikit-learn")
    clf = load_pretrained()
    done("load_pretrained()")
    frames = FrameDigits().fit_transform([paper])
    done("FrameDigits on a picture of 95 × 95")
    clf.predict(frames)
    done("first prediction")
    clf.predict(frames)
    done("second prediction")
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7, help="processes")
    args = parser.parse_args()
    report.machine()
    runs = [fresh.call(first_reading) for _ in range(args.runs)]

    report.header("From nothing to a label, one picture")
    for step in runs[0]:
        report.row(step, [times[step] for times in runs], unit="s", digits=3)
    both = [times["load_pretrained()"] + times["first prediction"] for times in runs]
    report.row("load_pretrained() and first prediction", both, unit="s", at_most=1)

    import cnn_digits

    package = Path(cnn_digits.__file__).parent
    files = [path for path in package.rglob("*") if path.suffix in (".py", ".cnn", ".onnx", ".md")]
    size = sum(path.stat().st_size for path in files) / 1e6
    report.row("package, not compressed", [size], unit="MB", at_most=6)


if __name__ == "__main__":
    main()
