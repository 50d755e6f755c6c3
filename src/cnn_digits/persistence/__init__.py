"""A fitted classifier in a file that is safe to open, and its network in a pickle.

`model_file` writes and reads the file, a zip of JSON and plain arrays. Below it `archive` is the
zip, `description` what the JSON says, and `schema` what it may say; beside it `pickles`
and `custom_objects`. Opening a file executes
nothing that it holds: the network is built by name from this package, and arrays are read only
if their headers say what that network expects.
"""

from cnn_digits.persistence.custom_objects import custom_objects
from cnn_digits.persistence.fitted import Fitted
from cnn_digits.persistence.model_file import loaded, save
from cnn_digits.persistence.pickles import (
    packed_by_former_version,
    packed_network,
    unpacked_network,
)

__all__ = [
    "Fitted",
    "custom_objects",
    "loaded",
    "packed_by_former_version",
    "packed_network",
    "save",
    "unpacked_network",
]
