import json
import zipfile

import numpy as np
import pytest

from cnn_digits import CNNDigitClassifier, NumberReader
from cnn_digits.reading.calibration import Calibration
from cnn_digits.reading.reader_file import FittedReader, loaded, new_network, save, values_of


@pytest.fixture(scope="module")
def fitted():
    draws = np.random.default_rng(0)
    values = [draws.normal(size=value.shape) * 0.1 + 0.5 for value in values_of(new_network())]
    return FittedReader(new_network(values), Calibration(0.7, -0.2), {"loss": [2.0, 1.0]})


def opened(path):
    with loaded(path) as (parameters, fitted):
        return parameters, fitted


def altered(path, change):
    """A file with another description."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    meta = json.loads(members["reader.json"])
    change(meta)
    members["reader.json"] = json.dumps(meta).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def test_as_it_was(fitted, tmp_path):
    save(tmp_path / "r.cnn", {"lines": 1, "rotate": None}, fitted)
    parameters, found = opened(tmp_path / "r.cnn")
    assert parameters == {"lines": 1, "rotate": None}
    assert (found.calibration, found.history) == (fitted.calibration, fitted.history)
    for value, expected in zip(values_of(found.network), values_of(fitted.network), strict=True):
        np.testing.assert_array_equal(value, expected)


def test_the_same_reader_makes_the_same_file(fitted, tmp_path):
    for name in ("a", "b"):
        save(tmp_path / name, {}, fitted)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_was_rounded_takes_half_of_the_room(fitted, tmp_path):
    rounded = [value.astype(np.float16).astype(np.float32) for value in values_of(fitted.network)]
    save(tmp_path / "long.cnn", {}, fitted)
    save(tmp_path / "short.cnn", {}, FittedReader(new_network(rounded), Calibration(), {}))
    long, short = ((tmp_path / name).stat().st_size for name in ("long.cnn", "short.cnn"))
    assert short < 0.55 * long
    for value, expected in zip(
        values_of(opened(tmp_path / "short.cnn")[1].network), rounded, strict=True
    ):
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda meta: meta.update(version=2), "format version 2; this is cnn-digits"),
        (lambda meta: meta.update(version="1"), "format version 1; this is"),
        (lambda meta: meta.update(format="x"), "not written by NumberReader.save"),
        (lambda meta: meta.pop("calibration"), "it has no calibration"),
        (lambda meta: meta["calibration"].update(slope=-1), "calibration.slope is -1; expected a"),
        (lambda meta: meta["calibration"].update(offset=None), "calibration.offset is None"),
        (lambda meta: meta["parameters"].update(lines=[1]), r"parameters.lines is \[1\]"),
        (lambda meta: meta["history"].update(loss=["x"]), "history.loss is"),
    ],
)
def test_what_the_description_may_say(fitted, tmp_path, change, message):
    save(tmp_path / "r.cnn", {}, fitted)
    altered(tmp_path / "r.cnn", change)
    with pytest.raises(ValueError, match=message) as error:
        opened(tmp_path / "r.cnn")
    assert str(error.value).startswith(f"{tmp_path / 'r.cnn'} can't be loaded: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("cut", [0, 10, 5000, -1])
def test_cut_off(fitted, tmp_path, cut):
    save(tmp_path / "r.cnn", {}, fitted)
    (tmp_path / "r.cnn").write_bytes((tmp_path / "r.cnn").read_bytes()[:cut])
    with pytest.raises(ValueError, match=r"r\.cnn can't be loaded: it is"):
        opened(tmp_path / "r.cnn")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_weights_that_are_none(fitted, tmp_path, value):
    values = values_of(fitted.network)
    values[0] = np.full_like(values[0], value)
    with pytest.raises(ValueError, match=r"network/0\.npy holds NaN, infinity"):
        save(tmp_path / "r.cnn", {}, FittedReader(new_network(values), Calibration(), {}))
    assert not (tmp_path / "r.cnn").exists()


def test_each_estimator_opens_its_own(fitted, tmp_path, digits):
    save(tmp_path / "reader.cnn", NumberReader()._plain_parameters(), fitted)
    X, _, y, _ = digits
    CNNDigitClassifier(epochs=1).fit(X[:50], y[:50]).save(tmp_path / "clf.cnn")
    with pytest.raises(ValueError, match=r"holds a NumberReader, which NumberReader\.load opens"):
        CNNDigitClassifier.load(tmp_path / "reader.cnn")
    with pytest.raises(ValueError, match=r"a CNNDigitClassifier, which CNNDigitClassifier\.load"):
        NumberReader.load(tmp_path / "clf.cnn")
