"""Keep messages from where they are not wanted: what libraries warn of, what is said twice."""

import logging
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STDLIB = Path(sysconfig.get_path("stdlib"))


class OwnMessages(logging.Filter):
    """A logging filter that passes records of this package, Hydra and your own code, and any error.

    It drops records below ERROR that an installed library or Python's standard library logged.

    >>> for handler in logging.getLogger().handlers:
    ...     handler.addFilter(OwnMessages())

    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record passes."""
        if record.levelno >= logging.ERROR or record.name.split(".")[0] in ("tunesmith", "hydra"):
            return True
        path = Path(record.pathname)
        is_installed = {"site-packages", "dist-packages"}.intersection(path.parts)
        return not is_installed and not path.is_relative_to(_STDLIB)


@contextmanager
def without_libraries() -> Iterator[None]:
    """Inside the block what libraries warn of does not reach Python's root handlers."""
    own, handlers = OwnMessages(), list(logging.getLogger().handlers)
    for handler in handlers:
        handler.addFilter(own)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(own)


@contextmanager
def silenced(level: int) -> Iterator[None]:
    """Inside the block nothing of this level, or below, is logged anywhere."""
    before = logging.root.manager.disable
    logging.disable(level)
    try:
        yield
    finally:
        logging.disable(before)
