"""Make the network that reads numbers anew.

CNN_DIGITS_DATA=<folder> python networks/lines.py [--out FILE]
"""

import argparse
from pathlib import Path

import composing
import line_recipe
import numpy as np
import picturing

from cnn_digits import NumberReader
from cnn_digits.reading.calibration import fit_calibration
from cnn_digits.reading.decoding import agreed, mean_log_probability, probabilities_of
from cnn_digits.reading.line_reader import LineReader
from cnn_digits.reading.reader_file import FittedReader
from cnn_digits.reading.strips import SIZES, strips_of

IN_THE_BOX = Path(__file__).parents[1] / "src" / "cnn_digits" / "pretrained" / "numbers.cnn"

# Lines of digits that were not trained on, from which it is learnt how far the network is to be
# believed.
N_CALIBRATION = 3_000


def made(recipe, n_digits=None):
    """The network of a recipe with its calibration, of so many digits of each collection or all."""
    lines = line_recipe.composed(line_recipe.kind_for_training(n_digits), recipe.n_lines, seed=0)
    network = line_recipe.trained(line_recipe.begun(), lines, recipe)
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
    answers = LineReader(network)(written)
    sureness, is_right = [], []
    for i, text in enumerate(texts):
        logits = answers[i * len(SIZES) : (i + 1) * len(SIZES)]
        opinions = [probabilities_of(each, separators=False) for each in logits]
        read = agreed(opinions)
        sureness.append(mean_log_probability(opinions, read))
        is_right.append(read == text)
    return fit_calibration(sureness, is_right)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=IN_THE_BOX)
    parser.add_argument("--lines", type=int, default=line_recipe.Recipe.n_lines)
    parser.add_argument("--epochs", type=int, default=line_recipe.Recipe.epochs)
    parser.add_argument("--digits", type=int, help="of each collection")
    args = parser.parse_args()
    recipe = line_recipe.Recipe(n_lines=args.lines, epochs=args.epochs)
    reader = NumberReader()
    reader._adopt(made(recipe, args.digits))
    reader.save(args.out)


if __name__ == "__main__":
    main()
