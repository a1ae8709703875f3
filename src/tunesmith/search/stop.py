"""Stop a search on Ctrl-C or SIGTERM where it loses nothing."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Timer
from types import FrameType, TracebackType
from typing import Any

from tunesmith.interrupts import swallowed_interrupts

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Training code that still works so long after an interruption has caught it.
INSIST_S = 10.0


class SignalGuard:
    """Inside `with`, the first Ctrl-C or SIGTERM is remembered, the second ends the process.

    Training code is interrupted at once by KeyboardInterrupt, and again every ten seconds if it
    caught that, or at once if Python did in a destructor; between trials, where the study is
    written, the request only waits to be read.

    Args:
        notice: SIGUSR2 is a request too: an engine sends it before a job's time is over.

    Attributes:
        requested: Whether the user, or an engine, wants the process to stop.
        last: The signal that said so.

    """

    def __init__(self, *, notice: bool = False) -> None:
        self.requested = False
        self.last: int | None = None
        self._signals = (*SIGNALS, signal.SIGUSR2) if notice else SIGNALS
        self._interruptible = False
        self._insisting = Timer(INSIST_S, self._insist)
        self._previous: dict[signal.Signals, Any] = {}
        self._hearing = ExitStack()

    def __enter__(self) -> "SignalGuard":
        self._hearing.enter_context(swallowed_interrupts(self._insist))
        self._previous = {number: signal.signal(number, self._request) for number in self._signals}
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._hearing.close()

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Mark training code, which may be interrupted anywhere."""
        if self.requested:
            raise KeyboardInterrupt
        self._interruptible = True
        try:
            yield
        finally:
            self._interruptible = False
            self._insisting.cancel()
            self._install()  # Lightning leaves Ctrl-C ignored after an interruption.

    def _install(self) -> None:
        for number in self._signals:
            signal.signal(number, self._request)

    def _request(self, number: int, frame: FrameType | None) -> None:
        again, self.requested = self.requested, True
        self.last = self.last or number
        if self._interruptible:
            self._insisting.cancel()
            self._insisting = Timer(INSIST_S, self._insist)
            self._insisting.daemon = True
            self._insisting.start()
        if again or self._interruptible:
            raise KeyboardInterrupt

    def _insist(self) -> None:
        if self._interruptible:
            # Lightning ignores Ctrl-C by now.
            os.kill(os.getpid(), signal.SIGTERM)
