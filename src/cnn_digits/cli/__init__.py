"""The command line: arguments in, text and pictures out, nothing else.

A module a command; what is heavy is loaded only by the command that is run.
"""

from cnn_digits.cli.program import main

__all__ = ["main"]
