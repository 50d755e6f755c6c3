"""Ctrl-C ends the program at once and with a word, whatever it is doing."""

import os
import signal
from contextlib import contextmanager

INTERRUPTED = "cnn-digits: interrupted"
EXIT_CODE = 130


@contextmanager
def ending_at_interrupt(cleaning):
    """Let Ctrl-C end this process within the block, and no longer after it: all is done then.

    Python would raise KeyboardInterrupt wherever it is at that moment. What imports TensorFlow,
    traces a function or frees an object may make another error of it, or swallow it.

    Parameters
    ----------
    cleaning : list of callables
        What has to be done before; more may be added later.
    """
    # Who runs it in the background may have it ignore Ctrl-C.
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    # The number itself may lead nowhere while TensorFlow is loaded.
    stderr = os.dup(2)

    def end(*_):
        try:
            for clean in cleaning:
                clean()
            os.write(stderr, f"{INTERRUPTED}\n".encode())
        finally:
            os._exit(EXIT_CODE)

    signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
