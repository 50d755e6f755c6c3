"""Kill `cnn-digits train --checkpoint` at every step and at random, and compare what it comes to.

    python fuzz/kills.py --kills 100 --seed 0

After each kill the same command runs to its end. What it writes must be what it writes when
nothing disturbs it: weights, state of the optimizer, history. Exits with 1 if it ever is not.
"""

import argparse
import multiprocessing
import os
import random
import shlex
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from stepped import Steps

from cnn_digits.cli import main as cnn_digits

# At this rate the best epoch is not the last, and the rate falls.
OPTIONS = "--epochs 4 --architecture lenet5 --augment rotation=10 --early-stopping"
OPTIONS += " --learning-rate 0.02 --batch-size 16"

# Each run is a process of its own; what takes seconds to load is loaded before they part.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["__main__", "cnn_digits.training.loop", "cnn_digits.prediction"])


class Kills:
    """Runs of one command that are killed, each in a folder of its own."""

    def __init__(self, place, options, n_images=300):
        self._place = place
        self._options = shlex.split(options)
        X, y = load_digits(return_X_y=True)
        np.savez(place / "digits.npz", X=X[:n_images].astype(np.uint8), y=y[:n_images])
        self._n_runs = 0
        folder = self._new_folder()
        process = self._begun(folder)
        start = time.perf_counter()
        process.join()
        self._seconds = time.perf_counter() - start
        self._expected = contents(folder / "digits.cnn")

    def steps(self):
        """The steps of a run, in words."""
        folder = self._new_folder()
        assert self._run(folder, step=0) == 0, (folder / "output.txt").read_text()
        steps = (folder / "steps.txt").read_text().splitlines()
        for kind in ("open", "write", "fsync", "os.rename", "os.remove"):
            assert any(step.startswith(kind) for step in steps), f"no {kind} is seen"
        return steps

    def at_step(self, number):
        """What comes of a kill before a step, counted from 1."""
        folder = self._new_folder()
        assert self._run(folder, step=number) < 0, (folder / "output.txt").read_text()
        return self._outcome(folder)

    def at_a_moment(self, share):
        """What comes of a kill after a share of the time between the first epoch and the end."""
        folder = self._new_folder()
        process = self._begun(folder)
        time.sleep(share * self._seconds)
        process.kill()
        process.join()
        return self._outcome(folder)

    def _outcome(self, folder):
        """Run the command to its end, and say what it comes to; "equal" if it is as it should."""
        if self._run(folder) != 0:
            last_line = (folder / "output.txt").read_text().strip().rpartition("\n")[2]
            return f"UNUSABLE: {last_line}"
        if contents(folder / "digits.cnn") != self._expected:
            return "UNEQUAL"
        left = [path.name for path in (folder / "checkpoint").rglob("*")]
        return f"UNEQUAL: {left} is left" if left else "equal"

    def _new_folder(self):
        self._n_runs += 1
        folder = self._place / str(self._n_runs)
        folder.mkdir()
        return folder

    def _run(self, folder, step=None):
        """Run the command, up to a step if one is given; returns the exit code."""
        process = self._started(folder, step)
        process.join()
        return process.exitcode

    def _begun(self, folder):
        """The command in a process that has begun its first epoch."""
        process = self._started(folder)
        output = folder / "output.txt"
        while process.is_alive() and not (output.exists() and "Epoch 1/" in output.read_text()):
            time.sleep(0.005)
        return process

    def _started(self, folder, step=None):
        outputs = {"--model": folder / "digits.cnn", "--checkpoint": folder / "checkpoint"}
        words = [str(word) for pair in outputs.items() for word in pair]
        arguments = ["train", str(self._place / "digits.npz"), *words, *self._options]
        process = PROCESSES.Process(target=run, args=(arguments, folder, step))
        process.start()
        return process


def run(arguments, folder, step):
    """The command in this process, which ends with it."""
    output = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    if step is not None:
        watched = [str(folder / name) for name in ("checkpoint", "digits.cnn")]
        Steps(step, folder / "steps.txt", watched).watch()
    sys.exit(cnn_digits(arguments))


def contents(path):
    """What a model file holds: bytes by the name of the entry."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def selected(steps, part):
    """Numbers of the steps that a text such as "1:20" or "all" means, from 1."""
    numbers = range(1, len(steps) + 1)
    if part in ("all", "none"):
        return numbers
    first, _, last = part.partition(":")
    return [number for number in numbers if int(first) <= number <= int(last)]


def trials(kills, args):
    """Names of the kills that are asked for, each with a function that tries it."""
    steps = [] if args.steps == "none" else kills.steps()
    for number in selected(steps, args.steps):
        name = f"before step {number} of {len(steps)}, {steps[number - 1]}"
        yield name, lambda number=number: kills.at_step(number)
    draw = random.Random(args.seed)
    for number in range(1, args.kills + 1):
        share = draw.random()
        name = f"moment {number} of {args.kills}, at {share:.3f}"
        yield name, lambda share=share: kills.at_a_moment(share)


def main(argv=None):
    """Kill, and print what comes of it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", default="all", help="all, none, or 1:20 (default: all)")
    parser.add_argument("--kills", type=int, default=100, help="at random (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--options", default=OPTIONS, help="of the training")
    parser.add_argument(
        "--minutes", type=float, default=60, help="begin no kill later (default: %(default)s)"
    )
    args = parser.parse_args(argv)
    end = time.monotonic() + 60 * args.minutes
    outcomes = []
    with tempfile.TemporaryDirectory() as place:
        for name, trial in trials(Kills(Path(place), args.options), args):
            if time.monotonic() > end:
                print("the time is over", flush=True)
                break
            outcomes.append(trial())
            print(f"{name}: {outcomes[-1]}", flush=True)
    bad = [outcome.partition(":")[0] for outcome in outcomes if outcome != "equal"]
    print(
        f"{len(outcomes)} kills: {bad.count('UNUSABLE')} unusable, {bad.count('UNEQUAL')} unequal"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
