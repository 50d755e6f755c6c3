"""The folder networks/: the command that makes the network in the box, and what it trains on."""

from pathlib import Path

import numpy as np
import pytest

from cnn_digits import CNNDigitClassifier

FOLDER = Path(__file__).parents[2] / "networks"


@pytest.fixture
def one():
    """A straight one, leaning to the right as MNIST's do."""
    from strokes import line

    canvas = line(np.zeros((96, 96), np.float32), [(28, 54), (68, 42)], 5)
    return (canvas[20:76, 20:76].reshape(28, 2, 28, 2).mean(axis=(1, 3)) * 255).astype(np.uint8)


class TestStrokes:
    def test_a_flag_goes_from_the_top_down_to_the_left(self, one):
        from strokes import canvas_of, flag

        before = canvas_of(one)
        for seed in range(20):
            after = flag(before, np.random.default_rng(seed))
            rows, columns = np.nonzero(after > before + 0.5)
            assert rows.size
            assert rows.min() >= np.nonzero(before > 0.1)[0].min() - 4
            # Left of the stem: of what there was in the same row.
            stem = before[rows].argmax(axis=1)
            assert np.mean(columns < stem) > 0.9

    def test_a_foot_is_below(self, one):
        from strokes import canvas_of, foot

        before = canvas_of(one)
        after = foot(before, np.random.default_rng(0))
        rows, columns = np.nonzero(after > before + 0.5)
        assert rows.min() > 55
        assert np.ptp(columns) > np.ptp(rows)

    def test_nothing_is_drawn_twice(self, one):
        from strokes import canvas_of, flag, foot

        for stroke in (flag, foot):
            once = stroke(canvas_of(one), np.random.default_rng(1))
            twice = stroke(once, np.random.default_rng(0))
            np.testing.assert_array_equal(twice, once)

    def test_a_bar_crosses_the_stem_of_a_seven(self):
        from strokes import bar, line

        seven = line(np.zeros((96, 96), np.float32), [(28, 34), (28, 60), (68, 42)], 5)
        crossed = bar(seven, np.random.default_rng(0))
        columns = np.nonzero(crossed > seven + 0.5)[1]
        row = np.nonzero(crossed > seven + 0.5)[0].mean().astype(int)
        stem = np.flatnonzero(seven[row] > 0.5)
        assert columns.min() < stem.min() - 3
        assert columns.max() > stem.max() + 3

    def test_a_gap_opens_a_loop(self):
        from scipy.ndimage import label
        from strokes import gap

        rows, columns = np.indices((96, 96))
        ring = (abs(np.hypot(rows - 40, columns - 48) - 12) < 3).astype(np.float32)
        nine = np.maximum(ring, ((abs(columns - 60) < 3) & (rows > 40) & (rows < 76)))
        # The paper is in two pieces with the loop, in one without.
        assert label(nine < 0.5)[1] == 2
        assert label(gap(nine, np.random.default_rng(0)) < 0.5)[1] == 1

    def test_a_mirrored_nine_has_its_stem_to_the_left_of_its_loop(self):
        from strokes import line, mirrored

        rows, columns = np.indices((96, 96))
        loop = (abs(np.hypot(rows - 38, columns - 48) - 9) < 3).astype(np.float32)
        after = mirrored(line(loop, [(38, 57), (70, 52)], 5), np.random.default_rng(0))
        upper, lower = (np.nonzero(part > 0.5)[1] for part in (after[:48], after[52:]))
        assert lower.mean() < upper.mean() - 5

    @pytest.mark.parametrize("stroke", ["curl", "slash"])
    def test_zeros_get_a_loose_end_or_a_slash(self, stroke):
        import strokes

        rows, columns = np.indices((96, 96))
        ring = (abs(np.hypot(rows - 48, columns - 48) - 15) < 3).astype(np.float32)
        after = getattr(strokes, stroke)(ring, np.random.default_rng(0))
        assert (after >= ring).all()
        assert (after > ring + 0.5).sum() > 20

    def test_what_is_empty_stays_empty(self):
        from strokes import STROKES, drawn

        for label in range(10):
            canvas = drawn(np.zeros((28, 28), np.uint8), label, np.random.default_rng(0))
            assert not canvas.any(), label
        assert set(STROKES) <= set(range(10))


class TestRewritten:
    def test_frames_like_the_others_and_the_same_for_a_seed(self, one):
        from hands import rewritten

        from cnn_digits.framing.frames import is_framed

        frames, labels = np.stack([one] * 12), np.ones(12, int)
        first, again, other = (rewritten(frames, labels, seed) for seed in (0, 0, 1))
        assert first.dtype == np.uint8
        assert first.shape == (12, 28, 28)
        np.testing.assert_array_equal(first, again)
        assert (first != other).any(axis=(1, 2)).all()
        assert len(np.unique(first, axis=0)) == 12
        # Centred and as long as the box: to a pixel, as all that FrameDigits makes.
        assert is_framed(first[..., None], 28, 20).mean() > 0.5

    def test_bits_have_the_pixels_that_they_are_made_of(self, one):
        from hands import coarse
        from strokes import canvas_of

        rng = np.random.default_rng(0)
        bits = coarse(canvas_of(one), rng, bits=True)
        assert set(np.unique(bits)) == {0, 1}
        assert bits.shape[0] == bits.shape[1]


def test_printed_digits_of_many_typefaces():
    from writing import TYPEFACES, printed

    found = printed()
    assert found.frames.shape == (10 * len(TYPEFACES), 28, 28)
    assert np.bincount(found.labels).tolist() == [len(TYPEFACES)] * 10
    # No two typefaces have the same digits.
    assert len(np.unique(found.frames, axis=0)) == len(found)
    assert set(found.without(TYPEFACES[1:]).writers) == {TYPEFACES[0]}
    assert len(found.by(TYPEFACES[:2])) == 20


class TestMeasuring:
    def test_a_reading_counts(self):
        from measuring import Reading, table

        proba = np.full((4, 10), 0.0)
        proba[range(4), [1, 2, 3, 7]] = [0.95, 0.95, 0.5, 0.95]
        reading = Reading(proba, np.array([1, 2, 3, 1]), np.array(["a", "a", "b", "b"]))
        assert reading.accuracy == 75
        assert reading.n_wrong == 1
        assert reading.n_sure_and_wrong == 1
        # Three of 0.95, two of them right, and one of 0.5 that is right.
        assert reading.calibration_error == pytest.approx(100 * (3 * 0.95 - 2 + 0.5) / 4)
        assert "1 as 7 (1)" in table({"some": reading})

    def test_writers_are_in_one_group_each(self):
        from measuring import groups

        writers = np.repeat([f"{i:02}" for i in range(11)], 3)
        found = groups(writers, 5)
        assert sorted(map(len, found)) == [2, 2, 2, 2, 3]
        assert sorted(np.concatenate(found)) == sorted(set(writers))


class TestPool:
    def test_who_is_left_out_is_in_no_version(self, one):
        from recipe import Pool
        from writing import Writing

        def writing(labels, writers):
            return Writing(np.stack([one] * 4), np.array(labels), np.array(writers))

        pool = Pool(writing([0] * 4, [""] * 4), [writing([1, 1, 2, 2], list("aabb"))], versions=[2])
        _, labels = pool.without()
        assert np.bincount(labels).tolist() == [6, 6, 6]
        _, labels = pool.without(0, ["a"])
        assert np.bincount(labels).tolist() == [6, 0, 6]
        _, labels = pool.without(0)
        assert np.bincount(labels).tolist() == [6]


@pytest.mark.slow
def test_the_command_makes_a_file_that_opens_and_makes_it_again(tmp_path, mnist, run_python):
    X, _, y, _ = mnist
    paths = [tmp_path / "first.cnn", tmp_path / "second.cnn"]
    for path in paths:
        run_python(
            f"import runpy, sys; sys.argv = ['digits.py', 'make', '--network', {str(path)!r}, "
            f"'--images', '300', '--epochs', '3', '2']; sys.path.insert(0, {str(FOLDER)!r}); "
            f"runpy.run_path({str(FOLDER / 'digits.py')!r}, run_name='__main__')"
        )
    assert paths[0].read_bytes() == paths[1].read_bytes()
    clf = CNNDigitClassifier.load(paths[0])
    assert clf.classes_.tolist() == list(range(10))
    assert clf.image_shape_ == (28, 28, 1)
    assert clf.score(X[:300], y[:300].astype(int)) > 0.5
    assert clf.get_params()["learning_rate"] == "auto"
