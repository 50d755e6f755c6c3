"""A function call in a process of its own, where nothing is loaded or warm yet."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context


def call(function, *args, **kwargs):
    """Call a function of a module in a new process and return what it returns.

    The process loads the script that is run, so that scripts do no work and load no Keras
    outside of their functions.
    """
    # Not forked: TensorFlow and its threads do not survive that.
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *args, **kwargs).result()
