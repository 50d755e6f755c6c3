"""How long `read_csv` takes for Kaggle's train.csv, against pandas, and how much memory.

    CNN_DIGITS_DATA=<folder> python benchmarks/csv_reading.py

The file is made of MNIST's first images, with the columns of Kaggle's. Memory is measured on
Linux only. Needs pyarrow.
"""

import argparse
import gzip
import shutil
import tempfile
import time
import zipfile
from pathlib import Path

import fresh
import memory
import mnist
import numpy as np
import pandas as pd
import report

from cnn_digits import read_csv

WAYS = {
    "read_csv": read_csv,
    "pandas, pyarrow": lambda path: pd.read_csv(path, engine="pyarrow"),
    "pandas, C": lambda path: pd.read_csv(path, engine="c"),
}


def write_files(folder, n_rows):
    """Write one table plain, as gzip and as zip, and return the paths."""
    X, y = mnist.load()
    table = pd.DataFrame(X[:n_rows]).add_prefix("pixel")
    table.insert(0, "label", y[:n_rows])
    plain = folder / "train.csv"
    table.to_csv(plain, index=False)
    with open(plain, "rb") as file, gzip.open(folder / "train.csv.gz", "wb", 6) as packed:
        shutil.copyfileobj(file, packed)
    with zipfile.ZipFile(folder / "train.csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(plain, plain.name)
    return plain, folder / "train.csv.gz", folder / "train.csv.zip"


def seconds(path, runs):
    """Seconds of each way, alternately."""
    times = {name: [] for name in WAYS}
    for _ in range(runs):
        for name, read in WAYS.items():
            start = time.perf_counter()
            read(path)
            times[name].append(time.perf_counter() - start)
    return {name: np.array(values) for name, values in times.items()}


def peak(path):
    """Highest resident memory above that before the call, over the size of the images."""
    before = memory.status("VmRSS")
    with memory.peak() as highest:
        X, _ = read_csv(path)
    return (highest["rss"] - before) / (X.nbytes / 1e6)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=42_000)
    parser.add_argument("--runs", type=int, default=7)
    args = parser.parse_args()
    report.machine()
    with tempfile.TemporaryDirectory() as folder:
        paths = write_files(Path(folder), args.rows)
        for path in paths:
            seconds(path, 1)  # what is loaded on the first call
            times = seconds(path, args.runs)
            size = path.stat().st_size / 1e6
            report.header(f"{path.name}: {args.rows:,} rows of 785 columns, {size:.0f} MB")
            for name, values in times.items():
                report.row(name, values, unit="s")
            ours = times.pop("read_csv")
            report.row("ours to pyarrow", ours / times["pandas, pyarrow"], unit="×", at_most=1.5)
            report.row("ours to C", ours / times["pandas, C"], unit="×")
            if Path("/proc/self/status").exists():
                peaks = [fresh.call(peak, path) for _ in range(3)]
                report.row("peak memory to the images read", peaks, unit="×", by="max", at_most=4)


if __name__ == "__main__":
    main()
