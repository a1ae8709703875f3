"""What a tracker offers, and the tracker that keeps nothing."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from pathlib import Path
from typing import Any


class RunState(StrEnum):
    """How a run ended; the values are Optuna's names of a trial's state."""

    COMPLETE = "COMPLETE"
    PRUNED = "PRUNED"
    FAIL = "FAIL"
    INTERRUPTED = "INTERRUPTED"


class Run(ABC):
    """One recorded run."""

    id: str | None

    @abstractmethod
    def log_metrics(self, metrics: Mapping[str, float], *, step: int) -> None:
        """Add a point to each metric's curve."""

    @abstractmethod
    def log_summary(self, metrics: Mapping[str, float]) -> None:
        """Record final values; the end of a curve that has the value already stays as it is."""

    @abstractmethod
    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record parameters, once a run."""

    @abstractmethod
    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set or replace tags."""

    @abstractmethod
    def log_artifact(self, path: Path, *, folder: str | None = None) -> None:
        """Copy a file, or a folder with its content, into the run."""

    @abstractmethod
    def log_text(self, text: str, name: str) -> None:
        """Store a text as a file of this name."""

    @abstractmethod
    def log_model(self, fitted: Any) -> str | None:
        """Store the `predictor()` of a fitted model, with its `example()`; the URI, if kept."""

    @abstractmethod
    def flush(self) -> None:
        """Write what is buffered."""

    @abstractmethod
    def finish(self, state: RunState) -> None:
        """Write what is buffered and close the run."""


class Tracking(ABC):
    """Opens runs."""

    @abstractmethod
    def start_run(self, name: str, *, tags: Mapping[str, str], parent_id: str | None = None) -> Run:
        """Open a run, as a child of `parent_id` if given."""

    @abstractmethod
    def resume_run(self, run_id: str) -> Run | None:
        """Open a run of before again; None if it is no more."""

    @abstractmethod
    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set or replace tags of a run that is over, if there is one."""

    @abstractmethod
    def close_dead_runs(self, also: Collection[str] = ()) -> None:
        """Close the open runs whose process on this host is no more, and those named by id."""


class NoRun(Run):
    """Keeps nothing."""

    id = None

    def log_metrics(self, metrics: Mapping[str, float], *, step: int) -> None:
        """Keep nothing."""

    def log_summary(self, metrics: Mapping[str, float]) -> None:
        """Keep nothing."""

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Keep nothing."""

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Keep nothing."""

    def log_artifact(self, path: Path, *, folder: str | None = None) -> None:
        """Keep nothing."""

    def log_text(self, text: str, name: str) -> None:
        """Keep nothing."""

    def log_model(self, fitted: Any) -> str | None:
        """Keep nothing."""
        return None

    def flush(self) -> None:
        """Keep nothing."""

    def finish(self, state: RunState) -> None:
        """Keep nothing."""


class NoTracking(Tracking):
    """Opens runs that keep nothing."""

    def start_run(self, name: str, *, tags: Mapping[str, str], parent_id: str | None = None) -> Run:
        """Open a run that keeps nothing."""
        return NoRun()

    def resume_run(self, run_id: str) -> Run:
        """Open a run that keeps nothing."""
        return NoRun()

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Keep nothing."""

    def close_dead_runs(self, also: Collection[str] = ()) -> None:
        """There are none."""


_current: ContextVar[Run | None] = ContextVar("current_run", default=None)


def current_run() -> Run:
    """The run being recorded in this context; one that keeps nothing outside of any."""
    return _current.get() or NoRun()


@contextmanager
def recording(run: Run) -> Iterator[Run]:
    """Make `run` the current one."""
    token = _current.set(run)
    try:
        yield run
    finally:
        _current.reset(token)
