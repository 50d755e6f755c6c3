import numpy as np

from cnn_digits.targets import LabelledImages
from cnn_digits.training.batches import Batches, read_where_it_lies

IMAGES = np.arange(103 * 4, dtype=np.float32).reshape(103, 2, 2, 1)
CLASSES = np.arange(103) % 3


def batches_of(images=IMAGES, rows=None, weights=None, label_smoothing=0.0):
    rows = np.arange(103) if rows is None else rows
    return Batches(LabelledImages(images, CLASSES, weights, rows), 3, 25, label_smoothing)


def arrays(dataset):
    return [tuple(np.asarray(part) for part in batch) for batch in dataset]


def in_order(**kwargs):
    return arrays(batches_of(**kwargs).in_order())


def shuffled(epochs, seed, first_epoch=0, **kwargs):
    return arrays(batches_of(**kwargs).shuffled(epochs, seed, first_epoch))


def test_even_batches_in_order():
    batches = in_order()
    assert [len(x) for x, _ in batches] == [20, 21, 20, 21, 21]
    np.testing.assert_array_equal(np.concatenate([x for x, _ in batches]), IMAGES)
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]).argmax(axis=1), CLASSES)


def test_each_epoch_sees_each_row_once_in_another_order():
    batches = shuffled(3, 5)
    assert len(batches) == 15
    orders = [
        np.concatenate([x[:, 0, 0, 0] for x, _ in batches[i : i + 5]]) / 4 for i in (0, 5, 10)
    ]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(103))
    assert (orders[0] != orders[1]).any()
    assert (orders[1] != orders[2]).any()
    again = shuffled(3, 5)
    np.testing.assert_array_equal(again[7][0], batches[7][0])
    assert (shuffled(3, 6)[7][0] != batches[7][0]).any()


def test_rows_and_weights():
    rows = np.array([7, 100, 3])
    weights = np.arange(103, dtype=np.float32)
    ((x, y, w),) = in_order(rows=rows, weights=weights)
    np.testing.assert_array_equal(x, IMAGES[rows])
    np.testing.assert_array_equal(y.argmax(axis=1), CLASSES[rows])
    np.testing.assert_array_equal(w, rows)


def test_label_smoothing():
    targets = in_order(label_smoothing=0.3)[0][1]
    np.testing.assert_allclose(np.unique(targets), [0.1, 0.8], rtol=1e-6)


def test_memmap_is_read_where_it_lies(tmp_path):
    mapped = np.memmap(tmp_path / "X", np.float32, "w+", shape=(103, 4))
    mapped[:] = IMAGES.reshape(103, 4)
    assert read_where_it_lies(np.asarray(mapped))
    assert read_where_it_lies(mapped.reshape(-1, 2, 2))
    assert not read_where_it_lies(IMAGES)
    pictures = np.asarray(mapped).reshape(IMAGES.shape)
    for of_file, of_memory in zip(shuffled(1, 1, images=pictures), shuffled(1, 1), strict=True):
        np.testing.assert_array_equal(of_file[0], of_memory[0])


def test_epochs_are_numbered_from_the_first_one():
    later = shuffled(2, 5, first_epoch=1)
    for batch, again in zip(shuffled(3, 5)[5:], later, strict=True):
        np.testing.assert_array_equal(batch[0], again[0])


def test_no_autotune():
    for dataset in (batches_of().in_order(), batches_of().shuffled(2, 0)):
        assert dataset.options().autotune.enabled is False
