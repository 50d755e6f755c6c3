"""What an exported file tells beside the network: labels, and what images it takes.

NumPy alone: whoever reads such a file needs neither Keras nor TensorFlow.
"""

import json
from dataclasses import dataclass

import numpy as np

# Of the file that holds it in formats that are archives or folders.
METADATA_FILE = "cnn_digits.json"


@dataclass(frozen=True)
class Metadata:
    """What belongs to a network that is used elsewhere.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Labels, in the order of the probabilities.
    image_shape : tuple of three ints
        Height, width, channels.
    n_features_in : int
        Values of an image as it is given; fewer than `image_shape` has if rows are padded.
    feature_names_in : list of str or None
        Names of these values, if they were columns of a table.
    pixel_range : (float, float)
        Lowest and highest pixel in training.
    framed : bool or None
        Whether images have to be brought into MNIST's frame; None if that is not known.
    knows_blank : bool or None
        Whether images of one colour were among those in training; None if that is not known.
    """

    classes: np.ndarray
    image_shape: tuple
    n_features_in: int
    feature_names_in: list | None
    pixel_range: tuple
    framed: bool | None
    knows_blank: bool | None

    def entries(self):
        """As texts of JSON, by their names in the file."""
        values = {
            "labels": self.classes.tolist(),
            "label_dtype": self.classes.dtype.str,
            "image_shape": self.image_shape,
            "n_features_in": self.n_features_in,
            "feature_names_in": self.feature_names_in,
            "pixel_range": self.pixel_range,
            "framed": self.framed,
            "knows_blank": self.knows_blank,
        }
        return {name: json.dumps(value) for name, value in values.items()}

    def to_json(self):
        """All entries as one object of JSON."""
        return json.dumps({name: json.loads(text) for name, text in self.entries().items()})

    @classmethod
    def from_entries(cls, entries):
        """The inverse of `entries`.

        Raises
        ------
        ValueError
            A sentence, if they are not what `entries` makes.
        """
        missing = [name for name in ("labels", "label_dtype", "image_shape") if name not in entries]
        if missing:
            raise ValueError(
                f"it has no {', '.join(missing)}; expected a file that "
                "CNNDigitClassifier.export has written."
            )
        values = {name: json.loads(text) for name, text in entries.items()}
        return cls(
            classes=np.array(values["labels"], dtype=values["label_dtype"]),
            image_shape=tuple(map(int, values["image_shape"])),
            n_features_in=int(values["n_features_in"]),
            feature_names_in=values["feature_names_in"],
            pixel_range=tuple(map(float, values["pixel_range"])),
            framed=values["framed"],
            knows_blank=values["knows_blank"],
        )
