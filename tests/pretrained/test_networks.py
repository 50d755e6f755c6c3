import copy
import pickle
import re
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

import cnn_digits.pretrained
from cnn_digits import CNNDigitClassifier, FrameDigits, load_pretrained
from cnn_digits.pretrained import network_names, networks, read_card

FOLDER = Path(cnn_digits.pretrained.__file__).parent


@pytest.fixture(scope="module")
def clf():
    """The network in the box; tests must not change it."""
    return load_pretrained()


@pytest.fixture(scope="module")
def pictures():
    """A one and a seven, dark on light, as one draws them."""
    drawn = []
    for stroke in ([(52, 20), (48, 95)], [(25, 25), (75, 22), (42, 95)]):
        image = Image.new("L", (100, 120), 225)
        ImageDraw.Draw(image).line(stroke, fill=50, width=7, joint="curve")
        drawn.append(np.asarray(image))
    return drawn


class TestTheBox:
    def test_at_most_two_small_files_each_with_its_card(self):
        names = network_names()
        assert "digits" in names
        assert len(names) <= 2
        for name in names:
            assert (FOLDER / f"{name}.cnn").stat().st_size <= 2_000_000
            assert read_card(name).startswith(f"# Model card: {name}\n")
            # For ONNX Runtime.
            assert (FOLDER / f"{name}.onnx").stat().st_size <= 2_000_000
        assert sum(file.stat().st_size for file in FOLDER.parent.rglob("*.*")) < 6_000_000

    @pytest.mark.parametrize("name", ["digit", "../digits", "", None, ["digits"]])
    def test_a_name_that_is_not_in_it(self, name):
        with pytest.raises(ValueError, match=r"expected .*: 'digits'.*\.$") as error:
            load_pretrained(name)
        assert f"name={name!r}" in str(error.value)

    def test_one_that_reads_numbers_is_no_classifier(self):
        with pytest.raises(ValueError, match=r"NumberReader\(network='numbers'\) uses it"):
            load_pretrained("numbers")

    @pytest.mark.parametrize(
        "damage", [lambda data: data[:5000], lambda data: b"", lambda _: b"PK"]
    )
    def test_a_damaged_file(self, tmp_path, monkeypatch, damage):
        path = tmp_path / "digits.cnn"
        path.write_bytes(damage((FOLDER / "digits.cnn").read_bytes()))
        monkeypatch.setattr(networks, "_FOLDER", tmp_path)
        with pytest.raises(
            ValueError, match="comes with cnn-digits is damaged; install the p"
        ) as e:
            load_pretrained()
        assert str(path) in str(e.value)
        assert "\n" not in str(e.value)

    def test_from_a_zip(self, tmp_path, run_python):
        shutil.make_archive(tmp_path / "package", "zip", FOLDER.parents[1], "cnn_digits")
        code = (
            "import cnn_digits; print(cnn_digits.__file__, cnn_digits.load_pretrained().classes_)"
        )
        out = run_python(code, PYTHONPATH=str(tmp_path / "package.zip"))
        assert out.startswith(str(tmp_path / "package.zip"))
        assert out.endswith("[0 1 2 3 4 5 6 7 8 9]")


class TestAnOrdinaryClassifier:
    def test_classes(self, clf):
        assert type(clf) is CNNDigitClassifier
        assert clf.classes_.tolist() == list(range(10))
        assert clf.classes_.dtype == np.int64
        assert clf.image_shape_ == (28, 28, 1)

    def test_reads_pictures(self, clf, pictures):
        reader = make_pipeline(FrameDigits(), clf)
        assert reader.predict(pictures).tolist() == [1, 7]
        assert reader.score(pictures, [1, 7]) == 1

    def test_each_is_its_own(self, clf, pictures):
        frames = FrameDigits().fit_transform(pictures)
        before = clf.predict_proba(frames)
        other = load_pretrained().partial_fit(frames, [7, 1])
        assert other.n_iter_ == clf.n_iter_ + 1
        assert not np.array_equal(other.predict_proba(frames), before)
        np.testing.assert_array_equal(clf.predict_proba(frames), before)
        np.testing.assert_array_equal(load_pretrained().predict_proba(frames), before)

    def test_kept(self, clf, pictures, tmp_path):
        frames = FrameDigits().fit_transform(pictures)
        clf.save(tmp_path / "mine.cnn")
        for twin in (
            CNNDigitClassifier.load(tmp_path / "mine.cnn"),
            pickle.loads(pickle.dumps(clf)),
            copy.deepcopy(clf),
        ):
            np.testing.assert_array_equal(twin.predict_proba(frames), clf.predict_proba(frames))
            assert twin.get_params() == clf.get_params()
        assert clone(clf).get_params() == clf.get_params()
        assert not hasattr(clone(clf), "model_")

    def test_taught_with_other_labels(self, clf, pictures):
        with pytest.raises(ValueError, match="labels"):
            load_pretrained().partial_fit(FrameDigits().fit_transform(pictures), ["one", "seven"])


class TestWhatItIsShown:
    @pytest.fixture
    def frames(self, pictures):
        return FrameDigits().fit_transform(pictures)

    def test_frames_without_a_word(self, clf, frames):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            clf.predict(frames)
            make_pipeline(FrameDigits(), clf).predict(list(frames))
            load_pretrained().partial_fit(frames, [1, 7])

    @pytest.mark.parametrize(
        "scale",
        [
            lambda X: X / 255,
            lambda X: (X / 255).astype(np.float32),
            lambda X: X.astype(np.uint16) * 257,
            lambda X: (X - 33.3) / 78.6,
            lambda X: X / 127.5 - 1,
        ],
    )
    def test_frames_of_any_scale(self, clf, frames, scale):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            proba = clf.predict_proba(scale(frames))
        np.testing.assert_allclose(proba, clf.predict_proba(frames), atol=1e-4)

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda X: 255 - X,
            lambda X: 1 - X / 255,
            lambda X: np.roll(X, (3, 3), axis=(1, 2)),
            lambda X: np.kron(X[:, 3:-4, 3:-4], np.ones((1, 2, 2), X.dtype))[:, 6:-8, 6:-8],
        ],
    )
    def test_what_is_not_framed(self, clf, frames, spoil):
        X = spoil(frames)
        for read in (clf.predict_proba, clf.predict, lambda X: clf.score(X, [1, 7])):
            with pytest.warns(UserWarning, match="^2 of 2 images are not framed") as caught:
                read(X)
            assert len(caught) == 1
        with pytest.warns(UserWarning, match="Put FrameDigits before") as caught:
            load_pretrained().partial_fit(X, [1, 7])
        assert [warning.filename for warning in caught] == [__file__]

    def test_one_among_others(self, clf, frames):
        with pytest.warns(UserWarning, match=r"^1 of 3 images .* the first: X\[1\]\. "):
            clf.predict([frames[0], 255 - frames[1], frames[1]])

    @pytest.mark.parametrize("shape", [(64,), (8, 8), (32, 32), (28, 28, 3)])
    def test_another_size(self, clf, shape):
        X = np.random.default_rng(0).integers(0, 255, (5, *shape))
        for call in (clf.predict, lambda X: clf.partial_fit(X, [0] * 5)):
            with pytest.raises(ValueError, match=r"FrameDigits makes frames of 28 × 28") as error:
                call(X)
            assert re.search(r"784|\(28, 28, 1\)", str(error.value))

    def test_mnist(self, clf, mnist):
        _, X, _, y = mnist
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert clf.score(X, y) > 0.99
            assert clf.score(X[:1000] / 255, y[:1000]) > 0.985
