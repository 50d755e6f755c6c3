"""Make the network in the box anew, or measure how it reads.

CNN_DIGITS_DATA=<folder> python networks/digits.py make
CNN_DIGITS_DATA=<folder> python networks/digits.py measure
"""

import argparse
from pathlib import Path

import measuring
import numpy as np
import writing
from recipe import Pool, Recipe, on_all_hands, on_mnist_alone

from cnn_digits import CNNDigitClassifier

IN_THE_BOX = Path(__file__).parents[1] / "src" / "cnn_digits" / "pretrained" / "digits.cnn"

# Places in the list of collections other than MNIST that train.
SWISS, OPTDIGITS = 0, 1

N_GROUPS = 5


class Networks:
    """Networks that are trained, each once: in a folder those of earlier runs are found.

    Parameters
    ----------
    recipe : Recipe
    n_images : int or None
        So many of each collection; None: all.
    folder : Path or None
        Where networks are kept.
    """

    def __init__(self, recipe, n_images=None, folder=None):
        self._recipe = recipe
        self._folder = folder
        mnist, self.unseen = writing.mnist()
        self.mnist = mnist[:n_images]
        self.others = [writing.swiss(n_images), writing.optdigits(n_images), writing.printed()]
        self._pool = None

    def of_mnist_alone(self):
        """That of the first stage."""
        return self._kept("mnist", lambda: on_mnist_alone(self.mnist, self._recipe))

    def of_all_hands(self, name="digits", number=None, writers=None):
        """That of the second stage, but for some writers: see `Pool.without`."""

        def train():
            if self._pool is None:
                self._pool = Pool(self.mnist, self.others, self._recipe.versions)
            frames, labels = self._pool.without(number, writers)
            return on_all_hands(self.of_mnist_alone(), frames, labels, self._recipe)

        return self._kept(name, train)

    def _kept(self, name, train):
        path = self._folder and self._folder / f"{name}.cnn"
        if path and path.exists():
            return CNNDigitClassifier.load(path)
        clf = train()
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            clf.save(path)
        return clf


def measure(networks, clf):
    """Print the tables of the model card."""
    swiss, optdigits, _ = networks.others
    left_out, lessons = [], []
    for number, writers in enumerate(measuring.groups(swiss.writers, N_GROUPS)):
        reader = networks.of_all_hands(f"without-writers-{number}", SWISS, writers)
        left_out.append(measuring.read(reader, swiss.by(writers)))
        lessons += [measuring.taught(reader, swiss.by([w]), networks.unseen) for w in writers]
    left_out = measuring.together(left_out)
    reader = networks.of_all_hands("without-optdigits", OPTDIGITS)
    found = {
        "Swiss writers, left out": left_out,
        "optdigits, left out": measuring.read(reader, optdigits),
        "MNIST, last 10,000": measuring.read(clf, networks.unseen),
    }
    for name, digits in writing.measured_only().items():
        found[name] = measuring.read(clf, digits)
    print("\nWhat the network has not been trained on\n\n" + measuring.table(found))
    by_writer = {w: left_out.only(left_out.writers == w) for w in np.unique(left_out.writers)}
    print("\nSwiss writers, each left out\n\n" + measuring.table(by_writer))
    by_digit = {str(i): left_out.only(left_out.labels == i) for i in range(10)}
    print("\nTheir digits\n\n" + measuring.table(by_digit))
    alone = measuring.read(networks.of_mnist_alone(), networks.unseen)
    print(f"\nMNIST, last 10,000, by the network of MNIST alone: {alone.accuracy:.2f} %")
    (own, own_after), (others, others_after) = np.mean(lessons, axis=0)
    print(
        f"Taught fifty digits of a writer who was left out: that writer's others {own:.2f} → "
        f"{own_after:.2f} %, MNIST's last 10,000 {others:.2f} → {others_after:.2f} %; means of "
        f"{len(lessons)} writers; worse on {sum(a[0, 1] < a[0, 0] for a in lessons)} of them"
    )


def parsed(argv):
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["make", "measure"])
    parser.add_argument("--network", type=Path, default=IN_THE_BOX, help="what is written, or read")
    parser.add_argument("--keep", type=Path, help="folder for what measure trains, used again")
    parser.add_argument("--images", type=int, help="so many of each collection, for a quick try")
    parser.add_argument("--epochs", type=int, nargs=2, default=Recipe.epochs, metavar="N")
    return parser.parse_args(argv)


def main(argv=None):
    args = parsed(argv)
    recipe = Recipe(epochs=tuple(args.epochs))
    if args.command == "make":
        Networks(recipe, args.images).of_all_hands().save(args.network)
    else:
        measure(Networks(recipe, args.images, args.keep), CNNDigitClassifier.load(args.network))


if __name__ == "__main__":
    main()
