"""Tables of repeated measurements beside their bounds."""

import os
import platform
from importlib.metadata import version

import numpy as np

_COLUMNS = ("n", "median", "mean", "sd", "min", "max")


def machine():
    """Print what the figures depend on besides the code."""
    packages = ("cnn-digits", "tensorflow", "keras", "scikit-learn", "numpy")
    print(", ".join(f"{name} {version(name)}" for name in packages))
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, OMP_NUM_THREADS {threads}, load before the run {load}",
        flush=True,
    )


def header(title):
    """Print a title and the names of the columns."""
    print(f"\n{title}")
    print(f"{'':<52}{_COLUMNS[0]:>5}", *(f"{name:>9}" for name in _COLUMNS[1:]), "  must be")


def row(label, values, *, unit, by="median", at_most=None, at_least=None, digits=2):
    """Print the spread of some values and, with a bound, whether it is kept.

    Parameters
    ----------
    label : str
    values : sequence of float
        No values, no row.
    unit : str
    by : {"median", "mean", "min", "max"}
        What the bound is for.
    at_most, at_least : float or None
        Neither: for information.
    digits : int
        After the point.
    """
    values = np.asarray(values, dtype=float)
    if not values.size:
        return
    statistics = {
        "median": np.median(values),
        "mean": values.mean(),
        "sd": values.std(ddof=1) if len(values) > 1 else np.nan,
        "min": values.min(),
        "max": values.max(),
    }
    cells = " ".join(f"{statistics[name]:9.{digits}f}" for name in _COLUMNS[1:])
    verdict = ""
    if at_most is not None:
        verdict = f"{by} ≤ {at_most:g}: {'ok' if statistics[by] <= at_most else 'MISSED'}"
    elif at_least is not None:
        verdict = f"{by} ≥ {at_least:g}: {'ok' if statistics[by] >= at_least else 'MISSED'}"
    print(f"{f'{label} [{unit}]':<52}{len(values):>5} {cells}   {verdict}".rstrip(), flush=True)
