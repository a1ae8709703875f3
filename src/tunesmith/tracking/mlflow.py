"""Track runs in MLflow: metric points are buffered and written in batches."""

import logging
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NOTE
from mlflow.utils.validation import (
    MAX_METRICS_PER_BATCH,
    MAX_PARAM_VAL_LENGTH,
    MAX_PARAMS_TAGS_PER_BATCH,
    MAX_TAG_VAL_LENGTH,
)

from tunesmith.process import ProcessId
from tunesmith.tracking.address import without_password
from tunesmith.tracking.names import Names
from tunesmith.tracking.outbox import Outbox
from tunesmith.tracking.run import Run, RunState, Tracking
from tunesmith.tracking.store import Store, StoreAway

log = logging.getLogger(__name__)

STATUS = {
    RunState.COMPLETE: "FINISHED",
    RunState.PRUNED: "KILLED",
    RunState.FAIL: "FAILED",
    RunState.INTERRUPTED: "KILLED",
}
PROCESS_TAG = "tunesmith.process"
STATE_TAG = "optuna.trial_state"
SECONDS_BETWEEN_FLUSHES = 5.0
# One entry is left for a tag.
POINTS_PER_CALL = MAX_METRICS_PER_BATCH - 1


class MlflowTracking(Tracking):
    """Runs under one experiment of an MLflow store.

    Of several processes that start at once on an absent SQLite store one creates it, the others
    wait. Its artifacts go to a folder beside it; a server keeps its own place. While the store is
    away everything is kept, and sent when it is back.

    Args:
        uri: MLflow's tracking URI: a database, or a server.
        experiment: The name; the experiment is created if it is new.
        outbox: Where that of ended runs is kept which was not sent.

    """

    def __init__(self, *, uri: str, experiment: str, outbox: Path) -> None:
        self.uri = without_password(uri)
        self._store = Store(self.uri, experiment=experiment, outbox=Outbox(outbox))

    def check(self) -> None:
        """Raise InvalidConfig, in one line, if the store cannot be used; writes nothing."""
        self._store.check()

    def waiting(self) -> str:
        """Return in a sentence what the store has not got yet, nothing if it has all."""
        return self._store.waiting()

    def start_run(self, name: str, *, tags: Mapping[str, str], parent_id: str | None = None) -> Run:
        """Open a run that carries its process, so that a later command can tell it dead."""
        tags = {**tags, PROCESS_TAG: ProcessId.current().to_str()}
        if parent_id is not None:
            tags[MLFLOW_PARENT_RUN_ID] = parent_id
        run = MlflowRun(self._store)
        run.call("create_run", run_name=name, tags=tags, start_time=_now())
        return run

    def resume_run(self, run_id: str) -> Run | None:
        """Open a run again; it is RUNNING and this process's from now on."""
        if not self._is_there(run_id):
            return None
        run = MlflowRun(self._store, run_id)
        run.call("update_run", status="RUNNING")
        run.set_tags({PROCESS_TAG: ProcessId.current().to_str()})
        return run

    def page(self, run_id: str | None = None) -> str | None:
        """Return the page of a run, or of all runs, in MLflow's view for training."""
        return self._store.page(run_id)

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set or replace tags of a run that is over, which stays as it ended."""
        if self._is_there(run_id):
            run = MlflowRun(self._store, run_id)
            run.set_tags(tags)
            run.keep()

    def _is_there(self, run_id: str) -> bool:
        """Return whether the store still has the run; one deleted in the UI is taken back."""
        client = self._store.client
        try:
            run = self._store.ask(lambda: client.get_run(run_id))
            if run.info.lifecycle_stage == "deleted":
                self._store.ask(lambda: client.restore_run(run_id))
        except StoreAway:
            return True
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return False
        return True

    def close_dead_runs(self, also: Collection[str] = ()) -> None:
        """Close the open runs whose process on this host is no more, and those named by id.

        What ended while the store was away is sent before.
        """
        try:
            self._store.send_kept()
            running = self._store.ask(self._running)
        except StoreAway:
            return
        for run in running:
            process = run.data.tags.get(PROCESS_TAG)
            dead = process is not None and ProcessId.from_str(process).is_dead_here()
            if dead or run.info.run_id in also:
                MlflowRun(self._store, run.info.run_id).finish(RunState.INTERRUPTED)

    def _running(self) -> Collection[Any]:
        query = "attributes.status = 'RUNNING'"
        return self._store.client.search_runs([self._store.experiment_id], filter_string=query)


class MlflowRun(Run):
    """One MLflow run."""

    def __init__(self, store: Store, run_id: str | None = None) -> None:
        super().__init__()
        self._store = store
        self._unsent = store.new_unsent(run_id)
        self._metric_names, self._param_names = Names(), Names()
        self._points: list[tuple[str, float, int, int]] = []
        self._ends: dict[str, tuple[float, int]] = {}
        self._flushed = time.monotonic()

    @property
    def id(self) -> str | None:  # type: ignore[override]
        """Names the run in the store; None while the store is away that is to make it."""
        return self._unsent.run_id

    @property
    def page(self) -> str | None:  # type: ignore[override]
        """The run's page; None while the store is away."""
        return None if self.id is None else self._store.page(self.id)

    def call(self, name: str, **arguments: Any) -> None:
        """Send a call of MLflow's client that takes the run's id, or let it wait for its turn."""
        self._unsent.calls.append((name, arguments))
        self._store.send(self._unsent)

    def keep(self) -> None:
        """Keep in a file what the store does not take now: the run has nothing more to say."""
        self._store.keep(self._unsent)

    def log_metrics(self, metrics: Mapping[str, float], *, step: int) -> None:
        """Buffer a point of each metric; every few seconds the buffer is written."""
        now = _now()
        for name, value in metrics.items():
            key = self._metric_name(name)
            self._points.append((key, float(value), now, step))
            self._ends[key] = (float(value), step)
        if time.monotonic() - self._flushed > SECONDS_BETWEEN_FLUSHES:
            self.flush()

    def log_summary(self, metrics: Mapping[str, float]) -> None:
        """Record final values; the end of a curve that has the value already stays as it is."""
        for name, value in metrics.items():
            end = self._ends.get(self._metric_name(name))
            if end is None or end[0] != value:
                self.log_metrics({name: value}, step=0 if end is None else end[1] + 1)

    def _metric_name(self, name: str) -> str:
        cleaned = self._metric_names.clean(name)
        if cleaned != name:
            self.note(
                f"the metric {_shortened(name)} is recorded as {_shortened(cleaned)}: MLflow does "
                "not take its name"
            )
        return cleaned

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record parameters; a value is cut at MLflow's limit, a name made one that it takes."""
        rows = [
            (self._param_names.clean(name), str(value)[:MAX_PARAM_VAL_LENGTH])
            for name, value in params.items()
        ]
        for start in range(0, len(rows), MAX_PARAMS_TAGS_PER_BATCH):
            self.call("log_batch", params=rows[start : start + MAX_PARAMS_TAGS_PER_BATCH])

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set or replace tags; a value is cut at MLflow's limit."""
        rows = [(name, value[:MAX_TAG_VAL_LENGTH]) for name, value in tags.items()]
        self.call("log_batch", tags=rows)

    def set_note(self, markdown: str) -> None:
        """Set or replace the description on the run's page."""
        self.set_tags({MLFLOW_RUN_NOTE: markdown})

    def log_artifact(self, path: Path, *, folder: str | None = None) -> None:
        """Copy a file, or a folder with its content, into the run."""
        if path.is_dir():
            self.call("log_artifacts", local_dir=str(path.absolute()), artifact_path=folder)
        else:
            self.call("log_artifact", local_path=str(path.absolute()), artifact_path=folder)

    def log_text(self, text: str, name: str) -> None:
        """Store a text as a file of this name."""
        self.call("log_text", text=text, artifact_file=name)

    def log_model(self, fitted: Any) -> str | None:
        """Store a model for `mlflow.pyfunc.load_model`, with signature and input example."""
        if (run_id := self._reached()) is None:
            log.warning("The winner is not logged as a model: MLflow does not answer")
            return None
        # here: only a search's end needs MLflow's models
        from tunesmith.tracking.model import log_fitted

        return log_fitted(fitted, uri=self._store.uri, run_id=run_id)

    def _reached(self) -> str | None:
        """Return the run's id if the store answers and has all that was sent, else None."""
        run_id = self.id
        if run_id is None or not self._store.send(self._unsent):
            return None
        try:
            self._store.ask(lambda: self._store.client.get_run(run_id))
        except StoreAway:
            return None
        return run_id

    def flush(self) -> None:
        """Write the buffered points."""
        for batch in self._batches():
            self.call("log_batch", metrics=batch)

    def _batches(self) -> list[list[tuple[str, float, int, int]]]:
        points, self._points = self._points, []
        self._flushed = time.monotonic()
        return [
            points[start : start + POINTS_PER_CALL]
            for start in range(0, len(points), POINTS_PER_CALL)
        ]

    def finish(self, state: RunState) -> None:
        """Write the buffered points and close the run."""
        *full, last = self._batches() or [[]]
        for batch in full:
            self.call("log_batch", metrics=batch)
        self.call("log_batch", metrics=last, tags=[(STATE_TAG, state.value)])
        self.call("set_terminated", status=STATUS[state], end_time=_now())
        self.keep()


def _shortened(name: str) -> str:
    return repr(name if len(name) <= 60 else f"{name[:40]}...{name[-17:]}")


def _now() -> int:
    """Return the time as MLflow counts it, in milliseconds."""
    return time.time_ns() // 1_000_000
