"""The program `cnn-digits`: its commands, what it does with errors and warnings, exit codes."""

import argparse
import sys
import warnings

from cnn_digits import __version__
from cnn_digits.cli import demo, evaluate, info, predict, train


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str or None, default=None
        Arguments without the program's name; None takes those of the process.

    Returns
    -------
    exit_code : int
        0, 2 for bad input, 130 after Ctrl-C.
    """
    args = _parser().parse_args(argv)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            args.run(args)
        except KeyboardInterrupt:
            print("cnn-digits: interrupted", file=sys.stderr)
            return 130
        except (OSError, TypeError, ValueError) as error:
            print(f"cnn-digits: {' '.join(str(error).split())}", file=sys.stderr)
            return 2
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="cnn-digits", description="Convolutional networks for handwritten digits."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in (train, evaluate, predict, info, demo):
        command.add_parser(commands).set_defaults(run=command.run)
    return parser


def _show_warning(message, category, *_):
    if issubclass(category, UserWarning):
        print(f"cnn-digits: warning: {message}", file=sys.stderr)
