"""The examples run by themselves, draw a picture and show what they say.

What the text below a picture tells the reader to see in it, a script asserts where its page does
not show it. So the build of the documentation, which runs the scripts as well, fails too if it is
not so.
"""

import ast
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


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_example_claims_something(path):
    statements = ast.parse(path.read_text("utf-8")).body
    assert any(isinstance(statement, ast.Assert) for statement in statements)


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(run, path):
    run(path)
    assert plt.get_fignums()
