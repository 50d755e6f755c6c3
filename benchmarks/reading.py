"""How well NumberReader reads numbers that nobody trained it on, and what it costs.

    CNN_DIGITS_DATA=<folder> python benchmarks/reading.py

Lines composed of MNIST's last 10,000 digits, amounts on cheques, cells of registers and people's
own pictures; what is invented where there is no number; the gain of `fit` on cheques; speed and
memory. Numbers are right as a whole or not at all.
"""

import argparse
import os
import re
import sys
import time
import warnings
from pathlib import Path

import fresh
import numpy as np
import pandas as pd
import report
from PIL import Image
from scipy import ndimage
from sklearn.model_selection import KFold

from cnn_digits import NumberReader, read_images

# What composes lines, where the network of the package is made.
sys.path.append(str(Path(__file__).parents[1] / "networks"))
import composing
import line_recipe
import picturing

N_FOLDS = 5


def collection(name):
    """Pictures and numbers of a collection; a space between numbers, a newline between lines."""
    folder = Path(os.environ["CNN_DIGITS_DATA"]) / "handwriting" / name
    table = pd.read_csv(folder / "labels.csv", dtype=str)
    pictures, _ = read_images([folder / file for file in table["file"]])
    return pictures, table["number"].str.replace("/", "\n").to_numpy(str)


def composed(n, seed=2):
    """Pictures of lines on clean paper, one pair in five touching, and their numbers."""
    kind = line_recipe.kind_for_measuring()
    rng = np.random.default_rng(seed)
    pictures, numbers = [], []
    for _ in range(n):
        line = composing.written(kind, rng)
        pictures.append(picturing.photographed(line, kind, rng)[0])
        numbers.append("".join(line.symbols))
    return pictures, np.array(numbers)


def without_digits(n, seed=3):
    """Pictures on which there is no number: blank, lines, stains, letters, noise."""
    rng = np.random.default_rng(seed)
    kind = line_recipe.kind_for_calibration()
    pictures = []
    while len(pictures) < n:
        kind_of_picture = len(pictures) % 5
        shape = int(rng.integers(40, 200)), int(rng.integers(80, 500))
        paper = np.full(shape, rng.uniform(120, 250), np.float32)
        if kind_of_picture == 1:
            for row in np.arange(rng.integers(5, 30), shape[0], rng.integers(15, 40)):
                paper[int(row) : int(row) + int(rng.integers(1, 3))] *= rng.uniform(0.3, 0.9)
        elif kind_of_picture == 2:
            stain = ndimage.gaussian_filter(rng.standard_normal(shape), rng.uniform(8, 25))
            paper *= np.where(stain > stain.std(), rng.uniform(0.5, 0.9), 1)
        elif kind_of_picture == 3:
            writer = composing.Writer(composing.Hand(rng, clean=False), 6)
            composing.words(writer, kind, rng)
            if not (writer.line.ink > 0.5).any():
                continue
            paper = picturing.photographed(writer.line, kind, rng)[0].astype(np.float32)
        elif kind_of_picture == 4:
            paper += rng.normal(0, 20, shape)
        paper += rng.normal(0, rng.uniform(0, 4), paper.shape)
        pictures.append(np.clip(paper, 0, 255).astype(np.uint8))
    return pictures


def read(reader, pictures):
    """What is read, and how sure that is."""
    with warnings.catch_warnings():
        # Of pictures on which nothing is found: they are counted.
        warnings.simplefilter("ignore", UserWarning)
        readings = reader.read(pictures)
    texts = np.array([reading.text for reading in readings])
    return texts, np.array([reading.confidence for reading in readings])


def kept(confidence, is_right, accuracy=0.99):
    """The largest share of the surest of which so many are right."""
    order = np.argsort(-confidence, kind="stable")
    right = np.cumsum(is_right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(right >= accuracy)
    return (enough[-1] + 1) / len(order) if enough.size else 0.0


def accuracies(reader, n):
    """Rows of the table: how many numbers are right, and how sure that is."""
    fields = {"composed": (composed(n), 97), "cheques": (collection("cheques"), 80)}
    fields["register"] = collection("register"), 60
    report.header("Numbers read right")
    for name, ((pictures, numbers), bound) in fields.items():
        for lines in ("auto", 1):
            reader.set_params(lines=lines)
            texts, confidence = read(reader, pictures)
            is_right = texts == numbers
            label = f"{name}, lines={lines!r}"
            report.row(label, [100 * is_right.mean()], unit="%", at_least=bound)
            bound_kept = 50 if name == "cheques" else None
            share = 100 * kept(confidence, is_right)
            report.row("  kept where 99 % are right", [share], unit="%", at_least=bound_kept)
            off = 100 * (confidence.mean() - is_right.mean())
            report.row("  mean confidence less share right", [off], unit="points")
    reader.set_params(lines="auto")
    pictures, numbers = collection("people")
    texts, _ = read(reader, pictures)
    right, total = 0, 0
    for text, number in zip(texts, numbers, strict=True):
        wanted, found = number.split(), text.split()
        total += len(wanted)
        right += sum(a == b for a, b in zip(wanted, found, strict=False))
        if text != number:
            print(f"  people: {str(number)!r} was read as {str(text)!r}")
    report.row("people, numbers", [100 * right / total], unit="%", at_least=92)
    report.row("people, pictures", [100 * (texts == numbers).mean()], unit="%")
    texts, _ = read(reader, without_digits(500))
    report.row("no number there, one invented", [100 * (texts != "").mean()], unit="%", at_most=5)


def folds():
    """Cheques after `fit` on those of four folds."""
    pictures, numbers = collection("cheques")
    shares, times = [], []
    for train, test in KFold(N_FOLDS, shuffle=True, random_state=0).split(pictures):
        reader = NumberReader(lines=1, random_state=0)
        start = time.perf_counter()
        reader.fit([pictures[i] for i in train[:500]], numbers[train[:500]])
        times.append(time.perf_counter() - start)
        texts, _ = read(reader, [pictures[i] for i in test])
        shares.append(100 * (texts == numbers[test]).mean())
    report.header("Cheques after fit on 500 others, five folds")
    report.row("numbers read right", shares, unit="%", by="mean", at_least=88)
    report.row("fit", times, unit="s")


def page(rng):
    """A photo of 12 megapixels with twenty numbers."""
    kind = line_recipe.kind_for_measuring()
    paper = np.full((3000, 4000), 0.8, np.float32)
    paper *= np.linspace(1, 0.7, 4000, dtype=np.float32)
    for i in range(20):
        line = composing.written(kind, rng)
        ink = line.ink[:, : int(line.centres[-1] + 2 * line.height)]
        size = [round(side * 90 / line.height) for side in ink.shape[::-1]]
        ink = np.asarray(Image.fromarray(ink).resize(size))
        row, column = 120 + (i // 2) * 280, 100 + (i % 2) * 2000
        part = paper[row : row + ink.shape[0], column : column + ink.shape[1]]
        part *= 1 - 0.7 * ink[: part.shape[0], : part.shape[1]]
    paper += rng.normal(0, 0.01, paper.shape).astype(np.float32)
    return (np.clip(paper, 0, 1) * 255).astype(np.uint8)


def fields():
    """Cropped fields a second, five times."""
    pictures, _ = collection("cheques")
    reader = NumberReader()
    read(reader, pictures[:100])
    rates = []
    for _ in range(5):
        start = time.perf_counter()
        read(reader, pictures)
        rates.append(len(pictures) / (time.perf_counter() - start))
    return rates


def peak():
    """The most memory of this process so far, bytes; of none that it came from, as ru_maxrss is."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def pages(photo):
    """Seconds of a page, how much memory it takes, in sizes of the picture, and its numbers."""
    reader, seconds = NumberReader(), []
    read(reader, [photo[:400, :1200].copy()])  # the network is loaded, and has computed
    before = peak()
    for _ in range(5):
        start = time.perf_counter()
        texts, _ = read(reader, [photo])
        seconds.append(time.perf_counter() - start)
    return seconds, (peak() - before) / photo.nbytes, len(texts[0].split())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--composed", type=int, default=2000, help="lines")
    parser.add_argument("--folds", action="store_true", help="fit on cheques, too")
    parser.add_argument("--network", default="numbers")
    args = parser.parse_args()
    report.machine()
    accuracies(NumberReader(args.network), args.composed)
    rates = fresh.call(fields)
    seconds, grown, n_numbers = fresh.call(pages, page(np.random.default_rng(0)))
    report.header("Speed and memory, the network loaded")
    report.row("cheques", rates, unit="pictures/s", at_least=40)
    report.row(f"a page of 12 megapixels, {n_numbers} numbers", seconds, unit="s", at_most=2)
    report.row("memory, sizes of the picture", [grown], unit="×", at_most=10)
    if args.folds:
        folds()


if __name__ == "__main__":
    main()
