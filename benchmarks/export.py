"""Whether exported files say what the network says, how large they are, and how fast they read.

Without data: five architectures and that of the package, images of three shapes, two, ten and 47
classes, each as ONNX and as LiteRT. With MNIST: the network of the package in int8. With neither
TensorFlow nor Keras: a first reading by ONNX Runtime in a new process.
"""

import argparse
import inspect
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mnist
import numpy as np
import report
from PIL import Image

from cnn_digits import CNNDigitClassifier, OnnxDigitClassifier, load_pretrained
from cnn_digits.export.formats import FORMATS

ARCHITECTURES = ["compact", "medium", "accurate", "lenet5", "simple", "deep"]
SHAPES = [(8, 8, 1), (28, 28, 1), (28, 28, 3)]
CLASSES = [2, 10, 47]
SUFFIXES = {"onnx": ".onnx", "litert": ".tflite"}


def largest_difference(architecture, shape, n_classes, folder):
    """Between the probabilities of an exported file and those of `predict_proba`."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (3 * n_classes, *shape)).astype(np.uint8)
    clf = CNNDigitClassifier(architecture, epochs=1, random_state=0)
    clf.fit(X, np.arange(len(X)) % n_classes)
    found = {}
    for name, suffix in SUFFIXES.items():
        path = folder / f"network{suffix}"
        clf.export(path, images=X)
        call = FORMATS[name].open(str(path))
        found[name] = float(np.abs(call(X.astype(np.float32)) - clf.predict_proba(X)).max())
    return found


def equality(folder):
    report.header("Largest difference to predict_proba, of nine shapes and numbers of classes each")
    for architecture in ARCHITECTURES:
        found = [
            largest_difference(architecture, shape, n_classes, folder)
            for shape in SHAPES
            for n_classes in CLASSES
        ]
        for name in SUFFIXES:
            values = [1e6 * each[name] for each in found]
            report.row(f"{architecture}, {name}", values, unit="1e-6", by="max", at_most=10)


def packaged(folder, runs):
    """Accuracy and size of the network in the box in int8, and speed beside `predict`."""
    X_train, _, X, y = mnist.split()
    clf = load_pretrained()
    files = {name: folder / name for name in ("digits.onnx", "digits.tflite", "int8.tflite")}
    clf.export(files["digits.onnx"])
    clf.export(files["digits.tflite"])
    clf.export(files["int8.tflite"], quantize=True, images=X_train[:: len(X_train) // 500])
    sizes = {name: path.stat().st_size for name, path in files.items()}
    in_float, in_int8 = (
        FORMATS["litert"].open(str(files[name])) for name in ("digits.tflite", "int8.tflite")
    )
    given = X.reshape(-1, 28, 28, 1).astype(np.float32)
    lost = np.mean(clf.predict(X) == y) - np.mean(in_int8(given).argmax(axis=1) == y)
    report.header("The network in the box")
    report.row("int8, lost on MNIST's last 10,000", [100 * lost], unit="points", at_most=0.1)
    share = sizes["int8.tflite"] / sizes["digits.tflite"]
    report.row("int8, share of the size in float32", [share], unit="", at_most=0.35, digits=3)
    for name, size in sizes.items():
        report.row(name, [size / 1000], unit="kB", digits=0)

    light = OnnxDigitClassifier(files["digits.onnx"])
    chunks = [given[i : i + 256] for i in range(0, len(given), 256)]
    ways = {
        "predict_proba": lambda: clf.predict_proba(X),
        "OnnxDigitClassifier.predict_proba": lambda: light.predict_proba(X),
        "LiteRT, 256 at a time": lambda: [in_float(chunk) for chunk in chunks],
        "LiteRT in int8, 256 at a time": lambda: [in_int8(chunk) for chunk in chunks],
    }
    times = {name: [] for name in ways}
    for _ in range(runs + 1):  # the first one warms up
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - start)
    report.header("10,000 images, in turn")
    for name, values in times.items():
        report.row(name, values[1:], unit="s")


def first_reading():
    """Seconds from an interpreter to a first label, by ONNX Runtime."""
    start = time.perf_counter()
    import numpy as np

    from cnn_digits import OnnxDigitClassifier

    frame = np.zeros((1, 28, 28), np.uint8)
    frame[0, 4:24, 12:16] = 255
    OnnxDigitClassifier().predict(frame)
    return time.perf_counter() - start


def first(runs):
    report.header("From nothing to a label")
    code = f"import time\n{inspect.getsource(first_reading)}\nprint(first_reading())"
    command = [sys.executable, "-c", code]
    times = [
        float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _ in range(runs)
    ]
    report.row("import and first reading", times, unit="s", at_most=0.7)
    paper = Image.new("L", (95, 95), 220)
    paper.paste(50, (45, 20, 51, 75))
    with tempfile.TemporaryDirectory() as folder:
        paper.save(f"{folder}/one.png")
        command = [sys.executable, "-m", "cnn_digits", "predict", f"{folder}/one.png"]
        times = []
        for _ in range(runs):
            start = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True)
            times.append(time.perf_counter() - start)
    report.row("cnn-digits predict one.png", times, unit="s", at_most=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--only", choices=("first", "packaged", "equality"))
    args = parser.parse_args()
    report.machine()
    with tempfile.TemporaryDirectory() as folder:
        if args.only in (None, "first"):
            first(args.runs)
        if args.only in (None, "packaged"):
            packaged(Path(folder), args.runs)
        if args.only in (None, "equality"):
            equality(Path(folder))


if __name__ == "__main__":
    main()
