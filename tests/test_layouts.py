import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_digits import Augment, CNNDigitClassifier, Normalize, Reshape
from cnn_digits.images import infer_image_shape

TRANSFORMERS = [Reshape(), Augment()]


@pytest.mark.parametrize(
    "shape",
    [(5, 1, 28, 28), (5, 3, 32, 32), (5, 4, 30, 20), (5, 1, 8, 8), (5, 1, 4, 4), (5, 2, 9, 7)],
)
@pytest.mark.parametrize("estimator", [*TRANSFORMERS, CNNDigitClassifier()], ids=repr)
def test_channels_first_are_asked_about(estimator, shape):
    X = np.zeros(shape, np.uint8)
    with pytest.raises(ValueError, match=r"channels first.* pass np.moveaxis\(X, 1, -1\)"):
        estimator.fit(X, np.arange(5))
    assert Reshape().fit(np.moveaxis(X, 1, -1)).image_shape_ == (*shape[2:], shape[1])


@given(height=st.integers(1, 40), width=st.integers(1, 40), channels=st.sampled_from([1, 3, 4]))
def test_pictures_as_they_should_be_pass(height, width, channels):
    # Four rows of four pixels with opacity might be four channels of four by four.
    if height >= 5 or width >= 5:
        shape = height, width, channels
        assert infer_image_shape(np.zeros((2, *shape))) == shape


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28)])
def test_image_shape_insists(shape):
    assert Reshape(shape).fit_transform(np.zeros((2, *shape))).shape == (2, *shape)


def test_normalize_keeps_channels_where_they_are():
    assert Normalize().fit_transform(np.ones((2, 3, 32, 32))).shape == (2, 3, 32, 32)


@pytest.mark.parametrize("shape", [(28, 28), (20, 20), (28, 28, 3), (40, 30, 1), (100, 80, 4)])
@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
def test_one_picture_in_place_of_several(transformer, shape):
    X = np.zeros(shape)
    with pytest.raises(ValueError, match=r"looks like one picture.*: pass X\[None\]"):
        transformer.fit_transform(X)
    assert transformer.fit_transform(X[None]).shape[:3] == (1, *shape[:2])


def test_labels_and_image_shape_say_that_it_is_several():
    X = np.zeros((28, 28))
    with pytest.warns(UserWarning, match="padded with 8 zeros"):
        assert Reshape().fit_transform(X, np.arange(28)).shape == (28, 6, 6, 1)
    assert Reshape((4, 7)).fit_transform(X).shape == (28, 4, 7, 1)
    # 64 rows of 64 pixels are 64 images of 8 × 8.
    assert Reshape().fit_transform(np.zeros((64, 64))).shape == (64, 8, 8, 1)


@pytest.mark.parametrize(
    ("shape", "how"),
    [
        ((28, 28), "X[None]"),
        ((28, 28, 1), "X[None]"),
        ((7, 1, 28, 28), "np.moveaxis(X, 1, -1)"),
    ],
)
@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
def test_after_fit_the_shape_tells(transformer, shape, how):
    transformer.fit(np.zeros((3, 784)))
    X = np.zeros(shape)
    with pytest.raises(ValueError, match="is expecting") as error:
        transformer.transform(X)
    assert str(error.value).endswith(f"Then pass {how}.")
    assert transformer.transform(eval(how, {"np": np, "X": X})).shape[1:3] == (28, 28)


def test_one_colour_picture_with_channels_first_after_fit():
    reshape = Reshape().fit(np.zeros((5, 32, 32, 3)))
    with pytest.raises(ValueError, match=r"Then pass np.moveaxis\(X, 0, -1\)\[None\]."):
        reshape.transform(np.zeros((3, 32, 32)))


def test_one_picture_to_normalize():
    normalize = Normalize().fit(np.arange(3 * 784).reshape(3, 784))
    with pytest.raises(ValueError, match=r"28 features, but .* Is X one picture\? .* X\[None\]"):
        normalize.transform(np.zeros((28, 28)))


@pytest.mark.parametrize("image_shape", [(28, 28), (28, 28, 1)])
def test_one_picture_beside_image_shape(image_shape):
    with pytest.raises(ValueError, match=r"784.* Is X one picture\? Then pass X\[None\]"):
        Reshape(image_shape).fit(np.zeros((28, 28)))


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 3)])
@pytest.mark.filterwarnings("ignore:X has 28 features")
def test_one_picture_with_its_label(shape):
    with pytest.raises(ValueError, match=r"\[28, 1\]. Is X one picture\? Then pass X\[None\]"):
        CNNDigitClassifier().fit(np.zeros(shape), [5])


@pytest.mark.filterwarnings("ignore:X has 28 features")
def test_one_picture_with_a_number():
    with pytest.raises(ValueError, match=r"y has shape \(\).* pass X\[None\] and \[y\]"):
        CNNDigitClassifier().fit(np.zeros((28, 28)), 5)


def test_one_picture_to_predict(fitted, digits):
    picture = digits[1][0].reshape(8, 8)
    with pytest.raises(ValueError, match=r"expecting 64 features .* Then pass X\[None\]"):
        fitted.predict(picture)
    with pytest.raises(ValueError, match=r"\(8, 8, 1\), as in fit. Is X with channels first\?"):
        fitted.predict(picture[None, None])
    assert fitted.predict(picture[None]) == fitted.predict(digits[1][:1])
