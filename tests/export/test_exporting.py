"""Exported files say what the network says, in the runtime of their format."""

import errno
import json
import os
import subprocess
import sys
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.exceptions import NotFittedError

from cnn_digits import CNNDigitClassifier
from cnn_digits.export.formats import FORMATS
from cnn_digits.metadata import METADATA_FILE

pytest.importorskip("tf2onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("ai_edge_litert")

ENDINGS = {"onnx": ".onnx", "litert": ".tflite", "keras": ".keras", "saved_model": ""}
ARCHITECTURES = ["compact", "medium", "accurate", "lenet5", "simple", "deep"]


def trained(shape, n_classes, **parameters):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (2 * n_classes, *shape)).astype(np.uint8)
    y = np.arange(len(X)) % n_classes
    return CNNDigitClassifier(epochs=1, random_state=0, **parameters).fit(X, y), X


def largest_difference(path, format, clf, images):
    """By the runtime of a format, for one image and for all."""
    call = FORMATS[format].open(str(path))
    expected = clf.predict_proba(images)
    return max(np.abs(call(images[:1]) - expected[:1]).max(), np.abs(call(images) - expected).max())


class TestEqual:
    @pytest.mark.parametrize("format", ENDINGS)
    def test_formats_and_types(self, fitted, digits, tmp_path, format):
        images = digits[1].reshape(-1, 8, 8, 1)
        for dtype in ("float32", "uint8"):
            path = tmp_path / f"{dtype}{ENDINGS[format]}"
            fitted.export(path, dtype=dtype)
            given = images.astype(dtype)
            assert largest_difference(path, format, fitted, given) <= 1e-5

    @pytest.mark.slow
    @pytest.mark.parametrize("architecture", ARCHITECTURES)
    @pytest.mark.parametrize(("shape", "n_classes"), [((28, 28, 3), 47), ((8, 8, 1), 2)])
    @pytest.mark.parametrize("format", ["onnx", "litert"])
    def test_architectures(self, tmp_path, architecture, shape, n_classes, format):
        clf, X = trained(shape, n_classes, architecture=architecture)
        path = tmp_path / f"network{ENDINGS[format]}"
        clf.export(path, images=X)
        assert largest_difference(path, format, clf, X.astype(np.float32)) <= 1e-5

    @pytest.mark.parametrize("n_classes", [1, 2])
    def test_few_classes(self, tmp_path, n_classes):
        clf, X = trained((8, 8, 1), n_classes)
        clf.export(tmp_path / "network.onnx")
        given = X.astype(np.float32)
        assert largest_difference(tmp_path / "network.onnx", "onnx", clf, given) <= 1e-5

    def test_of_lower_precision_in_float32(self, tmp_path):
        clf, X = trained((28, 28, 1), 3, dtype_policy="mixed_bfloat16")
        path = tmp_path / "network.onnx"
        clf.export(path)
        found = FORMATS["onnx"].open(str(path))(X.astype(np.float32))
        np.testing.assert_allclose(found, clf.predict_proba(X), atol=0.02)
        assert clf.model_.dtype_policy.name == "mixed_bfloat16"

    def test_the_same_file_for_the_same_network(self, fitted, tmp_path):
        for format in ("onnx", "litert"):
            paths = [tmp_path / f"{i}{ENDINGS[format]}" for i in range(2)]
            for path in paths:
                fitted.export(path)
            assert paths[0].read_bytes() == paths[1].read_bytes()

    @pytest.mark.parametrize("format", ENDINGS)
    def test_tried_on_a_single_image(self, fitted, digits, tmp_path, format):
        fitted.export(tmp_path / f"network{ENDINGS[format]}", images=digits[1][:1])

    def test_from_two_threads(self, fitted, tmp_path):
        before = sys.stdout, list(warnings.filters)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda i: fitted.export(tmp_path / f"{i}.onnx"), range(2)))
        assert (sys.stdout, list(warnings.filters)) == before
        assert (tmp_path / "0.onnx").read_bytes() == (tmp_path / "1.onnx").read_bytes()

    def test_keras_file_has_no_state_of_an_optimizer(self, fitted, tmp_path):
        fitted.export(tmp_path / "network.keras")
        assert (tmp_path / "network.keras").stat().st_size < 6 * fitted.model_.count_params()

    def test_opens_where_this_package_is_not(self, fitted, digits, tmp_path):
        fitted.export(tmp_path / "digits.onnx")
        np.save(tmp_path / "X.npy", digits[1][:5].reshape(-1, 8, 8, 1).astype(np.float32))
        code = (
            "import sys, numpy, onnxruntime, json\n"
            "session = onnxruntime.InferenceSession('digits.onnx')\n"
            "proba = session.run(['probabilities'], {'images': numpy.load('X.npy')})[0]\n"
            "labels = json.loads(session.get_modelmeta().custom_metadata_map['labels'])\n"
            "assert not {'cnn_digits', 'keras', 'tensorflow'} & set(sys.modules)\n"
            "print([labels[i] for i in proba.argmax(axis=1)])\n"
        )
        run = [sys.executable, "-c", code]
        out = subprocess.run(run, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
        assert json.loads(out) == fitted.predict(digits[1][:5]).tolist()


class TestQuantized:
    def test_labels_and_size(self, fitted, digits, tmp_path):
        X_train, X_test, _, _ = digits
        fitted.export(tmp_path / "float.tflite")
        fitted.export(tmp_path / "int8.tflite", quantize=True, images=X_train[:300])
        call = FORMATS["litert"].open(str(tmp_path / "int8.tflite"))
        found = call(X_test.reshape(-1, 8, 8, 1).astype(np.float32)).argmax(axis=1)
        assert (found == fitted.predict(X_test)).mean() >= 0.99
        sizes = [(tmp_path / f"{name}.tflite").stat().st_size for name in ("int8", "float")]
        assert sizes[0] < 0.5 * sizes[1]

    def test_needs_images(self, fitted, tmp_path):
        with pytest.raises(ValueError, match=r"quantize=True needs images, .* some hundred"):
            fitted.export(tmp_path / "int8.tflite", quantize=True)

    def test_only_litert(self, fitted, digits, tmp_path):
        with pytest.raises(ValueError, match=r"quantize=True, but format 'onnx'; only 'litert'"):
            fitted.export(tmp_path / "int8.onnx", quantize=True, images=digits[1])


class TestMetadata:
    def test_in_every_format(self, fitted, tmp_path):
        import onnx

        told = {
            "labels": list(range(10)),
            "image_shape": [8, 8, 1],
            "pixel_range": [0.0, 16.0],
            "framed": None,
        }
        for format, ending in ENDINGS.items():
            path = tmp_path / f"network{ending}"
            fitted.export(path)
            if format == "onnx":
                properties = onnx.load(path).metadata_props
                found = {each.key: json.loads(each.value) for each in properties}
            elif format == "saved_model":
                found = json.loads((path / "assets.extra" / METADATA_FILE).read_text())
            else:
                found = json.loads(zipfile.ZipFile(path).read(METADATA_FILE))
            assert {name: found[name] for name in told} == told

    def test_keras_file_opens_as_a_plain_model(self, fitted, digits, tmp_path):
        fitted.export(tmp_path / "network.keras")
        model = keras.models.load_model(tmp_path / "network.keras")
        images = digits[1].reshape(-1, 8, 8, 1)
        np.testing.assert_allclose(
            model.predict(images, verbose=0), fitted.predict_proba(digits[1]), atol=1e-6
        )

    def test_saved_model_by_its_signature(self, fitted, digits, tmp_path):
        fitted.export(tmp_path / "network")
        serve = tf.saved_model.load(tmp_path / "network").signatures["serving_default"]
        (found,) = serve(tf.constant(digits[1].reshape(-1, 8, 8, 1), tf.float32)).values()
        np.testing.assert_allclose(found, fitted.predict_proba(digits[1]), atol=1e-6)


def bessel(image_shape, n_classes):
    """A layer that neither ONNX nor LiteRT has."""

    class Bessel(keras.layers.Layer):
        def call(self, x):
            return tf.math.special.bessel_j0(x)

    inputs = keras.Input(image_shape)
    x = Bessel(name="strange")(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(n_classes, activation="softmax")(x))


class TestRefused:
    def test_not_fitted(self, tmp_path):
        with pytest.raises(NotFittedError):
            CNNDigitClassifier().export(tmp_path / "network.onnx")

    @pytest.mark.parametrize(
        ("name", "parameters", "message"),
        [
            ("network.pt", {}, r"ends in '\.pt'; expected one of \.onnx \('onnx'\), \.tflite"),
            ("network.onnx", {"format": "litert"}, r"ends in '\.onnx'; expected \.tflite for"),
            ("network.onnx", {"format": "torch"}, r"format='torch'; expected None or one of onnx,"),
            ("network.onnx", {"dtype": "int8"}, r"dtype='int8'; expected 'float32' or 'uint8'"),
        ],
    )
    def test_settings(self, fitted, tmp_path, name, parameters, message):
        with pytest.raises(ValueError, match=message):
            fitted.export(tmp_path / name, **parameters)
        assert not list(tmp_path.iterdir())

    def test_pixels_that_are_no_bytes(self, fitted, digits, tmp_path):
        X_train, _, y_train, _ = digits
        clf = CNNDigitClassifier(epochs=1, random_state=0).fit(X_train / 16, y_train)
        with pytest.raises(
            ValueError, match=r"dtype='uint8', but pixels in fit ranged from 0 to 1;"
        ):
            clf.export(tmp_path / "network.onnx", dtype="uint8")
        with pytest.raises(ValueError, match=r"dtype='uint8', but pixels of images are no whole"):
            fitted.export(tmp_path / "network.onnx", dtype="uint8", images=X_train[:9] + 0.5)
        assert not list(tmp_path.iterdir())

    def test_images_of_another_size(self, fitted, tmp_path):
        with pytest.raises(ValueError, match="X has images of shape"):
            fitted.export(tmp_path / "network.onnx", images=np.zeros((2, 9, 9)))

    @pytest.mark.parametrize("format", ["onnx", "litert"])
    def test_a_layer_that_the_format_lacks(self, tmp_path, format):
        clf, _ = trained((8, 8, 1), 3, architecture=bessel)
        path = tmp_path / f"network{ENDINGS[format]}"
        path.write_text("before")
        with pytest.raises(ValueError, match=rf"as '{format}'\. Its layer 'strange' \(Bessel\)"):
            clf.export(path)
        assert path.read_text() == "before"
        assert len(list(tmp_path.iterdir())) == 1

    def test_a_file_that_reads_otherwise(self, fitted, tmp_path, monkeypatch):
        path = tmp_path / "network.onnx"
        path.write_text("before")
        write = FORMATS["onnx"].write

        def write_another(network, *args):
            other = keras.models.clone_model(network)
            write(other, *args)

        monkeypatch.setitem(FORMATS, "onnx", replace(FORMATS["onnx"], write=write_another))
        with pytest.raises(ValueError, match=r"not written: .* differ by up to 0\.\d+ from"):
            fitted.export(path)
        assert path.read_text() == "before"

    def test_a_folder_in_the_place(self, fitted, tmp_path):
        (tmp_path / "network.onnx").mkdir()
        with pytest.raises(IsADirectoryError, match="is a folder; expected the name of a file"):
            fitted.export(tmp_path / "network.onnx")
        (tmp_path / "letters").mkdir()
        (tmp_path / "letters" / "love.txt").write_text("kept")
        with pytest.raises(FileExistsError, match="is a folder of something else; expected a new"):
            fitted.export(tmp_path / "letters")
        assert (tmp_path / "letters" / "love.txt").read_text() == "kept"
        (tmp_path / "file").write_text("kept")
        with pytest.raises(FileExistsError, match="is a file; expected a new folder"):
            fitted.export(tmp_path / "file")

    @pytest.mark.parametrize("ending", ENDINGS.values())
    def test_a_full_disk(self, fitted, tmp_path, monkeypatch, ending):
        path = tmp_path / f"network{ending}"
        fitted.export(path)
        before = _contents(tmp_path)

        def full(*_, **__):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        # What either way of writing ends with.
        monkeypatch.setattr("shutil.copyfile", full)
        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(OSError, match=r"can't be written: .*No space left on device\.$"):
            fitted.export(path)
        assert _contents(tmp_path) == before

    def test_no_folder(self, fitted, tmp_path):
        with pytest.raises(FileNotFoundError, match="there is no folder"):
            fitted.export(tmp_path / "none" / "network.onnx")
        assert not list(tmp_path.iterdir())

    def test_without_the_packages(self, fitted, tmp_path, monkeypatch):
        from cnn_digits.export import exporting

        monkeypatch.setattr(exporting, "find_spec", lambda name: None if name == "onnx" else name)
        with pytest.raises(ModuleNotFoundError, match=r'onnx .*pip install "cnn-digits\[export\]"'):
            fitted.export(tmp_path / "network.onnx")

    def test_saved_model_in_the_place_of_one(self, fitted, tmp_path):
        place = tmp_path / "network"
        fitted.export(place)
        (place / "of_before").write_text("")
        fitted.export(place)
        assert not (place / "of_before").exists()
        assert [path.name for path in tmp_path.iterdir()] == ["network"]


def _contents(folder):
    return {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def test_endings_are_those_of_the_formats():
    assert {name: format.suffix for name, format in FORMATS.items()} == ENDINGS
