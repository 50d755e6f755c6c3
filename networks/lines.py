"""Make the network that reads numbers anew.

CNN_DIGITS_DATA=<folder> python networks/lines.py [--out FILE]
"""

import argparse
from pathlib import Path

import line_recipe
import numpy as np

from cnn_digits import NumberReader
from cnn_digits.reading.calibration import fit_calibration
from cnn_digits.reading.decoding import decode, log_probability, probabilities_of
from cnn_digits.reading.line_reader import LineReader
from cnn_digits.reading.reader_file import FittedReader

IN_THE_BOX = Path(__file__).parents[1] / "src" / "cnn_digits" / "pretrained" / "numbers.cnn"

# Lines of digits that were not trained on, from which it is learnt how far the network is to be
# believed.
N_CALIBRATION = 6_000


def made(recipe, n_images=None):
    """The network of a recipe with its calibration."""
    lines = line_recipe.composed(line_recipe.kind_for_training(n_images), recipe.n_lines, seed=0)
    network = line_recipe.trained(line_recipe.begun(), lines, recipe)
    rounded(network)
    return FittedReader(network, calibrated(network), {})


def rounded(network):
    """Round weights to what 16 bits hold, which halves the file."""
    network.set_weights([np.float32(np.float16(values)) for values in network.get_weights()])


def calibrated(network):
    """How far the network is to be believed, on hard lines of digits it has not seen."""
    lines = line_recipe.composed(line_recipe.kind_for_calibration(), N_CALIBRATION, seed=1)
    sureness, is_right = [], []
    for logits, text in zip(LineReader(network)(lines.strips), lines.texts, strict=True):
        probabilities = probabilities_of(logits, separators=False)
        read = decode(probabilities).text
        sureness.append(log_probability(probabilities, read))
        is_right.append(read == "".join(filter(str.isdigit, text)))
    return fit_calibration(sureness, is_right)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=IN_THE_BOX)
    parser.add_argument("--lines", type=int, default=line_recipe.Recipe.n_lines)
    parser.add_argument("--epochs", type=int, default=line_recipe.Recipe.epochs)
    args = parser.parse_args()
    recipe = line_recipe.Recipe(n_lines=args.lines, epochs=args.epochs)
    reader = NumberReader()
    reader._adopt(made(recipe))
    reader.save(args.out)


if __name__ == "__main__":
    main()
