"""`python -m cnn_digits`, the same as the command `cnn-digits`."""

import sys

from cnn_digits.cli import main

sys.exit(main())
