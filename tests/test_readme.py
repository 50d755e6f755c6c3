"""Every code block of the README runs."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest

README = Path(__file__).parents[1] / "README.md"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text("utf-8"), re.M | re.S)


def test_no_block_of_another_kind():
    fences = re.findall(r"^```(\w*)$", README.read_text("utf-8"), re.M)
    assert sorted(set(fences)) == ["", "bash", "python"]
    assert len(fences) == 2 * (len(blocks("bash")) + len(blocks("python")))


@pytest.mark.slow
def test_python(workplace):
    namespace = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), namespace)
    assert namespace["search"].best_score_ > 0.8
    plt.close("all")


def test_commands(run_command):
    """The commands; what sets up an environment is run by .ci/run."""
    demo, numbers, picture, workflow, pictures, test, pages = blocks("bash")
    setup = "python3 -m venv .venv && . .venv/bin/activate && pip install "
    assert demo.startswith(setup + ". && ")
    assert test == setup + '-e ".[test]" && pytest\n'
    assert pages == 'pip install -e ".[docs]" && make -C docs html\n'

    for line in (demo, numbers, picture):
        assert line.count("\n") == 1
    run_command(demo.split("&&")[-1])
    run_command(numbers)
    assert len(list(Path("drawn").iterdir())) == len(list(Path().glob("*.jpg")))
    run_command(picture)
    for line in workflow.splitlines():
        run_command(line)
    assert len(pd.read_csv("submission.csv")) == len(pd.read_csv("test.csv"))
    for line in pictures.splitlines():
        run_command(line)
    assert Path("pictures/readings.png").is_file()


def test_pictures_exist():
    for path in re.findall(r"!\[.+?\]\((.+?)\)", README.read_text("utf-8")):
        assert (README.parent / path).is_file()
