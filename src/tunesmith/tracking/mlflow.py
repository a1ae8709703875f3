"""Track runs in MLflow: metric points are buffered and written in batches."""

import logging
import os
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

# Set before the import: MLflow reports usage to its makers unless told not to.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID
from mlflow.utils.validation import (
    MAX_METRICS_PER_BATCH,
    MAX_PARAM_VAL_LENGTH,
    MAX_PARAMS_TAGS_PER_BATCH,
    MAX_TAG_VAL_LENGTH,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from tunesmith.paths import artifacts_beside
from tunesmith.process import ProcessId
from tunesmith.tracking.names import Names
from tunesmith.tracking.run import Run, RunState, Tracking

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
PAUSES_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)


class MlflowTracking(Tracking):
    """Runs under one experiment of an MLflow store.

    Of several processes that start at once on an absent SQLite store one creates it, the others
    wait. Its artifacts go to a folder beside it; a server keeps its own place.

    Args:
        uri: MLflow's tracking URI: a database, or a server.
        experiment: The name; the experiment is created if it is new.

    """

    def __init__(self, *, uri: str, experiment: str) -> None:
        self.uri = uri
        database = _sqlite_file(uri)
        if database is None:
            self._client = MlflowClient(uri)
            self._experiment_id = self._open_experiment(experiment, artifacts=None)
            return
        database.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{database}.lock"):
            self._client = MlflowClient(uri)
            artifacts = artifacts_beside(database).as_uri()
            self._experiment_id = self._open_experiment(experiment, artifacts=artifacts)

    def _open_experiment(self, name: str, *, artifacts: str | None) -> str:
        known = self._client.get_experiment_by_name(name)
        if known is None:
            try:
                return str(self._client.create_experiment(name, artifact_location=artifacts))
            except MlflowException:  # another process was faster
                known = self._client.get_experiment_by_name(name)
                if known is None:
                    raise
        if known.lifecycle_stage == "deleted":
            self._client.restore_experiment(known.experiment_id)
        return str(known.experiment_id)

    def start_run(self, name: str, *, tags: Mapping[str, str], parent_id: str | None = None) -> Run:
        """Open a run that carries its process, so that a later command can tell it dead."""
        tags = {**tags, PROCESS_TAG: ProcessId.current().to_str()}
        if parent_id is not None:
            tags[MLFLOW_PARENT_RUN_ID] = parent_id
        info = _patiently(
            lambda: self._client.create_run(self._experiment_id, run_name=name, tags=tags)
        ).info
        return MlflowRun(self._client, info.run_id, uri=self.uri)

    def resume_run(self, run_id: str) -> Run | None:
        """Open a run again; it is RUNNING and this process's from now on."""
        if not self._is_there(run_id):
            return None
        self._client.update_run(run_id, status="RUNNING")
        self._client.set_tag(run_id, PROCESS_TAG, ProcessId.current().to_str())
        return MlflowRun(self._client, run_id, uri=self.uri)

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set or replace tags of a run that is over, which stays as it ended."""
        if self._is_there(run_id):
            MlflowRun(self._client, run_id, uri=self.uri).set_tags(tags)

    def _is_there(self, run_id: str) -> bool:
        """Return whether the store still has the run; one deleted in the UI is taken back."""
        try:
            run = self._client.get_run(run_id)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return False
        if run.info.lifecycle_stage == "deleted":
            self._client.restore_run(run_id)
        return True

    def close_dead_runs(self, also: Collection[str] = ()) -> None:
        """Close the open runs whose process on this host is no more, and those named by id."""
        running = self._client.search_runs(
            [self._experiment_id], filter_string="attributes.status = 'RUNNING'"
        )
        for run in running:
            process = run.data.tags.get(PROCESS_TAG)
            dead = process is not None and ProcessId.from_str(process).is_dead_here()
            if dead or run.info.run_id in also:
                MlflowRun(self._client, run.info.run_id, uri=self.uri).finish(RunState.INTERRUPTED)


class MlflowRun(Run):
    """One MLflow run."""

    id: str

    def __init__(self, client: MlflowClient, run_id: str, *, uri: str) -> None:
        super().__init__()
        self.id = run_id
        self._client = client
        self._uri = uri
        self._metric_names, self._param_names = Names(), Names()
        self._points: list[Metric] = []
        self._ends: dict[str, Metric] = {}
        self._flushed = time.monotonic()

    def log_metrics(self, metrics: Mapping[str, float], *, step: int) -> None:
        """Buffer a point of each metric; every few seconds the buffer is written."""
        now = time.time_ns() // 1_000_000
        points = [
            Metric(self._metric_name(name), float(value), now, step)
            for name, value in metrics.items()
        ]
        self._points += points
        self._ends |= {point.key: point for point in points}
        if time.monotonic() - self._flushed > SECONDS_BETWEEN_FLUSHES:
            self.flush()

    def log_summary(self, metrics: Mapping[str, float]) -> None:
        """Record final values; the end of a curve that has the value already stays as it is."""
        for name, value in metrics.items():
            end = self._ends.get(self._metric_name(name))
            if end is None or end.value != value:
                self.log_metrics({name: value}, step=0 if end is None else end.step + 1)

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
        entities = [
            Param(self._param_names.clean(name), str(value)[:MAX_PARAM_VAL_LENGTH])
            for name, value in params.items()
        ]
        for start in range(0, len(entities), MAX_PARAMS_TAGS_PER_BATCH):
            self._log_batch(params=entities[start : start + MAX_PARAMS_TAGS_PER_BATCH])

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set or replace tags; a value is cut at MLflow's limit."""
        self._log_batch(
            tags=[RunTag(name, value[:MAX_TAG_VAL_LENGTH]) for name, value in tags.items()]
        )

    def log_artifact(self, path: Path, *, folder: str | None = None) -> None:
        """Copy a file, or a folder with its content, into the run."""
        copy = self._client.log_artifacts if path.is_dir() else self._client.log_artifact
        _patiently(lambda: copy(self.id, str(path), folder))

    def log_text(self, text: str, name: str) -> None:
        """Store a text as a file of this name."""
        _patiently(lambda: self._client.log_text(self.id, text, name))

    def log_model(self, fitted: Any) -> str | None:
        """Store a model for `mlflow.pyfunc.load_model`, with signature and input example."""
        # here: only a search's end needs MLflow's models
        from tunesmith.tracking.model import log_fitted

        return log_fitted(fitted, uri=self._uri, run_id=self.id)

    def flush(self) -> None:
        """Write the buffered points."""
        points, self._points = self._points, []
        self._flushed = time.monotonic()
        for start in range(0, len(points), MAX_METRICS_PER_BATCH):
            self._log_batch(metrics=points[start : start + MAX_METRICS_PER_BATCH])

    def finish(self, state: RunState) -> None:
        """Write the buffered points and close the run."""
        self.flush()
        self.set_tags({STATE_TAG: state.value})
        _patiently(lambda: self._client.set_terminated(self.id, STATUS[state]))

    def _log_batch(self, **entities: Any) -> None:
        _patiently(lambda: self._client.log_batch(self.id, **entities))


def _patiently(call: Callable[[], Any]) -> Any:
    """Repeat a call that fails for a store that is away or busy; it may take about a minute."""
    for pause in PAUSES_S:
        try:
            return call()
        except (MlflowException, SQLAlchemyError, ConnectionError) as error:
            if not _is_transient(error):
                raise
            log.warning("MLflow store not available, trying again in %.1f s", pause)
            time.sleep(pause)
    return call()


def _is_transient(error: Exception) -> bool:
    if isinstance(error, MlflowException):
        return error.error_code in ("TEMPORARILY_UNAVAILABLE", "INTERNAL_ERROR")
    return True


def _shortened(name: str) -> str:
    return repr(name if len(name) <= 60 else f"{name[:40]}...{name[-17:]}")


def _sqlite_file(uri: str) -> Path | None:
    if not uri.startswith("sqlite:"):
        return None
    database = make_url(uri).database
    return None if database in (None, "", ":memory:") else Path(str(database))
