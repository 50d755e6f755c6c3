"""The examples run by themselves, and show what they say."""

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("plot_*.py"))


@pytest.fixture
def run(monkeypatch):
    # Figures that are shown stay open, to be counted.
    monkeypatch.setattr(plt, "show", lambda: None)
    yield lambda path: runpy.run_path(str(path))
    plt.close("all")


def test_there_are_examples():
    assert EXAMPLES


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(run, path):
    found = run(path)
    assert plt.get_fignums()
    if path.stem == "plot_own_digits":
        digits = found["digits"]
        assert (found["read"] == digits).mean() > 0.9 > (found["naive"] == digits).mean()
