import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "networks"


@pytest.fixture(scope="module", autouse=True)
def on_the_path():
    """Scripts of the folder import each other as scripts do."""
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))
    for path in FOLDER.glob("*.py"):
        sys.modules.pop(path.stem, None)
