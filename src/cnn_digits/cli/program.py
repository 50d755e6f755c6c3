"""The program `cnn-digits`: its commands, what it does with errors and warnings, exit codes."""

import argparse
import sys
import warnings
from contextlib import contextmanager

from cnn_digits import __version__
from cnn_digits.cli import demo, evaluate, export, info, predict, read, train
from cnn_digits.cli.interrupts import EXIT_CODE, INTERRUPTED
from cnn_digits.cli.streams import lasting_streams, remark


def run(argv):
    """Run the command that the arguments name, None for those of the process.

    Returns
    -------
    exit_code : int
        0, 2 for bad input, 130 after Ctrl-C.
    """
    with lasting_streams(), _warnings_as_remarks():
        try:
            args = _parser().parse_args(argv)
            args.run(args)
            # Here, where it can still be said, shows that a disk is full.
            sys.stdout.flush()
        except KeyboardInterrupt:
            print(INTERRUPTED, file=sys.stderr)
            return EXIT_CODE
        except (ImportError, OSError, TypeError, ValueError) as error:
            remark(error)
            return 2
        except MemoryError as error:
            remark(f"not enough memory: {str(error) or 'use less data, or smaller pictures'}")
            return 2
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="cnn-digits", description="Convolutional networks for handwritten digits."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in (read, train, evaluate, predict, export, info, demo):
        command.add_parser(commands).set_defaults(run=command.run)
    return parser


@contextmanager
def _warnings_as_remarks():
    """What is meant for the user is a line, and no warning ends the program."""
    with warnings.catch_warnings():
        # With PYTHONWARNINGS=error TensorFlow, for one, can't be imported.
        if any(action == "error" for action, *_ in warnings.filters):
            warnings.simplefilter("default")
        warnings.showwarning = _show_warning
        yield


def _show_warning(message, category, *_):
    if issubclass(category, UserWarning):
        remark(f"warning: {message}")
