import json

import matplotlib.image
import numpy as np
import pandas as pd
import pytest

from cnn_digits.cli import main


def test_report_and_pictures(folder, tmp_path, capsys):
    argv = ["evaluate", f"{folder}/labelled.csv", "--model", f"{folder}/digits.cnn"]
    assert main([*argv, "--plots", f"{tmp_path}/plots"]) == 0
    out, err = capsys.readouterr()
    assert "precision    recall" in out
    assert "of 450 read right: 9" in out
    assert err == ""
    for name in ("confusion-matrix.png", "misclassified.png"):
        assert matplotlib.image.imread(tmp_path / "plots" / name).std() > 0


def test_json(folder, capsys):
    argv = ["evaluate", f"{folder}/labelled.csv", "--model", f"{folder}/digits.cnn", "--json"]
    assert main(argv) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["accuracy"] > 0.97
    assert found["report"]["accuracy"] == pytest.approx(found["accuracy"])
    assert np.trace(found["confusion_matrix"]) == round(found["accuracy"] * 450)


def test_labels_that_the_network_does_not_know(folder, digits, tmp_path, capsys):
    table = pd.DataFrame(digits[1]).add_prefix("pixel").assign(label=digits[3] + 1)
    table.to_csv(tmp_path / "shifted.csv", index=False)
    argv = ["evaluate", f"{tmp_path}/shifted.csv", "--model", f"{folder}/digits.cnn"]
    assert main(argv) == 2
    assert "labels [10], which" in capsys.readouterr().err


def test_evaluated(sheets, capsys):
    argv = ["evaluate", f"{sheets}/own", "--model", f"{sheets}/digits.cnn", "--json"]
    assert main(argv) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] >= 0.85
