"""What a command has to say: lines for people or one JSON object, and pictures."""

import json
from pathlib import Path

from cnn_digits.files import writable_folder, written_whole


def add_report_arguments(parser, pictures):
    """Let a command draw `pictures` and print for machines."""
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help=f"where to write {pictures}")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else"
    )


class Report:
    """What a command has to say.

    Made before anything takes time: raises OSError if no picture can be written.

    Parameters
    ----------
    args : argparse.Namespace
        With what `add_report_arguments` has added.
    """

    def __init__(self, args):
        self._json = args.json
        self._folder = args.plots
        self._found = {}
        if self._folder is not None:
            writable_folder(self._folder)

    def say(self, text):
        """Print a text, if it is people who read."""
        if not self._json:
            print(text, flush=True)

    def add(self, **found):
        """Add to the JSON object."""
        self._found.update(found)

    def draw(self, display, name):
        """Write a display into the folder of pictures, and say so."""
        path = self._folder / name
        draw(display, path)
        self.say(f"Wrote {path}")
        self._found.setdefault("plots", []).append(str(path))

    def end(self):
        """Print the JSON object, if it is a machine that reads."""
        if self._json:
            print(json.dumps(self._found))


def draw(display, path):
    """Write a display's figure to a PNG file, and close it."""
    import matplotlib.pyplot as plt

    with written_whole(path) as file:
        display.figure_.savefig(file, format="png", bbox_inches="tight")
    plt.close(display.figure_)


def confusion_matrix_display(y, y_pred, labels=None):
    """Which digits were taken for which, headed by how many were read right."""
    from sklearn.metrics import ConfusionMatrixDisplay

    display = ConfusionMatrixDisplay.from_predictions(
        y, y_pred, labels=labels, cmap="Blues", colorbar=False
    )
    display.ax_.set_title(f"{(y == y_pred).sum():,} of {len(y):,} digits read right")
    return display
