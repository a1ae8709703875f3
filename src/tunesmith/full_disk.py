"""Tell a full disk from other failures: waiting does not cure it, and its way out is its own."""

import errno
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_ERRORS = (errno.ENOSPC, errno.EDQUOT)
# What SQLite says, also in the midst of what others made of it, and PostgreSQL's code for the same.
_SQLITE, _POSTGRESQL = "database or disk is full", "53100"


class DiskFull(OSError):  # noqa: N818 - names what happened
    """No space is left for a file or a database; `filename` says which one, None if unknown.

    >>> print(DiskFull.at("outputs/optuna.db"))
    no space is left on the disk of outputs/optuna.db

    """

    @classmethod
    def at(cls, place: str | None) -> "DiskFull":
        """Return the error for a place without space.

        Args:
            place: The path of a file or folder, or the URL of a database; None if it is unknown.

        """
        return cls(errno.ENOSPC, "no space is left on the disk", place)

    def __str__(self) -> str:
        """Return the message without the error's number."""
        return f"{self.strerror} of {self.filename}" if self.filename else str(self.strerror)


def say_to_continue(full: DiskFull) -> str:
    """Return in one line why a search stops and how to continue it."""
    return f"{full}; free some and run the same command again: what is finished is kept"


def full_disk(error: BaseException, *, place: str | None = None) -> DiskFull | None:
    """Return the full disk that an error comes from, None if it comes from something else.

    Args:
        error: What was raised, perhaps because of something else.
        place: What was written to, if the error does not say it.

    """
    for link in _chain(error):
        if isinstance(link, OSError) and link.errno in _ERRORS:
            return DiskFull.at(str(link.filename) if link.filename else place)
        code = getattr(getattr(link, "orig", None), "sqlstate", None)
        if code == _POSTGRESQL or _SQLITE in str(link):
            return DiskFull.at(place)
    return None


@contextmanager
def logs_without_space() -> Iterator[None]:
    """Inside the block a log that finds no space says nothing of it: what ends by it does."""
    before = logging.Handler.handleError

    def handle(handler: logging.Handler, record: logging.LogRecord) -> None:
        error = sys.exception()
        if error is None or full_disk(error) is None:
            before(handler, record)

    logging.Handler.handleError = handle  # type: ignore
    try:
        yield
    finally:
        logging.Handler.handleError = before  # type: ignore[method-assign]


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__
