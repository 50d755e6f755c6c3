import keras
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from cnn_digits import Augment
from cnn_digits.augmentation.geometry import inverse_transforms, sampling_points
from cnn_digits.augmentation.layer import RandomDistortion, _bilinear


class TestRandomDistortion:
    def distort(self, images, **params):
        background = params.pop("background", np.zeros(images.shape[-1], np.float32))
        layer = RandomDistortion(Augment(**params), images.shape[1:], background)
        layer.reseed(3)
        return [np.asarray(layer(images, training=True)) for _ in range(2)]

    def test_drawn_anew_for_each_batch_and_each_image(self):
        images = np.tile(np.eye(20, dtype=np.float32)[None, :, :, None], (4, 1, 1, 1))
        first, second = self.distort(images)
        assert (first != second).any()
        assert (first[0] != first[1]).any()
        np.testing.assert_array_equal(self.distort(images)[0], first)

    def test_only_in_training(self):
        images = np.random.default_rng(0).random((2, 9, 9, 1), dtype=np.float32)
        layer = RandomDistortion(Augment(), (9, 9, 1), np.zeros(1, np.float32))
        np.testing.assert_array_equal(np.asarray(layer(images, training=False)), images)

    def test_seed(self):
        images = np.tile(np.eye(20, dtype=np.float32)[None, :, :, None], (4, 1, 1, 1))
        layer = RandomDistortion(Augment(), (20, 20, 1), np.zeros(1, np.float32))
        draws = []
        for seed in (1, 2, 1):
            layer.reseed(seed)
            draws.append(np.asarray(layer(images, training=True)))
        np.testing.assert_array_equal(draws[0], draws[2])
        assert (draws[0] != draws[1]).any()

    @pytest.mark.parametrize("elastic", [0, 0.05])
    def test_background(self, elastic):
        images = np.full((3, 12, 12, 2), 7.0, np.float32)
        images[..., 1] = 90
        background = np.array([7, 90], np.float32)
        out, _ = self.distort(
            images, rotation=90, shift=0.5, elastic=elastic, background=background
        )
        np.testing.assert_allclose(out, images, rtol=1e-5)

    def test_elastic_deforms(self):
        images = np.zeros((2, 28, 28, 1), np.float32)
        images[:, 8:20, 14] = 1
        out, _ = self.distort(images, rotation=0, zoom=0, shift=0, elastic=0.04)
        assert (out != images).any()
        assert out.sum() == pytest.approx(images.sum(), rel=0.3)

    @pytest.mark.parametrize("image_shape", [(9, 7, 2), (8, 8, 1)])
    def test_three_ways_to_sample_agree(self, image_shape):
        """Keras's affine operation, our bilinear sampling and SciPy's, which Augment uses."""
        rng = np.random.default_rng(0)
        images = rng.random((5, *image_shape), dtype=np.float32)
        augment = Augment(rotation=60, zoom=0.4, shift=0.3, shear=20)
        transforms = inverse_transforms(rng.uniform(-1, 1, (5, 8)), augment, image_shape)
        transforms = transforms.astype(np.float32)
        rows, columns = sampling_points(transforms, image_shape)
        scipy = np.empty_like(images)
        for i in range(5):
            for c in range(image_shape[2]):
                scipy[i, ..., c] = map_coordinates(
                    images[i, ..., c], [rows[i], columns[i]], order=1, mode="grid-constant"
                )
        by_keras = np.asarray(keras.ops.image.affine_transform(images, transforms))
        ours = np.asarray(_bilinear(images, rows, columns, image_shape))
        np.testing.assert_allclose(by_keras, scipy, atol=1e-4)
        np.testing.assert_allclose(ours, scipy, atol=1e-4)
