"""OnnxDigitClassifier predicts as the classifier that was exported does."""

import os
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.metrics import accuracy_score
from sklearn.pipeline import make_pipeline

from cnn_digits import CNNDigitClassifier, FrameDigits, OnnxDigitClassifier, load_pretrained

pytest.importorskip("tf2onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def path(fitted, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "digits.onnx"
    fitted.export(path)
    return path


class TestAsTheOriginal:
    def test_predictions(self, path, fitted, digits):
        light, X = OnnxDigitClassifier(path), digits[1]
        np.testing.assert_allclose(light.predict_proba(X), fitted.predict_proba(X), atol=1e-6)
        assert light.predict_proba(X).dtype == np.float32
        np.testing.assert_array_equal(light.predict(X), fitted.predict(X))
        assert light.score(X, digits[3]) == accuracy_score(digits[3], fitted.predict(X))
        for images in (X[:1], X.astype(float), X.reshape(-1, 8, 8), X.tolist()):
            expected = fitted.predict_proba(images)
            np.testing.assert_allclose(light.predict_proba(images), expected, atol=1e-6)

    def test_attributes(self, path, fitted):
        light = OnnxDigitClassifier(path)
        np.testing.assert_array_equal(light.classes_, fitted.classes_)
        assert light.classes_.dtype == fitted.classes_.dtype
        assert light.image_shape_ == fitted.image_shape_
        assert light.n_features_in_ == fitted.n_features_in_

    @pytest.mark.parametrize("labels", [["no", "yes"], [True, False], [7, 9]])
    def test_labels(self, tmp_path, labels):
        rng = np.random.default_rng(0)
        X = rng.integers(0, 256, (12, 9, 9), dtype=np.uint8)
        clf = CNNDigitClassifier(epochs=1, random_state=0).fit(X, np.array(labels)[[0, 1] * 6])
        clf.export(tmp_path / "labels.onnx")
        light = OnnxDigitClassifier(tmp_path / "labels.onnx")
        np.testing.assert_array_equal(light.predict(X), clf.predict(X))
        assert light.classes_.dtype == clf.classes_.dtype

    def test_padded_rows(self, tmp_path):
        X = np.random.default_rng(0).integers(0, 256, (12, 60)).astype(np.uint8)
        with pytest.warns(UserWarning, match="padded"):
            clf = CNNDigitClassifier(epochs=1, random_state=0).fit(X, [0, 1] * 6)
        clf.export(tmp_path / "padded.onnx")
        light = OnnxDigitClassifier(tmp_path / "padded.onnx")
        np.testing.assert_allclose(light.predict_proba(X), clf.predict_proba(X), atol=1e-6)

    def test_errors_and_warnings(self, path, digits):
        light, X = OnnxDigitClassifier(path), digits[1]
        with pytest.raises(ValueError, match="X has 63 features, but OnnxDigitClassifier is exp"):
            light.predict(X[:, :-1])
        with pytest.warns(UserWarning, match="Scale both alike"):
            light.predict(X / 1000)
        with pytest.warns(UserWarning, match="1 of 2 images are blank"):
            proba = light.predict_proba(np.stack([X[0], np.zeros_like(X[0])]))
        np.testing.assert_allclose(proba[1], 0.1)

    def test_columns_of_a_table(self, digits, tmp_path):
        X = pd.DataFrame(digits[1], columns=[f"pixel{i}" for i in range(64)])
        clf = CNNDigitClassifier(epochs=1, random_state=0).fit(X, digits[3])
        clf.export(tmp_path / "table.onnx")
        light = OnnxDigitClassifier(tmp_path / "table.onnx")
        np.testing.assert_array_equal(light.feature_names_in_, clf.feature_names_in_)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            np.testing.assert_array_equal(light.predict(X), clf.predict(X))
        for each in (clf, light):
            with pytest.raises(ValueError, match="feature names should match"):
                each.predict(X[X.columns[::-1]])

    def test_uint8(self, fitted, digits, tmp_path):
        fitted.export(tmp_path / "whole.onnx", dtype="uint8")
        light, X = OnnxDigitClassifier(tmp_path / "whole.onnx"), digits[1]
        np.testing.assert_allclose(light.predict_proba(X), fitted.predict_proba(X), atol=1e-6)
        np.testing.assert_allclose(light.predict_proba(X * 1.0), fitted.predict_proba(X), atol=1e-6)
        with pytest.raises(ValueError, match=r"no whole numbers .*whole\.onnx takes uint8"):
            light.predict(X + 0.5)


class TestEstimator:
    def test_clone_pickle_and_set_params(self, path, digits):
        light = OnnxDigitClassifier(path).fit()
        for same in (clone(light), pickle.loads(pickle.dumps(light))):
            np.testing.assert_array_equal(same.predict(digits[1]), light.predict(digits[1]))
        assert light.set_params(network="digits").image_shape_ == (28, 28, 1)
        with pytest.raises(ValueError, match="'path' is no parameter; expected 'network'"):
            light.set_params(path=path)
        assert is_classifier(light)
        assert repr(clone(light)) == "OnnxDigitClassifier('digits')"

    def test_in_a_pipeline(self):
        reader = make_pipeline(FrameDigits(), OnnxDigitClassifier())
        paper = np.full((60, 90), 230, dtype=np.uint8)
        paper[10:50, 70:75] = 40
        assert reader.predict([paper]).tolist() == [1]

    def test_bad_files(self, path, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"none\.onnx' is neither a file nor a network"):
            OnnxDigitClassifier(tmp_path / "none.onnx").fit()
        with pytest.raises(FileNotFoundError, match=r"'letters' is neither .*: 'digits'"):
            OnnxDigitClassifier("letters").predict(np.zeros((1, 784)))
        (tmp_path / "cut.onnx").write_bytes(path.read_bytes()[:5000])
        with pytest.raises(ValueError, match=r"cut\.onnx can't be read"):
            OnnxDigitClassifier(tmp_path / "cut.onnx").fit()

    def test_a_file_of_somebody_else(self, path, tmp_path):
        import onnx

        model = onnx.load(path)
        del model.metadata_props[:]
        onnx.save(model, tmp_path / "foreign.onnx")
        with pytest.raises(ValueError, match=r"it has no labels, .* CNNDigitClassifier"):
            OnnxDigitClassifier(tmp_path / "foreign.onnx").fit()

    def test_without_onnx_runtime(self, path, monkeypatch):
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
        with pytest.raises(ModuleNotFoundError, match=r'pip install "cnn-digits\[onnx\]"'):
            OnnxDigitClassifier(path).fit()

    def test_loads_neither_keras_nor_tables(self, path):
        code = (
            "import sys, numpy as np; from cnn_digits import OnnxDigitClassifier\n"
            f"OnnxDigitClassifier({str(path)!r}).predict(np.eye(8)[None])\n"
            "heavy = {'keras', 'tensorflow', 'sklearn', 'pandas', 'matplotlib', 'onnx'}\n"
            "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
        )
        env = {**os.environ, "PYTHONWARNINGS": "ignore"}
        subprocess.run([sys.executable, "-c", code], check=True, env=env)


class TestInTheBox:
    def test_it_is_the_network_in_the_box(self, mnist):
        light, clf, X = OnnxDigitClassifier(), load_pretrained(), mnist[1][:2000]
        np.testing.assert_allclose(light.predict_proba(X), clf.predict_proba(X), atol=1e-5)
        assert (light._framed, light._knows_blank) == (clf._framed, clf._knows_blank)
