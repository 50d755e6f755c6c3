"""Fitted classifiers in files that run without this package: ONNX, LiteRT, SavedModel, Keras.

`exporting` is the way there: a network in float32, written by the exporter of its format, tried by
the runtime that will read it, moved into place. `formats` says what formats there are, `trial` how
a file is tried.
"""

from cnn_digits.export.exporting import export

__all__ = ["export"]
