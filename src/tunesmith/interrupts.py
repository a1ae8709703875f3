"""Say Ctrl-C in one line, whenever it comes."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# What a shell gives for a command that Ctrl-C ended.
EXIT_CODE = 130
_AT_ONCE = b"Interrupted before anything was begun.\n"


@contextmanager
def quitting_at_once() -> Iterator[None]:
    """Inside the block, until `begun`, Ctrl-C ends the process: there is nothing to clean up yet.

    A library may catch KeyboardInterrupt while it is loaded or composes a config, or turn it into
    another error.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGINT, _quit)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def begun() -> None:
    """Let Ctrl-C be answered by whoever runs from now on."""
    if signal.getsignal(signal.SIGINT) is _quit:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def is_interrupt(error: BaseException) -> bool:
    """Return whether an exception is Ctrl-C, which Lightning turns into SystemExit."""
    if isinstance(error, KeyboardInterrupt):
        return True
    return isinstance(error, SystemExit) and isinstance(error.__context__, KeyboardInterrupt)


def end_interrupted(text: str) -> SystemExit:
    """Print a text and return what ends the process after Ctrl-C."""
    print(text, file=sys.stderr)
    return SystemExit(EXIT_CODE)


def _quit(number: int, frame: FrameType | None) -> None:
    os.write(2, _AT_ONCE)
    os._exit(EXIT_CODE)
