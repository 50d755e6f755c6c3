import numpy as np
import pytest
from PIL import Image

from cnn_digits import FrameDigits, load_pretrained
from cnn_digits.cli.handwriting import write_pictures


@pytest.mark.parametrize("seed", range(3))
def test_pictures_are_photos_that_can_be_read(tmp_path, seed):
    paths = write_pictures(tmp_path, np.random.default_rng(seed))
    assert [path.name for path in paths] == [f"{digit}.jpg" for digit in range(10)]
    photos = [Image.open(path) for path in paths]
    assert len({photo.size for photo in photos}) == 10
    frames = FrameDigits().fit_transform(photos)
    assert (load_pretrained().predict(frames) == np.arange(10)).sum() >= 9


def test_the_same_seed_the_same_pictures(tmp_path):
    one, other = (tmp_path / name for name in ("one", "other"))
    for folder in (one, other):
        folder.mkdir()
        write_pictures(folder, np.random.default_rng(1))
    for path in one.iterdir():
        assert path.read_bytes() == (other / path.name).read_bytes()
