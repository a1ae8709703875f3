"""Say Ctrl-C in one line, whenever it comes, and let it wait where it would leave a mess."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

# What a shell gives for a command that Ctrl-C ended.
EXIT_CODE = 130
# What asks a process to end, and may raise an exception anywhere: SIGUSR2 comes from an engine.
_REQUESTS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR2") if hasattr(signal, name)
]
_AT_ONCE = b"Interrupted before anything was begun.\n"
# After which what a destructor swallowed is said again: it is over by then.
SOON_S = 0.02


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


@contextmanager
def interrupts_wait() -> Iterator[None]:
    """Inside the block the first request to end waits for the block's end; a second one does not.

    What Ctrl-C raises in the midst of a library's transaction may leave that open: its connection
    holds the database's lock for as long as something holds the exception.
    """
    if threading.current_thread() is not threading.main_thread() or _Waiting.is_at_work():
        yield
        return
    waiting = _Waiting()
    try:
        yield
    finally:
        waiting.end()


@contextmanager
def swallowed_interrupts(say_again: Callable[[], object]) -> Iterator[None]:
    """Inside the block an interrupt that Python could not raise is said again, and not printed.

    A destructor or a callback of the garbage collector may be what Ctrl-C meets: Python prints what
    it raises there as ignored, and goes on.

    Args:
        say_again: Called from another thread, soon after.

    """
    before = sys.unraisablehook

    def hear(unraisable: "UnraisableHookArgs") -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            soon = threading.Timer(SOON_S, say_again)
            soon.daemon = True
            soon.start()
        else:
            before(unraisable)

    sys.unraisablehook = hear
    try:
        yield
    finally:
        sys.unraisablehook = before


def press_again() -> None:
    """Send Ctrl-C to this process."""
    os.kill(os.getpid(), signal.SIGINT)


class _Waiting:
    """Stands in for whoever answers requests to end."""

    def __init__(self) -> None:
        self._first: tuple[int, FrameType | None] | None = None
        found = {number: signal.getsignal(number) for number in _REQUESTS}
        self._answers: dict[int, Callable[[int, FrameType | None], Any]] = {
            number: answer for number, answer in found.items() if callable(answer)
        }
        for number in self._answers:
            signal.signal(number, self._hear)

    @staticmethod
    def is_at_work() -> bool:
        answers = map(signal.getsignal, _REQUESTS)
        return any(isinstance(getattr(answer, "__self__", None), _Waiting) for answer in answers)

    def end(self) -> None:
        for number, answer in self._answers.items():
            signal.signal(number, answer)
        if self._first is not None:
            self._answers[self._first[0]](*self._first)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._first is None:
            self._first = number, frame
        else:
            self._answers[number](number, frame)


def quit_at_once() -> None:
    """From now on, until `begun`, let Ctrl-C end the process: said before libraries are imported.

    One of them may swallow KeyboardInterrupt while it is imported, and be left half made.
    """
    signal.signal(signal.SIGINT, _quit)


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
