"""Networks that come with the package: `NAME.cnn` is one, `NAME.md` beside it its model card."""

from cnn_digits.pretrained.networks import (
    light_names,
    light_reader_names,
    load_pretrained,
    network_names,
    packaged_network,
    read_card,
    reader_names,
)

__all__ = [
    "light_names",
    "light_reader_names",
    "load_pretrained",
    "network_names",
    "packaged_network",
    "read_card",
    "reader_names",
]
