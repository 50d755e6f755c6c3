"""Random distortion as a layer of the network that is trained."""

import keras

from cnn_digits.augmentation.geometry import (
    N_DRAWS,
    elastic_field,
    inverse_transforms,
    sampling_points,
)


class RandomDistortion(keras.layers.Layer):
    """What `Augment` describes, drawn anew for every batch inside the training graph."""

    def __init__(self, augment, image_shape, background):
        super().__init__(name="augment", dtype="float32")
        self._augment = augment
        self._image_shape = image_shape
        self._background = background
        self._seed = keras.random.SeedGenerator(0)

    def reseed(self, seed):
        """Begin a sequence of draws."""
        self._seed.state.assign([seed, 0])

    def call(self, images, training=False):
        if not training:
            return images
        n = keras.ops.shape(images)[0]
        draws = keras.random.uniform((n, N_DRAWS), -1, 1, seed=self._seed)
        transforms = inverse_transforms(draws, self._augment, self._image_shape, keras.ops)
        # What lies outside of the image is zero to the resampling, so zero is made the
        # background.
        images = images - self._background
        if self._augment.elastic:
            rows, columns = sampling_points(transforms, self._image_shape)
            shape = (2 * n, *self._image_shape[:2])
            field = elastic_field(
                keras.random.normal(shape, seed=self._seed),
                self._augment,
                self._image_shape,
                keras.ops,
            )
            images = _bilinear(images, rows + field[:n], columns + field[n:], self._image_shape)
        else:
            images = keras.ops.image.affine_transform(
                images, transforms, data_format="channels_last"
            )
        return images + self._background


def _bilinear(images, rows, columns, image_shape):
    """Sample images of shape (n, h, w, c) at points of shape (n, h, w); outside is zero."""
    ops = keras.ops
    height, width, channels = image_shape
    images = ops.reshape(
        ops.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)]),
        (-1, (height + 2) * (width + 2), channels),
    )
    # One pixel of zeros all around; what lies further out is moved onto it.
    rows, columns = ops.clip(rows + 1, 0, height + 1), ops.clip(columns + 1, 0, width + 1)
    top = ops.clip(ops.floor(rows), 0, height)
    left = ops.clip(ops.floor(columns), 0, width)
    down, right = rows - top, columns - left
    total = 0
    for dy, weight_y in ((0, 1 - down), (1, down)):
        for dx, weight_x in ((0, 1 - right), (1, right)):
            index = ops.cast((top + dy) * (width + 2) + left + dx, "int32")
            index = ops.reshape(index, (-1, height * width, 1))
            values = ops.take_along_axis(images, index, axis=1)
            total += values * ops.reshape(weight_y * weight_x, (-1, height * width, 1))
    return ops.reshape(total, (-1, height, width, channels))
