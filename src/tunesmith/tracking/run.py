"""What is recorded of a run, and what opens runs; these two keep nothing."""

import logging
from collections.abc import Collection, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


class RunState(StrEnum):
    """How a run ended; the values are Optuna's names of a trial's state."""

    COMPLETE = "COMPLETE"
    PRUNED = "PRUNED"
    FAIL = "FAIL"
    INTERRUPTED = "INTERRUPTED"


class Run:
    """One run; keeps nothing itself, a subclass overrides what it keeps.

    Attributes:
        id: Names the run in the store; None if it is not kept.
        page: Where the store's pages show the run, from their root; None if they do not.
        notes: What the user is to be told of the run, in sentences.

    """

    id: str | None = None
    page: str | None = None

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, sentence: str) -> None:
        """Tell the user, once a run: in the log now, on the terminal at the end of a search."""
        if sentence not in self.notes:
            self.notes.append(sentence)
            log.warning(sentence)

    def log_metrics(self, metrics: Mapping[str, float], *, step: int) -> None:
        """Add a point to each metric's curve."""

    def log_summary(self, metrics: Mapping[str, float]) -> None:
        """Record final values; the end of a curve that has the value already stays as it is."""

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record parameters, once a run."""

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set or replace tags."""

    def set_note(self, markdown: str) -> None:
        """Set or replace what the run's page says of it."""

    def log_artifact(self, path: Path, *, folder: str | None = None) -> None:
        """Copy a file, or a folder with its content, into the run."""

    def log_text(self, text: str, name: str) -> None:
        """Store a text as a file of this name."""

    def log_model(self, fitted: Any) -> str | None:
        """Store the `predictor()` of a fitted model with its `example()`; return its URI."""
        return None

    def flush(self) -> None:
        """Write what is buffered."""

    def finish(self, state: RunState) -> None:
        """Write what is buffered and close the run."""


class Tracking:
    """Opens runs; those that keep nothing, unless a subclass knows a store."""

    def check(self) -> None:
        """Raise InvalidConfig, in one line, if the store cannot be used; writes nothing."""

    def waiting(self) -> str:
        """Return in a sentence what the store has not got yet, nothing if it has all."""
        return ""

    def start_run(self, name: str, *, tags: Mapping[str, str], parent_id: str | None = None) -> Run:
        """Open a run, as a child of `parent_id` if given."""
        return Run()

    def resume_run(self, run_id: str) -> Run | None:
        """Open a run of before again; None if it is no more."""
        return Run()

    def page(self, run_id: str | None = None) -> str | None:
        """Return where the store's pages show a run, or all runs; None if there are no pages."""
        return None

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set or replace tags of a run that is over, if there is one."""

    def close_dead_runs(self, also: Collection[str] = ()) -> None:
        """Close the open runs whose process on this host is no more, and those named by id."""
