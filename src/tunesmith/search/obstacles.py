"""End a search whose disk is full, or whose database stays away: what it has found is kept."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from tunesmith.errors import InvalidConfig
from tunesmith.full_disk import full_disk, logs_without_space, say_to_continue
from tunesmith.search.worker_environment import is_worker
from tunesmith.search.workers import DISK_FULL
from tunesmith.study import DatabaseAway


@contextmanager
def naming_obstacles(folder: Path) -> Iterator[None]:
    """Raise InvalidConfig for what the user has to put right before the same command goes on.

    Args:
        folder: The search's own, of whose disk an error may tell only that it is full.

    Raises:
        SystemExit: In a worker process, whose parent says it (DISK_FULL).

    """
    try:
        with logs_without_space():
            yield
    except DatabaseAway as error:
        if is_worker():
            raise
        raise InvalidConfig(
            f"{error}; run the same command again once it does: what is finished is kept"
        ) from error
    except Exception as error:
        full = full_disk(error, place=str(folder))
        if full is None:
            raise
        if is_worker():
            _leave(say_to_continue(full))
        raise InvalidConfig(say_to_continue(full)) from error


def _leave(line: str) -> NoReturn:
    """End a worker, with its last line if there is still room for it in its log."""
    try:
        print(line, flush=True)
    except OSError:
        sys.stdout = None  # Python would try once more at its end.
    sys.exit(DISK_FULL)
