"""What a command has to say: lines for people or one JSON object, and pictures."""

import json
import math

from cnn_digits.cli.places import named_path
from cnn_digits.files import writable_folder, written_whole

# So many pictures that are written are listed.
_FEW = 8


def add_report_arguments(parser, pictures):
    """Let a command draw `pictures` and print for machines."""
    parser.add_argument(
        "--plots", type=named_path, metavar="FOLDER", help=f"where to write {pictures}"
    )
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
            draw_into_files()

    def say(self, text):
        """Print a text, if it is people who read."""
        if not self._json:
            print(text, flush=True)

    def add(self, **found):
        """Add to the JSON object."""
        self._found.update(found)

    def files(self, *names):
        """What is written under these names, if pictures are, each with the option that says so."""
        folder = self._folder
        return [] if folder is None else [("--plots", folder / name) for name in names]

    def draw(self, display, name):
        """Write a display into the folder of pictures."""
        path = self._folder / name
        draw(display, path)
        self._found.setdefault("plots", []).append(str(path))

    def end(self):
        """Say which pictures were written, or print the JSON object for a machine."""
        plots = self._found.get("plots", [])
        if len(plots) > _FEW:
            self.say(f"Wrote {len(plots):,} pictures into {self._folder}")
        else:
            for path in plots:
                self.say(f"Wrote {path}")
        if self._json:
            print(json.dumps(_finite(self._found), allow_nan=False))


def _finite(value):
    """Without numbers that JSON does not have: null in their place."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def in_columns(lines):
    """Lines of as many cells each as a text whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def draw_into_files():
    """Have Matplotlib draw without a screen; before any display is made."""
    import matplotlib

    matplotlib.use("agg")


def draw(display, path):
    """Write a display's figure to a PNG file, and close it."""
    import matplotlib.pyplot as plt

    with written_whole(path) as file:
        display.figure_.savefig(file, format="png", bbox_inches="tight")
    plt.close(display.figure_)


def confusion_matrix_display(y, y_pred, labels=None):
    """Which digits were taken for which, headed by how many were read right."""
    from sklearn.metrics import ConfusionMatrixDisplay

    from cnn_digits.display.drawing import shown

    display = ConfusionMatrixDisplay.from_predictions(
        y, y_pred, labels=labels, cmap="Blues", colorbar=False
    )
    # A label with dollars is no formula.
    names = [shown(tick.get_text()) for tick in display.ax_.get_yticklabels()]
    display.ax_.set_xticks(range(len(names)), labels=names, parse_math=False)
    display.ax_.set_yticks(range(len(names)), labels=names, parse_math=False)
    display.ax_.set_title(f"{(y == y_pred).sum():,} of {len(y):,} digits read right")
    return display
