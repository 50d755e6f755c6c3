import pytest

from cnn_digits import devices

FIT = (
    "import numpy as np, tensorflow as tf; t = tf.config.threading;"
    "from cnn_digits import CNNDigitClassifier;{}"
    "CNNDigitClassifier('lenet5', epochs=1).fit(np.eye(4), [0, 1, 0, 1]);"
    "print(t.get_intra_op_parallelism_threads(), t.get_inter_op_parallelism_threads())"
)


@pytest.mark.parametrize(("threads", "expected"), [("1", "1 1"), ("", "0 0"), ("auto", "0 0")])
def test_threads_follow_joblibs_setting_in_a_fit(run_python, threads, expected):
    assert run_python(FIT.format(""), OMP_NUM_THREADS=threads) == expected


def test_threads_follow_joblibs_setting_where_a_classifier_is_read(run_python, fitted, tmp_path):
    fitted.save(tmp_path / "clf")
    code = (
        "import tensorflow as tf; t = tf.config.threading;"
        "from cnn_digits import CNNDigitClassifier;"
        f"CNNDigitClassifier.load({str(tmp_path / 'clf')!r});"
        "print(t.get_intra_op_parallelism_threads())"
    )
    assert run_python(code, OMP_NUM_THREADS="1") == "1"


def test_threads_the_user_set_stay(run_python):
    code = FIT.format("t.set_intra_op_parallelism_threads(3);")
    assert run_python(code, OMP_NUM_THREADS="1").split()[0] == "3"


def test_nothing_is_set_by_an_import(run_python):
    code = (
        "import cnn_digits.training.loop, cnn_digits.persistence, tensorflow as tf;"
        "print(tf.config.threading.get_intra_op_parallelism_threads())"
    )
    assert run_python(code, OMP_NUM_THREADS="1") == "0"


def test_bfloat16_probe_answers():
    assert devices.bfloat16_pays() in (True, False)


@pytest.mark.parametrize(
    ("bfloat16", "float32", "pays"),
    [
        (1.0, 1.7, True),
        (3.0, 1.0, False),
        # A draw is for float32, whichever of the two is ahead by chance.
        (0.9, 1.0, False),
        (1.0, 0.9, False),
    ],
)
def test_bfloat16_is_judged_by_the_best_of_many_times(monkeypatch, bfloat16, float32, pays):
    """On a busy machine most take longer, now in one precision, now in the other."""

    def clock():
        now = 0.0
        for i in range(100):
            delay = 0 if i % 12 == 7 else 5 * (i % 3)
            for duration in (bfloat16, float32):
                yield now
                now += duration + delay
                yield now
                delay = 5 - delay / 2 if delay else 0

    monkeypatch.setattr(devices.time, "perf_counter", clock().__next__)
    assert devices.bfloat16_pays.__wrapped__() == pays
