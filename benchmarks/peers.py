"""How fast and how accurate: this package beside what its users might take instead.

    CNN_DIGITS_DATA=<folder> python benchmarks/peers.py --plot docs/images/peers.png

Every run has a process of its own, in which the library is loaded and a first small fit is
done before the clock starts; the peers take turns, seed by seed. Needs requirements.txt;
a peer that is not installed is left out.
"""

import argparse
import csv
import importlib.util
import math
import tempfile
import time
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import fresh
import mnist
import numpy as np
import report

from cnn_digits.data.dataset import read_dataset

N_WARM_UP = 512


@dataclass(frozen=True)
class Peer:
    """One way to train a network.

    Parameters
    ----------
    name : str
    group : str
        Runs of a group share a colour.
    prepare : callable
        `f(seed, **params) -> (convert, fit)`; loads the library. `convert` turns uint8 images
        of shape (n, 784) into what the library wants, which is not timed. `fit(images,
        labels)` returns a function that predicts labels of converted images, the
        multiplications and additions of one image, and the epochs run.
    needs : str
        Package without which it is left out.
    params : dict
    """

    name: str
    group: str
    prepare: object
    needs: str = "numpy"
    params: dict = field(default_factory=dict)


def this_package(seed, **params):
    from cnn_digits import CNNDigitClassifier

    def fit(X, y):
        clf = CNNDigitClassifier(random_state=seed, **params).fit(X, y)
        return clf.predict, keras_operations(clf.model_), clf.n_iter_

    return lambda X: X, fit


def keras_operations(model):
    """Multiplications and additions of one image in convolutions and dense layers."""
    total = 0
    for layer in model.layers:
        if type(layer).__name__ in ("Conv2D", "Dense"):
            positions = math.prod(layer.output.shape[1:-1])
            total += 2 * positions * math.prod(layer.kernel.shape)
    return total


def torch_operations(network, image):
    """The same of a torch network."""
    import torch

    total = 0

    def count(layer, inputs, output):
        nonlocal total
        total += 2 * layer.weight.numel() * math.prod(output.shape[2:])

    hooks = [
        layer.register_forward_hook(count)
        for layer in network.modules()
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear))
    ]
    with torch.no_grad():
        network(image)
    for hook in hooks:
        hook.remove()
    return total


def simple_in_keras():
    """Keras's own MNIST example: the package's "simple" network, built by hand."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def to_floats(X):
    return X.reshape(-1, 28, 28, 1).astype(np.float32) / 255


def plain_keras(seed, epochs):
    import keras

    def fit(X, y):
        keras.utils.set_random_seed(seed)
        model = simple_in_keras()
        model.fit(X, y, batch_size=128, epochs=epochs, verbose=0)

        def predict(X):
            return model.predict(X, verbose=0).argmax(axis=1)

        return predict, keras_operations(model), epochs

    return to_floats, fit


def scikeras_wrapper(seed, epochs):
    import keras
    from scikeras.wrappers import KerasClassifier

    def fit(X, y):
        keras.utils.set_random_seed(seed)
        clf = KerasClassifier(
            simple_in_keras, epochs=epochs, batch_size=128, verbose=0, random_state=seed
        ).fit(X, y)
        return clf.predict, keras_operations(clf.model_), epochs

    return to_floats, fit


def keras_wrapper(seed, epochs):
    import keras

    def build(X, y):
        # It takes flat rows only.
        rows = keras.layers.Reshape((28, 28, 1))
        model = keras.Sequential([keras.Input((784,)), rows, *simple_in_keras().layers])
        model.compile("adam", "categorical_crossentropy")
        return model

    def fit(X, y):
        keras.utils.set_random_seed(seed)
        options = {"epochs": epochs, "batch_size": 128, "verbose": 0}
        clf = keras.wrappers.SKLearnClassifier(build, fit_kwargs=options).fit(X, y)

        def predict(X):
            with redirect_stdout(StringIO()):  # it can't be told to draw no progress bar
                return clf.predict(X).ravel()

        return predict, keras_operations(clf.model_), epochs

    return (lambda X: to_floats(X).reshape(len(X), -1)), fit


def to_channels_first(X):
    return to_floats(X).reshape(-1, 1, 28, 28)


def skorch_wrapper(seed, epochs, channels_last):
    import torch
    from skorch import NeuralNetClassifier
    from torch import nn

    class Simple(nn.Sequential):
        def __init__(self):
            super().__init__(
                nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
                nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
                nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Dropout(0.5),
                nn.Linear(128, 10), nn.Softmax(dim=1),
            )  # fmt: skip
            if channels_last:
                self.to(memory_format=torch.channels_last)

        def forward(self, X):
            if channels_last:
                X = X.contiguous(memory_format=torch.channels_last)
            return super().forward(X)

    def fit(X, y):
        torch.manual_seed(seed)
        clf = NeuralNetClassifier(
            Simple, optimizer=torch.optim.Adam, lr=1e-3, batch_size=128, max_epochs=epochs,
            train_split=None, iterator_train__shuffle=True, verbose=0,
        ).fit(X, y)  # fmt: skip
        return clf.predict, torch_operations(clf.module_, torch.tensor(X[:1])), epochs

    return to_channels_first, fit


def torch_recipe(seed):
    """The fastest published recipe to 99 %: one epoch, batches of 256, channels last."""
    import torch
    from torch import nn

    def convert(X):
        images = (torch.tensor(to_channels_first(X)) - 0.1307) / 0.3081
        return images.contiguous(memory_format=torch.channels_last)

    def fit(X, y):
        torch.manual_seed(seed)
        network = nn.Sequential(
            nn.Conv2d(1, 24, 5), nn.MaxPool2d(2), nn.ReLU(),
            nn.Conv2d(24, 32, 3), nn.MaxPool2d(2), nn.ReLU(),
            nn.Flatten(), nn.Linear(800, 256), nn.ReLU(), nn.Linear(256, 10),
        ).to(memory_format=torch.channels_last)  # fmt: skip
        labels = torch.tensor(y)
        optimizer = torch.optim.Adam(network.parameters(), betas=(0.7, 0.9))
        batches = torch.randperm(len(X)).split(256)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, 0.01, total_steps=max(2, len(batches)), cycle_momentum=False
        )
        loss = nn.CrossEntropyLoss()
        for batch in batches:
            optimizer.zero_grad()
            loss(network(X[batch]), labels[batch]).backward()
            optimizer.step()
            schedule.step()
        network.eval()

        def predict(X):
            with torch.no_grad():
                return network(X).argmax(dim=1).numpy()

        return predict, torch_operations(network, X[:1]), 1

    return convert, fit


def multilayer_perceptron(seed):
    from sklearn.neural_network import MLPClassifier

    def fit(X, y):
        clf = MLPClassifier((512, 256), max_iter=10, random_state=seed).fit(X, y)
        return clf.predict, 2 * sum(weights.size for weights in clf.coefs_), clf.n_iter_

    return lambda X: X.astype(np.float32) / 255, fit


PEERS = [
    *(
        Peer(f"cnn-digits, {epochs} epoch{'s' * (epochs > 1)}", "cnn-digits", this_package,
             params={"epochs": epochs})
        for epochs in (1, 2, 4, 8, 20)
    ),
    Peer("cnn-digits, default", "cnn-digits", this_package),
    Peer("cnn-digits, accurate", "cnn-digits, accurate", this_package,
         params={"architecture": "accurate"}),
    Peer("Keras, simple, 1 epoch", "Keras", plain_keras, params={"epochs": 1}),
    Peer("Keras, simple, 10 epochs", "Keras", plain_keras, params={"epochs": 10}),
    Peer("scikeras, simple, 4 epochs", "scikeras", scikeras_wrapper, params={"epochs": 4}),
    Peer("SKLearnClassifier, simple, 4 epochs", "SKLearnClassifier", keras_wrapper,
         params={"epochs": 4}),
    Peer("skorch, simple, 4 epochs", "skorch", skorch_wrapper, "skorch",
         {"epochs": 4, "channels_last": False}),
    Peer("skorch, channels last, 4 epochs", "skorch", skorch_wrapper, "skorch",
         {"epochs": 4, "channels_last": True}),
    Peer("torch, fastest recipe to 99 %", "torch", torch_recipe, "torch"),
    Peer("scikit-learn, MLP (512, 256)", "MLPClassifier", multilayer_perceptron),
]  # fmt: skip


def load(test, n_train):
    """Images and labels to train on and to measure on."""
    if test is None:
        return mnist.split(n_train)
    X, y = mnist.load()
    dataset = read_dataset(test, subset="test")
    return X[:n_train], y[:n_train], dataset.data.reshape(-1, 784), dataset.target


def run(index, seed, test, n_train):
    """Train one peer once: what came out, as a dict."""
    peer = PEERS[index]
    X, y, X_test, y_test = load(test, n_train)
    y, y_test = y.astype(np.int64), y_test.astype(np.int64)
    start = time.perf_counter()
    convert, fit = peer.prepare(seed, **peer.params)
    fit(convert(X[:N_WARM_UP]), y[:N_WARM_UP])
    loading = time.perf_counter() - start
    images, images_test = convert(X), convert(X_test)

    start = time.perf_counter()
    predict, operations, epochs = fit(images, y)
    seconds = time.perf_counter() - start

    predicted = predict(images_test)
    return {
        "peer": peer.name,
        "seed": seed,
        "accuracy": 100 * float(np.mean(predicted == y_test)),
        "fit": seconds,
        "loading": loading,
        "epochs": epochs,
        "megaflop": operations / 1e6,
        "many": _median_seconds(lambda: predict(images_test), 5),
        "one": 1000 * _median_seconds(lambda: predict(images_test[:1]), 100),
        # Backward takes about two passes as long as forward.
        "rate": 3 * operations * len(X) * epochs / seconds / 1e9,
    }


def _median_seconds(function, times):
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def matrix_rate():
    """GFLOP/s of a float32 matrix product: the most that the machine can do."""
    x = np.ones((2048, 2048), np.float32)
    return 2 * 2048**3 / _median_seconds(lambda: x @ x, 7) / 1e9


def onnx_runtime(architecture, runs):
    """Seconds for 10,000 images and milliseconds for one: ours and ONNX Runtime's, alternately."""
    import onnxruntime

    from cnn_digits import CNNDigitClassifier

    X, y, X_test, _ = mnist.split(5000)
    clf = CNNDigitClassifier(architecture, epochs=1, random_state=0).fit(X, y)
    images = X_test.reshape(-1, 28, 28, 1).astype(np.float32)
    clf.model_(images[:1])  # Keras exports no network that was never called
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "network.onnx")
        clf.model_.export(path, format="onnx", verbose=False)
        session = onnxruntime.InferenceSession(path)
    name = session.get_inputs()[0].name

    def theirs(n):
        return session.run(None, {name: images[:n]})[0]

    np.testing.assert_allclose(theirs(100), clf.predict_proba(X_test[:100]), atol=1e-4)
    clf.predict_proba(X_test)
    results = {"ours": ([], []), "onnx": ([], [])}
    for _ in range(runs):
        for key, call in (("ours", lambda n: clf.predict_proba(X_test[:n])), ("onnx", theirs)):
            results[key][0].append(_median_seconds(lambda call=call: call(len(X_test)), 1))
            results[key][1].append(1000 * _median_seconds(lambda call=call: call(1), 50))
    return results


def print_run(row):
    print(
        f"  {row['peer']}, seed {row['seed']}: {row['accuracy']:.2f} %, {row['fit']:.2f} s",
        flush=True,
    )


def print_table(results, rate):
    """A table in Markdown: means and standard deviations."""
    print(
        "\n| | runs | accuracy [%] | fit [s] | first use [s] | operations an image [million] "
        "| share of the matrix rate | 10,000 images [s] | one image [ms] |\n"
        f"|{' --- |' * 9}"
    )
    for peer in PEERS:
        rows = [row for row in results if row["peer"] == peer.name]
        if not rows:
            continue
        columns = {key: np.array([row[key] for row in rows]) for key in rows[0] if key != "peer"}

        def spread(key, columns=columns):
            sd = f" ± {columns[key].std(ddof=1):.2f}" if len(columns[key]) > 1 else ""
            return f"{columns[key].mean():.2f}{sd}"

        print(
            f"| {peer.name} | {len(rows)} | {spread('accuracy')} | {spread('fit')} "
            f"| {columns['loading'].mean():.1f} | {columns['megaflop'].mean():.2f} "
            f"| {columns['rate'].mean() / rate:.0%} | {columns['many'].mean():.3f} "
            f"| {columns['one'].mean():.2f} |"
        )


def print_bounds(results):
    """The comparisons that the package promises."""

    def of(name, key):
        return [row[key] for row in results if row["peer"] == name]

    one, default = "cnn-digits, 1 epoch", "cnn-digits, default"
    recipe, simple = "torch, fastest recipe to 99 %", "Keras, simple, 10 epochs"
    report.header("Bounds")
    report.row("one epoch, accuracy", of(one, "accuracy"), unit="%", by="mean", at_least=98.95)
    report.row("default, accuracy", of(default, "accuracy"), unit="%", by="mean", at_least=99.45)
    report.row("default, fit", of(default, "fit"), unit="s", by="mean", at_most=50)
    for label, peer, bound in (
        ("one epoch to the fastest recipe, time", recipe, {"at_most": 0.9}),
        ("'simple', 10 epochs, to one epoch, time", simple, {"at_least": 8}),
    ):
        ours, theirs = np.array(of(one, "fit")), np.array(of(peer, "fit"))
        if len(ours) == len(theirs):
            ratios = ours / theirs if peer == recipe else theirs / ours
            report.row(label, ratios, unit="×", **bound)


def plot(results, path):
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
    colours = plt.get_cmap("tab10")
    groups = list(dict.fromkeys(peer.group for peer in PEERS))
    group_of = {peer.name: peer.group for peer in PEERS}
    markers = "osD^v<>PX"
    for i, group in enumerate(groups):
        rows = [row for row in results if group_of[row["peer"]] == group]
        if rows:
            ax.scatter(
                [row["fit"] for row in rows], [row["accuracy"] for row in rows],
                color=colours(i), marker=markers[i], s=22, label=group,
            )  # fmt: skip
    ax.set_xscale("log")
    ticks = [2, 5, 10, 20, 50, 100, 200]
    ax.set_xticks(ticks, labels=[str(tick) for tick in ticks])
    ax.minorticks_off()
    ax.set(xlabel="Wall time of fit [s]", ylabel="Accuracy on unseen digits [%]")
    ax.set_title("MNIST, one point a run")
    ax.grid(alpha=0.3)
    ax.legend(loc="lower right", fontsize=8)
    fig.savefig(path, dpi=120)


def main():
    """Run the peers in turn, seed by seed, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--peers", nargs="+", help="only those with one of these in their names")
    parser.add_argument("--test", help="images and labels to measure on (default: last 10,000)")
    parser.add_argument(
        "--images", type=int, default=mnist.N_TRAIN, help="training images (default: %(default)s)"
    )
    parser.add_argument("--plot", help="picture of accuracy against time to write")
    parser.add_argument("--out", help="CSV of all runs to write")
    args = parser.parse_args()
    report.machine()
    rate = matrix_rate()
    print(f"float32 matrix product: {rate:.0f} GFLOP/s\n", flush=True)

    results = []
    try:
        for seed in args.seeds:
            for i, peer in enumerate(PEERS):
                wanted = not args.peers or any(part in peer.name for part in args.peers)
                if wanted and importlib.util.find_spec(peer.needs) is not None:
                    results.append(fresh.call(run, i, seed, args.test, args.images))
                    print_run(results[-1])
    except KeyboardInterrupt:
        print("Interrupted: what follows is of the runs so far.")
    print_table(results, rate)
    print_bounds(results)
    if not args.peers and importlib.util.find_spec("onnxruntime"):
        report.header("Prediction beside ONNX Runtime")
        for architecture in ("compact", "simple"):
            times = fresh.call(onnx_runtime, architecture, 15)
            for key, name in (("ours", "predict_proba"), ("onnx", "ONNX Runtime")):
                many, one = times[key]
                report.row(f"{architecture}: 10,000, {name}", many, unit="s", digits=3)
                report.row(f"{architecture}: one image, {name}", one, unit="ms", digits=3)
            ratio = np.array(times["onnx"][0]) / np.array(times["ours"][0])
            bound = {"at_least": 1.0} if architecture == "compact" else {}
            report.row(f"{architecture}: 10,000, rate to ONNX's", ratio, unit="×", **bound)
    if args.out:
        with open(args.out, "w", newline="") as file:
            writer = csv.DictWriter(file, results[0])
            writer.writeheader()
            writer.writerows(results)
    if args.plot:
        plot(results, args.plot)


if __name__ == "__main__":
    main()
