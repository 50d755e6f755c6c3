"""How far a command is: a bar for who sits before a terminal, nothing for anybody else."""

import sys
from contextlib import redirect_stdout


def with_progress(items, sizes):
    """Give out items one after the other, and show on the standard error stream how many are done.

    Parameters
    ----------
    items : iterable
    sizes : list of int
        What each of them counts.
    """
    n_done, n_all = 0, sum(sizes)
    if n_all < 2 or not sys.stderr.isatty():
        yield from items
        return
    from keras.utils import Progbar

    # Which only knows the other stream, where the results go.
    with redirect_stdout(sys.stderr):
        bar = Progbar(n_all, unit_name="picture")
    for item, size in zip(items, sizes, strict=True):
        yield item
        n_done += size
        with redirect_stdout(sys.stderr):
            bar.update(n_done)
