"""Repeat a database call that failed for a passing reason."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import optuna
from sqlalchemy import exc

from tunesmith.full_disk import DiskFull, full_disk
from tunesmith.interrupts import interrupts_wait

T = TypeVar("T")

# SQLite tells a passing error from a lasting one only in words.
_SQLITE_PASSES = ("locked", "busy", "disk i/o", "unable to open")
# Our own generator: the user's random stream is not ours to advance.
_JITTER = random.Random()


class DatabaseAway(ConnectionError):  # noqa: N818
    """Raised where the database did not answer for the time that calls are repeated."""


@dataclass(frozen=True)
class Retry:
    """How long a call is repeated: in all, and the longest pause between two tries."""

    total_s: float
    longest_pause_s: float

    def call(self, call: Callable[[], T], *, database: str) -> T:
        """Return what the call returns, repeating it with growing pauses after a passing error.

        Ctrl-C waits for a try to end, not for a pause.

        Raises:
            DatabaseAway: The database (named so in the message) was away for all this time.
            DiskFull: It has no space left, at once.

        """
        deadline = time.monotonic() + self.total_s
        pause = 0.05
        while True:
            try:
                with interrupts_wait():
                    return call()
            except (exc.SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
                place = database.removeprefix("sqlite:///")
                if (full := full_disk(error, place=place)) is not None:
                    raise full from None
                if not is_passing(error):
                    raise
                if time.monotonic() >= deadline:
                    waited = f" for {self.total_s:g} s" if self.total_s else ""
                    raise DatabaseAway(
                        f"{database} did not answer{waited}: {one_line(error)}"
                    ) from None
            time.sleep(pause * _JITTER.uniform(0.5, 1.0))
            pause = min(2 * pause, self.longest_pause_s)


@contextmanager
def unmasked() -> Iterator[None]:
    """Raise what cut Optuna's loop short, not what Optuna trips over after it."""
    try:
        yield
    except (AssertionError, UnboundLocalError) as error:
        link: BaseException | None = error
        while link is not None:
            if isinstance(link, KeyboardInterrupt | DatabaseAway | DiskFull):
                raise link from None
            link = link.__context__
        raise


def is_passing(error: BaseException) -> bool:
    """Return True for a passing error: a lost connection, a lock held by another process."""
    error = root_of(error)
    if isinstance(error, exc.TimeoutError | exc.PendingRollbackError):
        return True
    if not isinstance(error, exc.DBAPIError):
        return False
    if type(error.orig).__module__.startswith("sqlite3"):
        return any(words in str(error.orig).lower() for words in _SQLITE_PASSES)
    return error.connection_invalidated or isinstance(
        error, exc.OperationalError | exc.InterfaceError
    )


def root_of(error: BaseException) -> BaseException:
    """Return the database's own error, which Optuna may have wrapped."""
    if isinstance(error, optuna.exceptions.StorageInternalError) and error.__cause__ is not None:
        return error.__cause__
    return error


def one_line(error: BaseException) -> str:
    """Return the driver's own first line, without the statement and its parameters."""
    error = root_of(error)
    words = str(error.orig if isinstance(error, exc.DBAPIError) else error).strip()
    return words.splitlines()[0] if words else type(error).__name__
