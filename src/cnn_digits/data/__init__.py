"""Digits from files, and predictions into one.

Files are not to be trusted: whatever is wrong with one becomes a ValueError of one line that
names the file. This package knows nothing of the network, and does without scikit-learn where only
files are read.
"""

from cnn_digits.data.mnist import fetch_mnist
from cnn_digits.data.pictures import read_images
from cnn_digits.data.submission import write_submission
from cnn_digits.data.summary import summary
from cnn_digits.data.tables import read_csv

__all__ = ["fetch_mnist", "read_csv", "read_images", "summary", "write_submission"]
