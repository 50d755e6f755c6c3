"""Which arrays of an npz file are images and labels, by their names or else by their shapes."""

import re

# What images and labels are called, the commoner names first, and which go together first.
_IMAGES = ("x", "images", "image", "imgs", "data", "inputs", "features", "pixels", "arr_0")
_LABELS = ("y", "labels", "label", "targets", "target", "classes", "class", "arr_1")
_PAIRS = {
    "images": ("labels",),
    "image": ("label",),
    "data": ("target", "labels"),
    "arr_0": ("arr_1",),
}
_SUBSETS = {"train": "train", "training": "train", "tr": "train", "test": "test", "te": "test"}
# Of these neither is asked for.
_SUBSETS |= dict.fromkeys(("val", "valid", "validation", "dev"), "validation")

_WORD = "|".join(sorted({*_IMAGES, *_LABELS}, key=len, reverse=True))
_SET = "|".join(sorted(_SUBSETS, key=len, reverse=True))
# X_train, trainX, train_images, images.test, xtrain, and the same without a subset.
_NAME = re.compile(rf"(?:({_SET})[-_. ]?)?({_WORD})(?:[-_. ]?({_SET}))?", re.IGNORECASE)


def chosen(held, subset):
    """The names of the arrays of images and of labels of a subset, the latter None if none are.

    By name first: a word for images or labels, such as "x" and "y" or "images" and "labels", in
    any case, that may have a word for the subset before or behind it ("X_train", "trainX",
    "train_images"). If no array is called so, the only two of which one has the shape of
    images, and the other that of their labels.

    Parameters
    ----------
    held : dict
        Arrays by name, with `shape` and `dtype`.
    subset : {"train", "test"}

    Returns
    -------
    x_name : str
    y_name : str or None

    Raises
    ------
    ValueError
        If it can't be told: lists what there is.
    """
    meant = {name: _meaning(name) for name in held}
    for part in (subset, None):
        words = {word: name for name, (of, word) in meant.items() if of == part and word}
        for word in _IMAGES:
            if word in words:
                partners = (*_PAIRS.get(word, ()), *_LABELS)
                label = next((partner for partner in partners if partner in words), None)
                return words[word], words.get(label)
    others = [name for name, (of, _) in meant.items() if of in (subset, None)]
    labels = [name for name in others if are_labels(held[name])]
    images = [name for name in others if len(held[name].shape) in (2, 3, 4) and name not in labels]
    if len(images) == len(labels) == 1 and held[images[0]].shape[0] == held[labels[0]].shape[0]:
        return images[0], labels[0]
    seen = ", ".join(f"{name} ({held[name].dtype} of shape {held[name].shape})" for name in held)
    raise ValueError(
        f"it holds the arrays {seen or 'none'}, and which are images is not clear; expected "
        f"x_{subset} and y_{subset}, or X and y."
    )


def are_labels(array):
    """Whether an array has the shape of labels: one for each image, in a column or not."""
    return len(array.shape) == 1 or (len(array.shape) == 2 and array.shape[1] == 1)


def _meaning(name):
    """The subset that the name of an array speaks of, and its word for images or labels."""
    found = _NAME.fullmatch(name)
    if not found:
        word = re.split(r"[-_. ]", name.lower())
        return next((_SUBSETS[part] for part in word if part in _SUBSETS), None), None
    before, word, behind = found.groups()
    of = before or behind
    return _SUBSETS[of.lower()] if of else None, word.lower()
