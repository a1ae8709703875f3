"""Keep what libraries warn of off the terminal: it is in the log file."""

import logging
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STDLIB = Path(sysconfig.get_path("stdlib"))


class OwnMessages(logging.Filter):
    """Passes what this package and the user's code say, and any error.

    >>> logging.getHandlerByName("console").addFilter(OwnMessages())

    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False for what an installed library says below an error."""
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
