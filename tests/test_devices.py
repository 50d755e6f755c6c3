import os
import re

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


FORK = """
import multiprocessing, os, signal
import numpy as np
from cnn_digits import CNNDigitClassifier

X, y = np.eye(4), [0, 1, 0, 1]
clf = CNNDigitClassifier("lenet5", epochs=1, random_state=0)


def seen(function, *args):
    try:
        return function(*args)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def in_fork(function, *args):
    read, write = os.pipe()
    if os.fork() == 0:
        signal.alarm(60)  # in place of waiting for ever
        os.write(write, str(seen(function, *args)).encode())
        os._exit(0)
    os.close(write)
    print(os.read(read, 1000).decode())


def in_pool(function, *args):
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply_async(seen, (function, *args)).get(60)


def predicted(clf):
    return clf.predict(X)


def itself(clf):
    return clf


def fitted_there(clf):
    return clf.fit(X, y).predict(X).shape


{}
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
class TestFork:
    """A process that was forked from one that had computed would hang: it says so at once."""

    def run(self, run_python, code):
        return run_python(FORK.replace("{}", code)).splitlines()

    def test_every_method_says_so(self, run_python, tmp_path):
        code = f"""
clf.fit(X, y).save({str(tmp_path / "clf")!r})
in_fork(clf.predict, X)
in_fork(clf.predict_proba, X)
in_fork(clf.score, X, y)
in_fork(clf.fit, X, y)
in_fork(clf.set_params(warm_start=True).fit, X, y)
in_fork(clf.partial_fit, X, y)
in_fork(CNNDigitClassifier.load, {str(tmp_path / "clf")!r})
in_fork(CNNDigitClassifier().fit, X, y)
in_fork(CNNDigitClassifier().partial_fit, X, y, [0, 1])
"""
        lines = self.run(run_python, code)
        assert len(lines) == 9
        for line in lines:
            assert re.match("RuntimeError: This process was forked .* 'spawn' or 'fork", line)

    def test_nothing_is_saved(self, run_python, tmp_path):
        code = f"""
in_fork(clf.fit(X, y).save, {str(tmp_path / "clf")!r})
print(in_pool(clf.save, {str(tmp_path / "clf")!r}))
"""
        for line in self.run(run_python, code):
            assert line.startswith("RuntimeError: This process was forked")
        assert not list(tmp_path.iterdir())

    def test_a_classifier_that_is_handed_to_a_worker(self, run_python):
        code = """
print(in_pool(predicted, clf.fit(X, y)))
again = in_pool(itself, clf)
print(np.array_equal(again.predict_proba(X), clf.predict_proba(X)), again.n_iter_)
"""
        error, again = self.run(run_python, code)
        assert error.startswith("RuntimeError: This process was forked")
        assert again == "True 1"

    def test_what_others_computed_counts(self, run_python):
        code = """
import keras
keras.ops.ones(3) + 1
in_fork(clf.fit, X, y)
print(clf.fit(X, y).n_iter_)
"""
        error, n_iter = self.run(run_python, code)
        assert error.startswith("RuntimeError: This process was forked")
        assert n_iter == "1"

    def test_a_parent_that_has_not_computed(self, run_python, fitted, tmp_path):
        fitted.save(tmp_path / "clf")
        code = f"""
import keras, tensorflow, cnn_digits.training.loop, cnn_digits.persistence
in_fork(lambda: clf.fit(X, y).n_iter_)
in_fork(lambda: CNNDigitClassifier.load({str(tmp_path / "clf")!r}).predict(np.zeros((1, 64))).shape)
print(in_pool(fitted_there, clf))
"""
        assert self.run(run_python, code) == ["1", "(1,)", "(4,)"]

    def test_joblib(self, run_python):
        code = """
from joblib import parallel_config
from sklearn.model_selection import cross_val_score
clf.fit(X, y)
with parallel_config("multiprocessing", n_jobs=2):
    print(seen(lambda: cross_val_score(clf, X, y, cv=2, error_score="raise")))
"""
        assert self.run(run_python, code)[0].startswith("RuntimeError: This process was forked")


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
