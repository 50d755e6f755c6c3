"""How much memory `fit` takes: on MNIST as an array, and on a file that is far larger.

    CNN_DIGITS_DATA=<folder> python benchmarks/memory.py

Linux only: figures are the kernel's, from /proc/self. Each fit has a process of its own.
"""

import argparse
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import fresh
import mnist
import numpy as np
import report

import cnn_digits

INTERVAL = 0.05


def status(field):
    """A line of /proc/self/status, in MB."""
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024 / 1e6
    raise SystemExit(f"/proc/self/status has no {field} on this system.")


@contextmanager
def peak():
    """Collect the highest memory within the block, in MB.

    Yields
    ------
    found : dict
        Afterwards "rss", the kernel's own high-water mark of all resident pages, and
        "anon", the pages of no file, the highest of samples.
    """
    found = {"anon": status("RssAnon")}
    done = threading.Event()

    def sample():
        while not done.wait(INTERVAL):
            found["anon"] = max(found["anon"], status("RssAnon"))

    Path("/proc/self/clear_refs").write_text("5")  # sets the high-water mark back
    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()
        found["anon"] = max(found["anon"], status("RssAnon"))
        found["rss"] = status("VmHWM")


def fit_array(epochs):
    """Resident memory before TensorFlow, before the fit, and at its peak."""
    X, y = mnist.load()
    found = {"bare": status("VmRSS")}
    cnn_digits.CNNDigitClassifier(epochs=1, random_state=0).fit(X[:500], y[:500])
    found["before"] = status("VmRSS")
    with peak() as highest:
        cnn_digits.CNNDigitClassifier(epochs=epochs, random_state=0).fit(X, y)
    return found | highest


def fit_memmap(path, y):
    """Anonymous memory before the fit and at its peak, and the seconds it took."""
    X = np.memmap(path, np.uint8, mode="r", shape=(len(y), 784))
    found = {"before": status("RssAnon")}
    start = time.perf_counter()
    with peak() as highest:
        cnn_digits.CNNDigitClassifier(epochs=1, random_state=0).fit(X, y)
    return found | highest | {"seconds": time.perf_counter() - start}


def write_images(path, n_images):
    """Write MNIST's rows over and over into a file and return their labels."""
    X, y = mnist.load()
    with open(path, "wb") as file:
        for start in range(0, n_images, len(X)):
            file.write(X[: n_images - start].tobytes())
    return np.resize(y, n_images)


def epochs_or_auto(text):
    return text if text == "auto" else int(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="fits on the array")
    parser.add_argument("--epochs", type=epochs_or_auto, default="auto", help="on the array")
    parser.add_argument("--images", type=int, default=1_000_000, help="images in the file")
    args = parser.parse_args()
    report.machine()

    arrays = [fresh.call(fit_array, args.epochs) for _ in range(args.runs)]
    report.header("fit on 60,000 uint8 images in memory")
    report.row("before TensorFlow is loaded", [r["bare"] for r in arrays], unit="MB", digits=0)
    report.row("after a fit on 500 images", [r["before"] for r in arrays], unit="MB", digits=0)
    report.row("peak of the fit", [r["rss"] for r in arrays], unit="MB", digits=0)
    report.row("peak above before TensorFlow", [r["rss"] - r["bare"] for r in arrays],
               unit="MB", digits=0)  # fmt: skip
    report.row("peak above after a small fit", [r["rss"] - r["before"] for r in arrays],
               unit="MB", by="max", at_most=400, digits=0)  # fmt: skip

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images"
        y = write_images(path, args.images)
        result = fresh.call(fit_memmap, path, y)
    size = args.images * 784 / 1e6
    report.header(f"fit on a memmap of {args.images:,} images, {size:.0f} MB, one epoch")
    report.row("time", [result["seconds"]], unit="s", digits=0)
    report.row("anonymous memory before", [result["before"]], unit="MB", digits=0)
    report.row("anonymous memory, peak", [result["anon"]], unit="MB", at_most=700, digits=0)
    report.row("anonymous memory, peak above before", [result["anon"] - result["before"]],
               unit="MB", at_most=700, digits=0)  # fmt: skip


if __name__ == "__main__":
    main()
