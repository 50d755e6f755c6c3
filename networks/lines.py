"""Make the network that reads numbers anew.

CNN_DIGITS_DATA=<folder> python networks/lines.py [--out FILE]
"""

import argparse
from dataclasses import replace
from pathlib import Path

import composing
import line_recipe
import numpy as np
import picturing

from cnn_digits import NumberReader
from cnn_digits.reading.calibration import fit_calibration
from cnn_digits.reading.decoding import agreed, mean_log_probability, probabilities_of
from cnn_digits.reading.line_network import compiled_network
from cnn_digits.reading.line_reader import LineReader
from cnn_digits.reading.reader_file import FittedReader
from cnn_digits.reading.strips import VIEWS, strips_of

IN_THE_BOX = Path(__file__).parents[1] / "src" / "cnn_digits" / "pretrained" / "numbers.cnn"

# Lines of digits that were not trained on, from which it is learnt how far the network is to be
# believed.
N_CALIBRATION = 3_000


def made(courses, n_digits=None, kept=None):
    """The network of some courses, of so many digits of each collection or all; calibrated."""
    weights = None
    for seed, recipe in enumerate(courses):
        kind = line_recipe.kind_for_training(n_digits, recipe.shapes)
        lines = line_recipe.composed(kind, recipe.n_lines, seed, recipe.clean)
        weights = line_recipe.trained(lines, recipe, weights, kept, seed)
    network = line_recipe.network_of(weights)
    rounded(network)
    return FittedReader(network, calibrated(network), {})


def rounded(network):
    """Round weights to what 16 bits hold, which halves the file."""
    network.set_weights([np.float32(np.float16(values)) for values in network.get_weights()])


def calibrated(network):
    """How far the network is to be believed, on hard lines of digits it has not seen."""
    kind, rng = line_recipe.kind_for_calibration(), np.random.default_rng(1)
    written, texts = [], []
    while len(texts) < N_CALIBRATION:
        line = composing.written(kind, rng)
        picture, region, _, _ = picturing.photographed(line, kind, rng)
        strips = strips_of(picture.astype(np.float32), region)
        if strips:
            written += [strip.pixels for strip in strips]
            texts.append("".join(filter(str.isdigit, line.symbols)))
    answers = LineReader(compiled_network(network))(written)
    sureness, is_right = [], []
    for i, text in enumerate(texts):
        logits = answers[i * len(VIEWS) : (i + 1) * len(VIEWS)]
        opinions = [probabilities_of(each, separators=False) for each in logits]
        read = agreed(opinions)
        sureness.append(mean_log_probability(opinions, read))
        is_right.append(read == text)
    return fit_calibration(sureness, is_right)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=IN_THE_BOX)
    parser.add_argument("--lines", type=int, help="for a quick try: of each course, once")
    parser.add_argument("--digits", type=int, help="of each collection")
    parser.add_argument("--keep", type=Path, help="where to keep the weights after each epoch")
    args = parser.parse_args()
    courses = line_recipe.COURSES
    if args.lines:
        courses = [replace(recipe, n_lines=args.lines, epochs=1) for recipe in courses]
    reader = NumberReader()
    reader._adopt(made(courses, args.digits, args.keep))
    reader.save(args.out)


if __name__ == "__main__":
    main()
