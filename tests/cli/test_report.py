import json
from argparse import Namespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from cnn_digits.cli.report import Report, confusion_matrix_display


def test_json_is_strict(capsys):
    report = Report(Namespace(json=True, plots=None))
    report.add(
        history={"loss": [1.5, float("nan")], "lr": (float("inf"),)},
        accuracy=np.float64("nan"),
        names=["七", "\udcff"],
    )
    report.end()
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out, parse_constant=pytest.fail) == {
        "history": {"loss": [1.5, None], "lr": [None]},
        "accuracy": None,
        "names": ["七", "\udcff"],
    }


@pytest.mark.parametrize("label", [r"$\frac$", "$x^2$", "\udcff", "a\nb"])
def test_any_label_stands_beside_a_confusion_matrix(label):
    y = np.array([label, "other", label])
    figure = confusion_matrix_display(y, y[::-1]).figure_
    figure.canvas.draw()
    shown = label.encode("unicode_escape").decode() if "$" not in label else label
    ticks = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    plt.close(figure)
    assert shown in ticks
