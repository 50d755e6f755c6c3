"""Numbers on pictures: where there is writing, what it says, how sure that is.

A picture goes through `pictures`, `lines`, `strips`, the `line_network`, `decoding`, `places` and
`grouping`, which `assembly` and `examination` put together, to `results`. What learns is in
`tuning`, what is kept in `reader_file`.
"""

from cnn_digits.reading.number_reader import NumberReader

__all__ = ["NumberReader"]
