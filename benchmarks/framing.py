"""How well FrameDigits reads digits that are not MNIST's, and what it costs.

A network trained on MNIST alone reads USPS's digits and pictures that people made for
themselves, merely resized and framed; and pictures composed of MNIST's own digits. That of the
package reads all collections that it was not trained on.
"""

import argparse
import os
import sys
import time
import tracemalloc
from pathlib import Path

import fresh
import mnist
import numpy as np
import pandas as pd
import report
from composed import CONDITIONS
from scipy.ndimage import zoom
from sklearn.pipeline import make_pipeline

from cnn_digits import CNNDigitClassifier, FrameDigits, load_pretrained, read_images

# What reads the collections, and counts, where the network of the package is made.
sys.path.append(str(Path(__file__).parents[1] / "networks"))
import measuring
import writing


def naive(pictures):
    """What tutorials do: resize to 28 × 28, and invert what is dark on light."""
    out = []
    for picture in pictures:
        small = zoom(picture.astype(np.float32), 28 / np.array(picture.shape), order=1)
        out.append(255 - small if small.mean() > 127 else small)
    return np.clip(np.stack(out), 0, 255).astype(np.uint8)


def people(folder):
    """Pictures of single digits that people made, and the table of their labels."""
    table = pd.read_csv(folder / "labels.csv")
    return read_images([folder / name for name in table["file"]])[0], table


def composed_pictures(n):
    """Pictures of `n` digits of MNIST in each condition, and the labels."""
    _, _, X, y = mnist.split()
    rows = np.arange(0, len(X), len(X) // n)[:n]
    digits = X[rows].reshape(-1, 28, 28)
    pictures = {}
    for condition, picture in CONDITIONS.items():
        rng = np.random.default_rng(0)
        pictures[condition] = [picture(digit, rng) for digit in digits]
    return pictures, y[rows]


def read(seed, architecture, folder, pictures, labels):
    """Accuracy of one network on everything, in per cent."""
    X, y, X_test, y_test = mnist.split()
    pipe = make_pipeline(FrameDigits(), CNNDigitClassifier(architecture, random_state=seed)).fit(
        X, y
    )
    clf = pipe[-1]
    usps = np.load(folder / "usps_train.npz")
    own, table = people(folder / "own_digits")
    right = (pipe.predict(own).astype(int) == table["label"]) * 100.0
    found = {
        "MNIST": clf.score(X_test, y_test) * 100,
        "MNIST, framed": pipe.score(X_test, y_test) * 100,
        "USPS, resized": (clf.predict(naive(usps["images"])).astype(int) == usps["labels"]).mean()
        * 100,
        "USPS, framed": (pipe.predict(usps["images"]).astype(int) == usps["labels"]).mean() * 100,
        "own digits, resized": (clf.predict(naive(own)).astype(int) == table["label"]).mean() * 100,
        "own digits, framed": right.mean(),
        "own digits, photos": right[table["kind"] == "photo"].mean(),
        "own digits, light on dark": right[table["polarity"] == "light_on_dark"].mean(),
        "own digits, average of writers": right.groupby(table["writer"]).mean().mean(),
    }
    wrong = [
        f"{name} read as {label}"
        for name, label, ok in zip(table["file"], pipe.predict(own), right, strict=True)
        if not ok
    ]
    print(f"  seed {seed}: {', '.join(wrong)}", flush=True)
    for condition, images in pictures.items():
        found[f"composed, {condition}"] = (pipe.predict(images) == labels).mean() * 100
    return found


def by_collection():
    """Print how the network of the package reads each collection, resized and framed."""
    clf = load_pretrained()
    print("\n| digits | resized | framed | misread when framed | above 0.9 |\n|" + " --- |" * 5)
    n_wrong, n_sure = 0, 0
    for name, (pictures, labels, _) in writing.pictures_measured_only().items():
        labels = np.asarray(labels).astype(int)
        resized, framed = (
            measuring.Reading(clf.predict_proba(images), labels, labels)
            for images in (naive(pictures), writing.framed(pictures))
        )
        print(
            f"| {name} | {resized.accuracy:.2f} % | {framed.accuracy:.2f} % | {framed.n_wrong} of "
            f"{len(labels):,} | {framed.n_sure_and_wrong} |",
            flush=True,
        )
        n_wrong, n_sure = n_wrong + framed.n_wrong, n_sure + framed.n_sure_and_wrong
    print(f"\nOf {n_wrong} misread, {n_sure} are above 0.9: {100 * n_sure / n_wrong:.1f} %")


def several():
    """Print how many pictures of numbers, and of single digits, are taken for several digits."""
    folder = Path(os.environ["CNN_DIGITS_DATA"]) / "handwriting"
    for name in ("people", "cheques", "register"):
        table = pd.read_csv(folder / name / "labels.csv", dtype=str)
        files = table["file"][table["number"].str.len() > 1]
        found = FrameDigits().examine(read_images([folder / name / file for file in files])[0])
        print(f"Several digits, {name}: {100 * found.is_several.mean():.1f} % of {len(files)}")
    for name, (pictures, _, _) in writing.pictures_measured_only().items():
        found = FrameDigits().examine(pictures)
        print(f"One digit, {name}: {100 * found.is_several.mean():.2f} % of {len(pictures)}")


def speed():
    """Images a second: MNIST's, moved out of their frame, and made 95 × 95 pixels large."""
    X = mnist.split()[2].reshape(-1, 28, 28)
    framer = FrameDigits().fit(X)
    rates = []
    large = [255 - zoom(digit, 95 / 28, order=1) for digit in X[:500]]
    for images in (X, 255 - np.roll(X, (2, -3), axis=(1, 2)), np.stack(large)):
        start = time.perf_counter()
        framer.transform(images)
        rates.append(len(images) / (time.perf_counter() - start))
    return rates


def photo():
    """Seconds and peak memory, the image included and in its size, of a photo of 12 megapixels."""
    rng = np.random.default_rng(0)
    light = np.linspace(230, 150, 4000, dtype=np.float32)
    picture = (light + rng.normal(0, 4, (3000, 4000)).astype(np.float32)).astype(np.uint8)
    picture[900:2100, 1900:1980] = 60
    picture = np.repeat(picture[..., None], 3, axis=2)
    framer = FrameDigits().fit([picture[:100, :100]])
    start = time.perf_counter()
    framer.transform([picture])
    seconds = time.perf_counter() - start
    tracemalloc.start()
    framer.transform([picture])
    return seconds, 1 + tracemalloc.get_traced_memory()[1] / picture.nbytes


BOUNDS = {
    "USPS, framed": 98.0,
    "own digits, framed": 98.0,
    "own digits, photos": 97.5,
    "own digits, light on dark": 98.0,
    "own digits, average of writers": 97.5,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--architecture", default="compact")
    args = parser.parse_args()
    report.machine()
    folder = Path(os.environ["CNN_DIGITS_DATA"])

    print("\nPeople's own digits that were read wrong", flush=True)
    composed = composed_pictures(200)
    results = [read(seed, args.architecture, folder, *composed) for seed in args.seeds]
    report.header(f"Accuracy of {args.architecture!r}, trained on MNIST")
    for name in results[0]:
        report.row(name, [r[name] for r in results], unit="%", by="mean", at_least=BOUNDS.get(name))
    lost = [r["MNIST"] - r["MNIST, framed"] for r in results]
    report.row("MNIST: lost by framing", lost, unit="points", by="mean", at_most=0.05, digits=3)

    by_collection()
    several()

    os.environ["OMP_NUM_THREADS"] = "1"
    rates = [fresh.call(speed) for _ in range(5)]
    photos = [fresh.call(photo) for _ in range(5)]
    report.header("Cost")
    report.row("MNIST as it is", [r[0] for r in rates], unit="images/s", at_least=5000, digits=0)
    report.row("out of its frame", [r[1] for r in rates], unit="images/s", at_least=5000, digits=0)
    report.row("95 × 95", [r[2] for r in rates], unit="images/s", at_least=500, digits=0)
    report.row("photo of 12 megapixels", [s for s, _ in photos], unit="s", at_most=0.5)
    report.row("its memory", [m for _, m in photos], unit="× the image", at_most=6)


if __name__ == "__main__":
    main()
