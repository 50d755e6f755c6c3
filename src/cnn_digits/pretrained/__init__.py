"""Networks that come with the package: `NAME.cnn` is one, `NAME.md` beside it its model card."""

from cnn_digits.pretrained.networks import (
    load_pretrained,
    network_names,
    packaged_network,
    read_card,
    reader_names,
)

__all__ = ["load_pretrained", "network_names", "packaged_network", "read_card", "reader_names"]
