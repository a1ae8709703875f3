"""What MLflow has not been told yet: kept in memory while a run goes on, in a file when it ends."""

import json
import logging
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tunesmith.paths import write_atomically

log = logging.getLogger(__name__)


@dataclass
class Unsent:
    """The calls of one run that its store has not answered, in their order.

    Attributes:
        uri: The store that they are for, without a password.
        run_id: The run's id; None before the store has made it.
        calls: The name and the arguments of each.
        key: Names its file; those of runs that began first are sent first.

    """

    uri: str
    run_id: str | None = None
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    key: str = field(default_factory=lambda: f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}")


class Outbox:
    """A folder of files, one for each run that ended while its store was away.

    Any process of any later command may send them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def keep(self, unsent: Unsent) -> None:
        """Write what a run that ended has left to say."""
        write_atomically(self._file(unsent), json.dumps(asdict(unsent)))

    def take(self, uri: str) -> Iterator[Unsent]:
        """Yield what is kept for a store, oldest first, unless another process is at it.

        What has no calls left when the next one is asked for is forgotten.
        """
        if not self.folder.is_dir():
            return
        try:
            with FileLock(self.folder / "lock", blocking=False):
                for unsent in self._kept(uri):
                    try:
                        yield unsent
                    finally:
                        self._update(unsent)
        except Timeout:
            return

    def count(self, uri: str) -> int:
        """Return of how many runs something is kept for a store."""
        return sum(1 for _ in self._kept(uri))

    def _kept(self, uri: str) -> Iterator[Unsent]:
        for file in sorted(self.folder.glob("*.json")):
            try:
                unsent = Unsent(**json.loads(file.read_text(encoding="utf-8")))
            except (ValueError, TypeError):
                log.warning("%s is not what a run left there; it stays", file)
                continue
            if unsent.uri == uri:
                yield unsent

    def _update(self, unsent: Unsent) -> None:
        if unsent.calls:
            write_atomically(self._file(unsent), json.dumps(asdict(unsent)))
        else:
            self._file(unsent).unlink()

    def _file(self, unsent: Unsent) -> Path:
        return self.folder / f"{unsent.key}.json"
