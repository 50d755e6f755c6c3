"""The documentation: commands run, pictures are there, nothing is left out of the reference.

Python code on the pages is run by pytest itself, as doctests.
"""

import doctest
import json
import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

import cnn_digits

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
_GENERATED = {"_build", "_templates", "auto_examples", "generated", "node_modules"}
PAGES = {
    page.relative_to(DOCS).as_posix(): page.read_text("utf-8")
    for page in sorted(DOCS.rglob("*.rst"))
    if page.relative_to(DOCS).parts[0] not in _GENERATED
}

# Blocks that are no code to run, by language.
SHOWN = {
    "text": "what a command prints, or what a file or a message says",
    "bat": "commands for Windows, which install the package as those in bash do",
    "bibtex": "a citation",
    "javascript": "run in Node by docs/check_snippet.mjs, a job of CI",
    "kotlin": "a sketch, and marked as one",
    "swift": "a sketch, and marked as one",
}

# Commands that are not run here, by program or by the variable that is set before it.
NOT_RUN = {
    "python3": "sets up an environment; CI does so with the README's command",
    "pip": "changes the environment that the tests run in",
    "pytest": "runs these tests",
    "ruff": "a step of CI beside the tests",
    "make": "the build of these pages is a job of CI",
    ".ci/distributions": "a job of CI",
    "git": "part of a release",
    "python": "downloads MNIST, is part of a release, or is the reader's script",
    "twine": "part of a release",
    "kaggle": "needs an account",
    "export": "for the processes after it",
    "KERAS_BACKEND=": "other backends are not installed with the tests",
    "CUDA_VISIBLE_DEVICES=": "hides a GPU that is not there",
}

# Pages with doctests that are skipped where MNIST would have to be downloaded.
SKIPPED = ["quick_start.rst"]


@dataclass(frozen=True)
class Block:
    line: int
    language: str
    text: str


def directives(text, names):
    """Line number, argument and indented rest of each of these directives."""
    lines = text.splitlines()
    for i, line in enumerate(lines):
        match = re.match(rf"( *)\.\. (?:{names})::(.*)", line)
        if match:
            indent = len(match[1])
            end = next(
                (
                    j
                    for j in range(i + 1, len(lines))
                    if lines[j].strip() and len(lines[j]) - len(lines[j].lstrip()) <= indent
                ),
                len(lines),
            )
            yield i + 1, match[2].strip(), dedent("\n".join(lines[i + 1 : end]))


def blocks(text):
    """Blocks of code that are no doctests."""
    found = [
        Block(line, language, re.sub(r"\A(:\w+:.*\n)+", "", rest).strip())
        for line, language, rest in directives(text, "code-block|code|sourcecode|parsed-literal")
    ]
    # A paragraph that ends in two colons announces one too.
    found += [
        Block(i, "", line)
        for i, line in enumerate(text.splitlines(), start=1)
        if line.endswith("::") and not line.lstrip().startswith("..")
    ]
    return found


def commands(text):
    """Lines of blocks of bash, without comments, those that go on in the next line joined."""
    found = []
    for block in blocks(text):
        if block.language == "bash":
            lines = block.text.replace("\\\n", " ").splitlines()
            found += [line for line in map(str.strip, lines) if line and line[0] != "#"]
    return found


def program(command):
    first = command.split()[0]
    return first.partition("=")[0] + "=" if "=" in first else first


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_run_or_listed(page):
    for block in blocks(PAGES[page]):
        where = f"docs/{page}, line {block.line}"
        assert block.language in {"bash", *SHOWN}, f"{where}: make it a doctest, or list it"
    for command in commands(PAGES[page]):
        assert program(command) in {"cnn-digits", *NOT_RUN}, f"docs/{page}: {command}"
    assert ("doctest: +SKIP" in PAGES[page]) == (page in SKIPPED)


@pytest.mark.slow
@pytest.mark.parametrize("page", [*SKIPPED, "fetch_mnist"])
def test_doctests_on_mnist(page, mnist):
    text = cnn_digits.fetch_mnist.__doc__ if page == "fetch_mnist" else PAGES[page]
    test = doctest.DocTestParser().get_doctest(text, {}, page, page, 0)
    assert any(doctest.SKIP in example.options for example in test.examples)
    for example in test.examples:
        example.options.pop(doctest.SKIP, None)
    report = []
    failed, tried = doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    assert tried == len(test.examples)
    assert not failed, "".join(report)


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if "cnn-digits" in map(program, commands(PAGES[page]))]
)
def test_commands(page, run_command):
    for command in commands(PAGES[page]):
        if program(command) == "cnn-digits":
            run_command(command)


@pytest.mark.slow
def test_keys_of_json(run_command, capsys):
    page = PAGES["user_guide/command_line.rst"]
    for command in (
        "cnn-digits train mnist --model mnist.cnn --epochs 1 --plots plots --json",
        "cnn-digits evaluate mnist --model mnist.cnn --plots plots --json",
        "cnn-digits read *.jpg --reject 0.9 --out numbers.csv --plots plots --json",
        "cnn-digits predict *.jpg --model mnist.cnn --reject 0.9 --out o.csv --plots plots --json",
    ):
        run_command(command)
        row = re.search(rf"\* - ``{command.split()[1]}``\n +- ((?:.+\n)+?) +\* -", page)[1]
        found = json.loads(capsys.readouterr().out)
        assert sorted(found) == sorted(re.findall(r"``(\w+)``", row))


@pytest.mark.parametrize("page", PAGES)
def test_pictures(page):
    for line, path, rest in directives(PAGES[page], "image|figure"):
        where = f"docs/{page}, line {line}"
        options = " ".join(rest.split("\n\n")[0].split())
        assert re.search(r":alt: [^:]{20,}", options), f"{where}: no alternative text"
        drawn = re.search(r"auto_examples/images/(?:thumb/)?sphx_glr_(\w+)_(\d+|thumb)\.png$", path)
        if drawn:
            assert (ROOT / "examples" / f"{drawn[1]}.py").is_file(), f"{where}: {path}"
        else:
            folder = DOCS if path[0] == "/" else (DOCS / page).parent
            assert (folder / path.lstrip("/")).is_file(), f"{where}: {path}"


@pytest.mark.parametrize("page", PAGES)
def test_what_is_quoted_is_there(page):
    for line, path, rest in directives(PAGES[page], "include"):
        where = f"docs/{page}, line {line}: {path}"
        quoted = ((DOCS / page).parent / path).read_text("utf-8")
        for option in ("start-after", "end-before"):
            found = re.search(rf"^:{option}: (.+)$", rest, re.M)
            if found:
                before, marker, after = quoted.partition(found[1])
                assert marker, f"{where}: no {found[1]!r}"
                quoted = after if option == "start-after" else before
        assert quoted.strip(), where


def test_the_reference_is_complete():
    listed = re.findall(r"^ {3}(\w+)$", PAGES["api.rst"], re.M)
    assert sorted(listed) == sorted(set(cnn_digits.__all__) - {"__version__"})


@pytest.mark.parametrize("name", sorted(set(cnn_digits.__all__) - {"__version__"}))
def test_every_public_name_has_an_example(name):
    assert re.search(r"Examples\n *-{8}\n\s+>>> ", getattr(cnn_digits, name).__doc__)


def test_versions_agree():
    version = re.escape(cnn_digits.__version__)
    assert re.search(rf"^version: {version}$", (ROOT / "CITATION.cff").read_text("utf-8"), re.M)
    assert re.search(rf"version = {{{version}}},$", PAGES["index.rst"], re.M)
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    released = rf"^## {version} - \d{{4}}-\d\d-\d\d$"
    assert re.search(rf"{released}|^What will be {version}\b", changes, re.M)
