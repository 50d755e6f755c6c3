import copy
import json
import math
import zipfile
from pathlib import Path

import pytest

from cnn_digits.persistence.schema import check_description

FORMER = Path(__file__).parents[1] / "former_files"


@pytest.fixture(scope="module")
def valid():
    with zipfile.ZipFile(FORMER / "version-2.cnn") as archive:
        return json.loads(archive.read("classifier.json"))


def with_value(meta, name, value):
    """A copy of a description with another value, the name of which says where it is."""
    meta = copy.deepcopy(meta)
    *path, key = name.split(".")
    inner = meta
    for step in path:
        inner = inner[step]
    inner[key] = value
    return meta


def test_valid(valid):
    check_description(valid)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("versions", []),
        ("versions.keras", None),
        ("parameters", None),
        ("parameters.architecture", "no"),
        ("parameters.architecture", ["lenet5"]),
        ("parameters.augment", 3),
        ("parameters.augment", {"rotation": math.inf}),
        ("parameters.class_weight", [["one"]]),
        ("parameters.class_weight", [["one", -1]]),
        ("parameters.class_weight", [[["one"], 1]]),
        ("parameters.epochs", math.nan),
        ("parameters.learning_rate", math.inf),
        ("parameters.learning_rate", {"module": "os"}),
        ("parameters.optimizer", 1),
        ("parameters.optimizer", {"class": "SGD"}),
        ("parameters.loss", "x" * 1000),
        ("parameters.loss", {"class": "Loss", "config": {"axis": [1]}}),
        ("building.architecture", 1),
        ("building.dropout", 1),
        ("building.dropout", "0"),
        ("building.mean", math.nan),
        ("building.mean", 1e39),
        ("building.mean", 10**400),
        ("building.mean", True),
        ("building.std", 0.0),
        ("building.std", -1.0),
        ("building.std", None),
        ("building.sharpness", math.inf),
        ("building.sharpness", 0),
        ("building.dtype_policy", "float8"),
        ("building.dtype_policy", ["float32"]),
        ("classes", [1, 2]),
        ("classes.dtype", "V8"),
        ("classes.dtype", "<M8[s]"),
        ("classes.dtype", "i4,f8"),
        ("classes.dtype", 8),
        ("classes.labels", []),
        ("classes.labels", "eight"),
        ("classes.labels", [["a"], ["b"]]),
        ("classes.labels", [None]),
        ("image_shape", None),
        ("image_shape", [4, 4]),
        ("image_shape", [4, 4, 0]),
        ("image_shape", ["4", 4, 1]),
        ("image_shape", [4, 4, True]),
        ("image_shape", [10**9, 10**9, 1]),
        ("n_features_in", 0),
        ("n_features_in", 16.0),
        ("feature_names_in", [1] * 16),
        ("feature_names_in", "pixel"),
        ("pixel_range", [0.0]),
        ("pixel_range", [0, 1, 2]),
        ("pixel_range", [1.0, 0.0]),
        ("pixel_range", [0.0, math.inf]),
        ("pixel_range", ["0", "1"]),
        ("history", []),
        ("history.loss", 1.0),
        ("history.loss", [1.0, None]),
        ("history.loss", ["1"] * 40),
        ("framed", "yes"),
        ("framed", 1),
    ],
)
def test_value_of_another_kind_is_named_with_what_is_expected(valid, name, value):
    with pytest.raises(ValueError, match=rf"^its {name} is [^;]+; expected .* .*\.$"):
        check_description(with_value(valid, name, value))


@pytest.mark.parametrize("name", ["history", "building", "pixel_range", "feature_names_in"])
def test_missing_entry_is_named(valid, name):
    meta = {key: value for key, value in valid.items() if key != name}
    with pytest.raises(ValueError, match=f"^it has no {name}"):
        check_description(meta)


def test_what_is_not_known_is_left_to_later_versions(valid):
    check_description({**valid, "other": [None]})


def test_values_are_quoted_in_short(valid):
    with pytest.raises(ValueError, match="image_shape") as info:
        check_description(with_value(valid, "image_shape", ["x" * 10**6] * 1000))
    assert len(str(info.value)) < 300


@pytest.mark.parametrize(
    ("dtype", "labels"),
    [
        ("<U5", ["a", "b"]),
        ("<U1000", ["a", "b"]),  # NumPy's own may be wider than they need to be
        (">U2", ["", "ab"]),
        ("<i8", [-1, 0, 2**62]),
        ("|u1", [0, 255]),
        ("<f8", [-0.5, 1.0]),
        ("<f4", [0.5, 1.25]),
        ("|b1", [False, True]),
        ("|O", ["a", "b"]),
        ("|O", [1, 2.5, 10**30]),
        ("|O", [False, True]),
        ("<U4", ["caf\udce9"]),  # of the name of a folder that is no UTF-8
    ],
)
def test_labels(valid, dtype, labels):
    check_description(with_value(valid, "classes", {"dtype": dtype, "labels": labels}))


@pytest.mark.parametrize(
    ("dtype", "labels"),
    [
        ("<U1", ["none", "one"]),
        ("<U120000000", ["a", "b"]),
        ("<U5", ["a", "a"]),
        ("<U5", ["b", "a"]),
        ("<U5", ["a", 1]),
        ("<U5", ["a\0"]),
        ("<i8", [0, True]),
        ("<i8", [0, 1.0]),
        ("<i8", [1, 0]),
        ("|u1", [0, 256]),
        ("|u1", [-1, 0]),
        ("<i8", [2**63]),
        ("<i8", ["0", "1"]),
        ("<f8", [0, 1]),
        ("<f4", [0.1, 0.2]),
        ("<f2", [1.0, 1e30]),
        ("|b1", [0, 1]),
        ("|b1", [True, False]),
        ("|O", [1, True]),
        ("|O", ["a", 1]),
    ],
)
def test_labels_that_would_come_out_otherwise(valid, dtype, labels):
    with pytest.raises(ValueError, match=r"its labels \w+ .*type"):
        check_description(with_value(valid, "classes", {"dtype": dtype, "labels": labels}))


@pytest.mark.parametrize(("mean", "std"), [(1e30, 1e-10), (0.0, 1e-40)])
def test_standardisation_that_overflows(valid, mean, std):
    meta = copy.deepcopy(valid)
    meta["building"].update(mean=mean, std=std)
    with pytest.raises(ValueError, match=r"its pixels have mean .* and std .*, which no fit"):
        check_description(meta)


@pytest.mark.parametrize(
    ("image_shape", "n_features_in", "fits"),
    [
        ([4, 4, 1], 16, True),
        ([2, 4, 3], 24, True),
        ([4, 4, 1], 15, True),  # padded to a square
        ([4, 4, 1], 9, False),  # which is a square of its own
        ([4, 4, 1], 17, False),
        ([2, 8, 1], 15, False),
        ([4, 4, 3], 47, False),
    ],
)
def test_values_per_image(valid, image_shape, n_features_in, fits):
    meta = {**valid, "image_shape": image_shape, "n_features_in": n_features_in}
    if fits:
        check_description(meta)
    else:
        with pytest.raises(
            ValueError, match=rf"image_shape is .* n_features_in is {n_features_in}"
        ):
            check_description(meta)


def test_names_of_other_values(valid):
    with pytest.raises(ValueError, match="feature_names_in are 2, but n_features_in is 16"):
        check_description({**valid, "feature_names_in": ["a", "b"]})


@pytest.mark.parametrize(
    ("history", "fits"),
    [
        ({}, True),  # interrupted in the first epoch
        ({"loss": [1.0, 0.5], "accuracy": [0.5, 1.0]}, True),
        ({"loss": [1.0, math.nan], "val_loss": [0.5]}, True),  # validation ended
        ({"loss": [1.0], "accuracy": [0.5, 1.0]}, False),
        ({"loss": [1.0], "learning_rate": []}, False),
        ({"loss": [1.0], "val_loss": [0.5, 0.5]}, False),
        ({"accuracy": [1.0]}, False),
    ],
)
def test_history(valid, history, fits):
    if fits:
        check_description({**valid, "history": history})
    else:
        with pytest.raises(ValueError, match=r"its history has lists of .* one for each epoch"):
            check_description({**valid, "history": history})
