"""A fitted classifier in a file that is safe to open."""

import math
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np

from cnn_digits.devices import to_numpy
from cnn_digits.persistence.archive import (
    CLASSIFIER,
    check_header,
    opened_archive,
    read_array,
    read_description,
    reasons_in_one_line,
    write_array,
    written_archive,
)
from cnn_digits.persistence.description import blueprint_of, checked, describe, parameters_of
from cnn_digits.persistence.fitted import Fitted

# Of the images that a network is tried on: large ones take as much memory as in prediction.
_MAX_TRIED_VALUES = 2**20


def save(path, parameters, fitted):
    """Write a fitted classifier, whole or not at all.

    Parameters
    ----------
    path : str or path-like
    parameters : dict
        Of the classifier, valid.
    fitted : Fitted

    Raises
    ------
    ValueError
        If there is no file that says so and would open.
    OSError
        If it can't be written.
    """
    with written_archive(path, describe(parameters, fitted)) as archive:
        for name, variable in _all_entries(fitted.network):
            write_array(archive, name, variable)


@contextmanager
def loaded(path, architecture):
    """Read what `save` has written.

    Whatever is wrong, also in what the block makes of it, is one error that names the file.

    Parameters
    ----------
    path : str or path-like
    architecture : callable or None
        What built the network, if that was a function of the user's own.

    Yields
    ------
    parameters : dict
    fitted : Fitted

    Raises
    ------
    OSError
        If the file can't be opened, because there is none, say.
    ValueError
        If it is no such file, is damaged, or was written by a later version.
    """
    with reasons_in_one_line(path), opened_archive(path) as archive:
        meta = checked(read_description(archive), architecture)
        yield parameters_of(meta), _fitted(meta, archive)


def _all_entries(network):
    """Names in the file and variables of a compiled network."""
    return [
        *_entries("network", network.variables),
        *_entries("optimizer", network.optimizer.variables),
    ]


def _entries(group, variables):
    return [(f"{group}/{i}.npy", variable) for i, variable in enumerate(variables)]


def _fitted(meta, archive):
    """What a fit has left behind, from a description and the arrays."""
    labels, names = meta["classes"], meta["feature_names_in"]
    classes = np.array(labels["labels"], dtype=labels["dtype"])
    blueprint = blueprint_of(meta)
    network = _read_network(archive, blueprint, tuple(meta["image_shape"]), len(classes))
    _check_probabilities(network, *meta["pixel_range"])
    return Fitted(
        network=network,
        blueprint=blueprint,
        classes=classes,
        pixel_range=tuple(meta["pixel_range"]),
        history=meta["history"],
        n_features_in=meta["n_features_in"],
        feature_names_in=None if names is None else np.array(names, dtype=object),
        # Earlier files don't say.
        framed=meta.get("framed"),
        knows_blank=meta.get("knows_blank"),
    )


def _read_network(archive, blueprint, image_shape, n_classes):
    """The network of a blueprint with the arrays of a file, and its optimizer with its own."""
    # First without memory for its weights, to compare their shapes with the arrays: a forged
    # image_shape or list of labels would make it huge.
    with ThreadPoolExecutor(1) as pool:
        variables = pool.submit(blueprint.variables, image_shape, n_classes).result()
    for name, variable in _entries("network", variables):
        check_header(archive, name, variable)
    network = blueprint.build(image_shape, n_classes)
    entries = _all_entries(network)
    surplus = set(archive.namelist()) - {name for name, _ in entries} - {CLASSIFIER.description}
    if surplus:
        raise ValueError(f"it holds {min(surplus)}, which its network has no use for.")
    for name, variable in entries:
        variable.assign(read_array(archive, name, variable))
    return network


def _check_probabilities(network, low, high):
    """Raise unless a network makes probabilities of pixels as it was trained on.

    Numbers that are fine each by itself may overflow together.
    """
    image_shape = network.input_shape[1:]
    n_values = math.prod(image_shape)
    n_images = min(8, max(1, _MAX_TRIED_VALUES // n_values))
    shares = np.random.default_rng(0).random((n_images, n_values))
    shares[0] = np.linspace(0, 1, n_values)
    for image, share in zip(shares[1:], (0, 1), strict=False):
        image[:] = share
    images = (low + (high - low) * shares).astype(np.float32).reshape(n_images, *image_shape)
    outputs = network(images, training=False)
    probabilities = to_numpy(outputs).astype(np.float64)
    # Written so that NaN is none either; sums of bfloat16 are off by some hundredths.
    if not (probabilities.min() >= 0 and abs(probabilities.sum(axis=1) - 1).max() <= 0.1):
        raise ValueError(
            "its network computes no probabilities: some of its weights, or mean and std of the "
            "pixels, are not those of a fit."
        )
