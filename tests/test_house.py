"""The house stands as the design page says: imports go down, and doors are where they should be."""

import ast
import re
from pathlib import Path

import pytest

import cnn_digits

PACKAGE = Path(cnn_digits.__file__).parent
DESIGN = (Path(__file__).parents[1] / "docs" / "design.rst").read_text("utf-8")
# From the top down.
ROOMS = re.findall(r"^   \* - ``(\w+)/?``$", DESIGN.partition("The house\n")[2], re.M)
FILES = {
    path.relative_to(PACKAGE).with_suffix("").as_posix(): ast.parse(path.read_text("utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}
# Where a file may be imported from inside a function.
DOORS = ("classifier", "pretrained/networks", "reading/number_reader", "cli", "__init__")

files = pytest.mark.parametrize("name", FILES)


def imported(tree):
    """Modules of the package that are imported anywhere, and the names taken from each."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                module, _, name = alias.name.rpartition(".")
                yield module or name, [name]
        elif isinstance(node, ast.ImportFrom):
            yield node.module, [alias.name for alias in node.names]


def own(tree):
    """Files of this package that are imported anywhere, with each name that is taken from one."""
    for module, names in imported(tree):
        if module.split(".")[0] == "cnn_digits":
            folders = module.split(".")[1:]
            for name in names:
                paths = ["/".join([*folders, *end]) for end in ([name], [], ["__init__"])]
                paths.append("/".join([*folders, name, "__init__"]))
                yield next(path for path in paths if path in FILES), name


def room(name):
    return name.partition("/")[0]


def test_every_file_has_a_room():
    assert set(map(room, FILES)) - {"__main__"} == set(ROOMS)


@files
def test_imports_go_down(name):
    here = 0 if name == "__main__" else ROOMS.index(room(name))
    for other, _ in own(FILES[name]):
        # The names that the package itself gives out are found from everywhere.
        assert other == "__init__" or ROOMS.index(room(other)) >= here, other


def test_no_circle():
    below = {name: {other for other, _ in own(tree)} - {"__init__"} for name, tree in FILES.items()}
    while below:
        free = [name for name, others in below.items() if not others & set(below)]
        assert free, f"a circle among {sorted(below)}"
        for name in free:
            del below[name]


@files
def test_files_are_imported_in_functions_at_the_doors_alone(name):
    if name in DOORS or room(name) in DOORS:
        return
    for node in ast.walk(FILES[name]):
        if isinstance(node, ast.FunctionDef):
            found = [m for m, _ in imported(node) if m.split(".")[0] in ("keras", "cnn_digits")]
            assert not found, f"{node.name} imports {found}"


@files
def test_names_with_an_underscore_stay_in_their_file(name):
    for other, taken in own(FILES[name]):
        assert not re.match("_(?!_)", taken), f"{taken} of {other}"
