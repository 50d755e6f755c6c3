import pickle

import joblib
import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.utils.validation import check_is_fitted
from written_numbers import written

from cnn_digits import NumberReader
from cnn_digits.reading import number_reader

BLANK = np.full((60, 80), 200, dtype=np.uint8)
TEXTS = ["0427", "31592", "60", "98", "7", "2024"]


@pytest.fixture(scope="module")
def reader():
    return NumberReader()


@pytest.fixture(scope="module")
def pictures():
    return [written(text, seed=i) for i, text in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def fitted(pictures):
    """Hardly fitted: it reads as before, nearly."""
    return NumberReader(epochs=1, learning_rate=1e-5, random_state=0).fit(pictures, TEXTS)


class TestReading:
    def test_numbers_as_texts(self, reader, pictures):
        found = reader.predict(pictures)
        assert found.dtype.kind == "U"
        assert found.shape == (6,)
        assert np.mean(found == TEXTS) > 0.5
        assert reader.score(pictures, TEXTS) == np.mean(found == TEXTS)

    def test_all_that_is_known_of_a_number(self, reader, pictures):
        readings = reader.read(pictures)
        assert [reading.text for reading in readings] == reader.predict(pictures).tolist()
        confidence = reader.confidence(pictures)
        np.testing.assert_array_equal([reading.confidence for reading in readings], confidence)
        assert ((confidence > 0) & (confidence <= 1)).all()
        for reading, picture in zip(readings, pictures, strict=True):
            height, width = picture.shape
            for number in reading.numbers:
                assert "".join(digit.label for digit in number.digits) == number.text
                for left, top, w, h in [number.box, *(digit.box for digit in number.digits)]:
                    assert 0 <= left < left + w <= width
                    assert 0 <= top < top + h <= height
                    # The digits are 44 pixels high and stand on the 30th row.
                    assert top >= 24
                    assert top + h <= 80

    def test_a_page(self, reader):
        reading = reader.read([written("0427 13\n98651\n60")])[0]
        assert [len(line.numbers) for line in reading.lines] == [2, 1, 1]
        assert [len(number.text) for number in reading.numbers] == [4, 2, 5, 2]
        tops = [line.box[1] for line in reading.lines]
        assert tops == sorted(tops)

    def test_light_on_dark(self, reader, pictures):
        np.testing.assert_array_equal(
            reader.predict([255 - picture for picture in pictures]), reader.predict(pictures)
        )

    def test_kinds_of_pictures(self, reader, pictures, tmp_path):
        Image.fromarray(pictures[0]).save(tmp_path / "a.png")
        kinds = [
            tmp_path / "a.png",
            str(tmp_path / "a.png"),
            Image.fromarray(pictures[0]),
            np.stack([pictures[0]] * 3, axis=2),
            pictures[0] / 255,
        ]
        expected = reader.read([pictures[0]])[0]
        for reading in reader.read(kinds):
            assert reading.text == expected.text
            assert reading.confidence == pytest.approx(expected.confidence, abs=0.02)
        assert len(reader.predict(np.stack([pictures[0]] * 3))) == 3
        assert reader.predict(tmp_path / "a.png").tolist() == [expected.text]

    def test_it_does_not_depend_on_the_others(self, reader, pictures):
        together = reader.read(pictures)
        for picture, reading in zip(pictures, together, strict=True):
            alone = reader.read([picture])[0]
            assert alone.text == reading.text
            assert alone.confidence == pytest.approx(reading.confidence, rel=1e-4)

    def test_pictures_without_a_number(self, reader, pictures):
        with pytest.warns(UserWarning, match=r"No number was found on 2 of 3 .*\(pictures\[0\], p"):
            found = reader.predict([BLANK, BLANK[:3, :3], pictures[0]])
        assert found.tolist()[:2] == ["", ""]
        with pytest.warns(UserWarning, match="No number"):
            assert reader.confidence([BLANK]).tolist() == [0.0]

    def test_a_picture_that_lies_upside_down(self, pictures):
        turned = [np.rot90(picture, 2) for picture in pictures[:2]]
        readings = NumberReader(rotate="auto").read(turned)
        assert [reading.turned for reading in readings] == [180, 180]
        with pytest.warns(UserWarning, match="likely upside down. rotate='auto' reads"):
            NumberReader().predict(turned)

    def test_more_digits_than_a_number_has(self, reader):
        picture = np.full((100, 47 * 30), 225, dtype=np.uint8)
        for column in range(30, 46 * 30, 30):
            picture[30:70, column : column + 5] = 40
        with pytest.warns(UserWarning, match=r"\(4\d digits\)\) is longer than any .* 40 digits"):
            reader.predict([picture])

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"lines": 2}, "'lines' parameter"),
            ({"rotate": 90}, "'rotate' parameter"),
            ({"separators": "yes"}, "'separators' parameter"),
            ({"network": 3}, "'network' parameter"),
            ({"network": "digits"}, "network='digits' is neither a file nor a network that comes"),
            ({"network": "none.cnn"}, "expected|neither a file nor a network"),
        ],
    )
    def test_parameters(self, pictures, parameters, message):
        with pytest.raises(ValueError, match=message):
            NumberReader(**parameters).predict(pictures)


class TestFit:
    def test_it_learns_and_leaves_the_package_alone(self, reader, pictures):
        before = reader.confidence(pictures)
        ours = NumberReader(epochs=20, random_state=0)
        assert ours.fit(pictures, TEXTS) is ours
        assert ours.score(pictures, TEXTS) == 1
        assert ours.confidence(pictures).mean() > before.mean()
        assert ours.history_["loss"][-1] < ours.history_["loss"][0]
        np.testing.assert_array_equal(reader.confidence(pictures), before)

    def test_the_same_seed_the_same_weights(self, fitted, pictures):
        again = clone(fitted).fit(pictures, TEXTS)
        for one, other in zip(fitted.network_.variables, again.network_.variables, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())

    @pytest.mark.parametrize(
        ("numbers", "message"),
        [
            (TEXTS[1:], "5 numbers for 6 pictures"),
            (["12a4", *TEXTS[1:]], r"numbers\[0\] is '12a4', which holds 'a'"),
            (["1" * 41, *TEXTS[1:]], "a number of 41 digits"),
        ],
    )
    def test_numbers_that_are_none(self, fitted, pictures, numbers, message):
        before = fitted.network_
        with pytest.raises(ValueError, match=message):
            fitted.fit(pictures, numbers)
        assert fitted.network_ is before

    def test_pictures_that_are_left_out(self, pictures):
        reader = NumberReader(epochs=1)
        with pytest.warns(UserWarning, match=r"Nothing is learnt from 1 of 2 .*no ink was found"):
            reader.fit([pictures[0], BLANK], ["0427", "1"])
        with (
            pytest.warns(UserWarning, match="1 of 1 pictures"),
            pytest.raises(ValueError, match="There is nothing to learn from"),
        ):
            reader.fit([BLANK], ["1"])


class TestScikitLearn:
    def test_it_needs_no_fit(self, reader):
        check_is_fitted(reader)

    def test_clone_and_parameters(self, fitted):
        copy = clone(fitted)
        assert copy.get_params() == fitted.get_params()
        assert not hasattr(copy, "network_")
        assert copy.set_params(lines=1, separators=True).lines == 1

    def test_search(self, pictures):
        reader = NumberReader(epochs=1, learning_rate=1e-6, random_state=0, lines=1)
        search = GridSearchCV(reader, {"separators": [False, True]}, cv=2).fit(pictures, TEXTS)
        assert search.cv_results_["mean_test_score"].shape == (2,)
        assert search.score(pictures, TEXTS) == pytest.approx(
            reader.score(pictures, TEXTS), abs=0.2
        )

    def test_cross_validation_of_paths(self, pictures, tmp_path):
        paths = []
        for i, picture in enumerate(pictures):
            paths.append(tmp_path / f"{i}.png")
            Image.fromarray(picture).save(paths[-1])
        scores = cross_validate(NumberReader(epochs=1), paths, np.array(TEXTS), cv=2)
        assert np.isfinite(scores["test_score"]).all()


class TestKept:
    def test_file(self, fitted, pictures, tmp_path):
        fitted.save(tmp_path / "ours.cnn")
        for again in (
            NumberReader.load(tmp_path / "ours.cnn"),
            NumberReader(network=tmp_path / "ours.cnn"),
        ):
            np.testing.assert_array_equal(again.confidence(pictures), fitted.confidence(pictures))
        assert NumberReader.load(tmp_path / "ours.cnn").get_params() == fitted.get_params()
        assert NumberReader.load(tmp_path / "ours.cnn").history_ == fitted.history_

    def test_file_of_one_that_was_not_fitted(self, reader, pictures, tmp_path):
        reader.save(tmp_path / "as_it_comes.cnn")
        assert (tmp_path / "as_it_comes.cnn").stat().st_size < 2_000_000
        again = NumberReader.load(tmp_path / "as_it_comes.cnn")
        # One by Keras, the other by ONNX Runtime.
        np.testing.assert_allclose(
            again.confidence(pictures), reader.confidence(pictures), atol=1e-3
        )

    def test_fit_goes_on_from_a_file(self, fitted, pictures, tmp_path):
        fitted.save(tmp_path / "ours.cnn")
        on = NumberReader(tmp_path / "ours.cnn", epochs=1, random_state=0).fit(pictures, TEXTS)
        anew = NumberReader(epochs=1, random_state=0).fit(pictures, TEXTS)
        assert on.history_["loss"] != anew.history_["loss"]

    def test_pickles(self, fitted, reader, pictures, run_python, tmp_path):
        reader.predict(pictures)
        assert len(pickle.dumps(reader)) < 2_000
        data = pickle.dumps(fitted)
        assert len(data) < 1.01 * 4 * fitted.network_.count_params()
        again = pickle.loads(data)
        np.testing.assert_array_equal(again.confidence(pictures), fitted.confidence(pictures))
        joblib.dump((fitted, pictures), tmp_path / "both")
        code = "import joblib; r, pictures = joblib.load('both'); print(*r.predict(pictures))"
        out = run_python(f"import os; os.chdir({str(tmp_path)!r}); {code}")
        assert out == " ".join(fitted.predict(pictures))


class TestOnnxRuntime:
    def test_reads_as_keras_does(self, pictures, monkeypatch):
        light = NumberReader().read(pictures)
        monkeypatch.setattr(number_reader, "is_available", lambda: False)
        by_keras = NumberReader().read(pictures)
        for one, other in zip(light, by_keras, strict=True):
            assert one.text == other.text
            assert one.confidence == pytest.approx(other.confidence, abs=1e-3)
            assert [n.box for n in one.numbers] == [n.box for n in other.numbers]

    def test_loads_no_keras(self, run_python):
        code = (
            "import sys, numpy as np; from cnn_digits import NumberReader\n"
            "paper = np.full((60, 90), 230, np.uint8); paper[10:50, 70:75] = 40\n"
            "print(*NumberReader().predict([paper]), {'keras', 'tensorflow'} & set(sys.modules))"
        )
        assert run_python(code) == "1 set()"

    def test_after_a_fork(self, run_python):
        code = (
            "import os, numpy as np; from cnn_digits import NumberReader\n"
            "paper = np.full((60, 90), 230, np.uint8); paper[10:50, 70:75] = 40\n"
            "reader = NumberReader(); reader.predict([paper])\n"
            "child = os.fork()\n"
            "if child == 0: os._exit(reader.predict([paper])[0] != '1')\n"
            "print(os.waitpid(child, 0)[1])"
        )
        assert run_python(code) == "0"


def test_import_loads_no_keras(run_python):
    code = (
        "import sys; from cnn_digits import NumberReader; NumberReader();"
        "print(sorted({'keras', 'tensorflow', 'matplotlib'} & set(sys.modules)))"
    )
    assert run_python(code) == "[]"
