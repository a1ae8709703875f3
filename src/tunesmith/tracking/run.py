"""What is recorded of a run, and what opens runs; these two keep nothing."""

import logging
from collections.abc import Collection, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


class RunState(StrEnum):
    """How a run ended, by Optuna's names of the states of a trial."""

    COMPLETE = "COMPLETE"
    PRUNED = "PRUNED"
    FAIL = "FAIL"
    INTERRUPTED = "INTERRUPTED"


class Run:
    """One run of a tracking store; this class records nothing, a subclass records in a store.

    Attributes:
        id: The id of the run in the store; None if it is not recorded.
        page: The path of the run's page in the store's web interface; None if it has none.
        notes: Notices for the user, a sentence each.

    """

    id: str | None = None
    page: str | None = None

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, sentence: str) -> None:
        """Tell the user something, once a run: now in the log, and at the end of a search."""
        if sentence not in self.notes:
            self.notes.append(sentence)
            log.warning(sentence)

    def log_metrics(self, metrics: Mapping[str, float], *, step: int) -> None:
        """Add a point to each metric's curve."""

    def log_summary(self, metrics: Mapping[str, float]) -> None:
        """Record final values; a curve that ends with the value already gets no further point."""

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record parameters; a run has each of them once."""

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set or replace tags."""

    def set_note(self, markdown: str) -> None:
        """Set or replace the description on the run's page, in Markdown."""

    def log_artifact(self, path: Path, *, folder: str | None = None) -> None:
        """Copy a file, or a folder with its content, into the run, below `folder` if given."""

    def log_text(self, text: str, name: str) -> None:
        """Store a text as a file of this name in the run."""

    def log_model(self, fitted: Any) -> str | None:
        """Store the `predictor()` of a FittedModel with its `example()`.

        Returns:
            The URI of the model; None if it was not stored.

        """
        return None

    def flush(self) -> None:
        """Send what is buffered."""

    def finish(self, state: RunState) -> None:
        """Send what is buffered and close the run."""


class Tracking:
    """Opens runs; those of this class record nothing, a subclass opens those of a store."""

    def check(self) -> None:
        """Refuse a store that cannot be used; writes nothing.

        Raises:
            InvalidConfig: It cannot be used; the message is one line.

        """

    def waiting(self) -> str:
        """Return a sentence on what has not reached the store yet; empty if all has."""
        return ""

    def start_run(self, name: str, *, tags: Mapping[str, str], parent_id: str | None = None) -> Run:
        """Open a new run, as a child of the run `parent_id` if given."""
        return Run()

    def resume_run(self, run_id: str) -> Run | None:
        """Open an earlier run again; None if the store no longer has it."""
        return Run()

    def page(self, run_id: str | None = None) -> str | None:
        """Return the address of the page of a run, or of all runs; None if there is none."""
        return None

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set or replace tags of a run that has ended, if the store has it."""

    def close_dead_runs(self, also: Collection[str] = ()) -> None:
        """Close open runs whose process on this host has died, and those with the ids `also`."""
