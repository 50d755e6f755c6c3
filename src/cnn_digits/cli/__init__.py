"""The command line: arguments in, text and pictures out, nothing else.

A module a command; what is heavy is loaded only by the command that is run, and all of it only
when Ctrl-C has been taken care of.
"""

from cnn_digits.cli.interrupts import ending_at_interrupt
from cnn_digits.cli.streams import open_streams


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str or None, default=None
        Arguments without the program's name. None takes those of the process, which then is the
        program's own: Ctrl-C ends it.

    Returns
    -------
    exit_code : int
        0, 2 for bad input, 130 after Ctrl-C.
    """
    open_streams()
    if argv is not None:
        return _run(argv, [])
    cleaning = []
    with ending_at_interrupt(cleaning):
        return _run(None, cleaning)


def _run(argv, cleaning):
    from cnn_digits.cli.program import run
    from cnn_digits.files import remove_unfinished

    cleaning.append(remove_unfinished)
    return run(argv)
