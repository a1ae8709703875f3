"""One MLflow store that may go away and come back: calls are repeated for a moment, then kept."""

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.entities import Run as StoredRun
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID
from requests import RequestException
from sqlalchemy.exc import SQLAlchemyError

from tunesmith.full_disk import DiskFull, full_disk
from tunesmith.interrupts import interrupts_wait
from tunesmith.passwords import hide_passwords
from tunesmith.paths import artifacts_beside
from tunesmith.tracking.address import check_address, reason_of, sqlite_file, unreachable
from tunesmith.tracking.outbox import Outbox, Unsent

T = TypeVar("T")
log = logging.getLogger(__name__)

# Before a store counts as away: a database that is locked is free again soon.
PAUSES_S = (0.1, 0.5, 1.0)
# How long a store that is away is left alone.
FIRST_REST_S, LONGEST_REST_S = 1.0, 15.0
_ONE_TRY = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "15"}
_PASSING = ("TEMPORARILY_UNAVAILABLE", "INTERNAL_ERROR", "REQUEST_LIMIT_EXCEEDED")
# MLflow's UI opens in its view for language models, in which training has no pages.
_MODEL_TRAINING = "workflowType=machine_learning"
STUDY_TAG, NUMBER_TAG = "optuna.study", "optuna.trial_number"


class StoreAway(ConnectionError):  # noqa: N818
    """The store does not answer."""


class Store:
    """One experiment of an MLflow store.

    Args:
        uri: MLflow's tracking URI, without a password.
        experiment: The name; the experiment is created if it is new.
        outbox: Keeps what was not sent.

    """

    def __init__(self, uri: str, *, experiment: str, outbox: Outbox) -> None:
        self.uri = uri
        self.outbox = outbox
        self._experiment = experiment
        self._artifacts: dict[str, ArtifactRepository] = {}
        self._rest_s = FIRST_REST_S
        self._away_until = 0.0
        self._is_away = False

    def check(self) -> None:
        """Raise InvalidConfig if the store cannot be used; writes nothing."""
        check_address(self.uri)
        if sqlite_file(self.uri) is not None:
            return
        try:
            with _impatient():
                MlflowClient(self.uri).get_experiment_by_name(self._experiment)
        except (MlflowException, SQLAlchemyError, RequestException, OSError) as error:
            raise unreachable(self.uri, error) from None

    @cached_property
    def client(self) -> MlflowClient:
        """MLflow's own, once a store in a file has its tables: one process makes them."""
        file = sqlite_file(self.uri)
        with self._creation_lock():
            if file is not None and not file.exists():
                _log_ahead(file)
            return MlflowClient(self.uri)

    @cached_property
    def experiment_id(self) -> str:
        """The experiment's id; one deleted in the UI is taken back."""
        client = self.client
        with self._creation_lock():
            known = client.get_experiment_by_name(self._experiment)
            if known is None:
                return self._make_experiment(client)
        if known.lifecycle_stage == "deleted":
            client.restore_experiment(known.experiment_id)
        return str(known.experiment_id)

    def page(self, run_id: str | None) -> str | None:
        """Return the page of a run, or of all runs, below the UI's address; None while away."""
        try:
            experiment = self.ask(lambda: self.experiment_id)
        except StoreAway:
            return None
        runs = f"#/experiments/{experiment}/runs"
        return f"{runs if run_id is None else f'{runs}/{run_id}'}?{_MODEL_TRAINING}"

    def _make_experiment(self, client: MlflowClient) -> str:
        file = sqlite_file(self.uri)
        # A server keeps its own place.
        artifacts = None if file is None else artifacts_beside(file).as_uri()
        try:
            return str(client.create_experiment(self._experiment, artifact_location=artifacts))
        except MlflowException:  # Another process was faster.
            known = client.get_experiment_by_name(self._experiment)
            if known is None:
                raise
            return str(known.experiment_id)

    @contextmanager
    def _creation_lock(self) -> Iterator[None]:
        file = sqlite_file(self.uri)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        with nullcontext() if file is None else FileLock(f"{file}.lock"):
            yield

    def ask(self, call: Callable[[], T]) -> T:
        """Return what a call returns; raise StoreAway if the store does not answer, or DiskFull."""
        if time.monotonic() < self._away_until:
            raise StoreAway(self.uri)
        for pause in (*PAUSES_S, None):
            try:
                with interrupts_wait(), _impatient():
                    answer = call()
            except (MlflowException, SQLAlchemyError, RequestException, OSError) as error:
                self._raise_if_full(error)
                if not _is_passing(error):
                    raise
                # Known to be away: one try at a time.
                if pause is None or self._is_away:
                    raise self._gone(error) from None
                time.sleep(pause)
            else:
                self._is_away, self._rest_s = False, FIRST_REST_S
                return answer
        raise AssertionError("the last pause raises")

    def _raise_if_full(self, error: Exception) -> None:
        """Raise DiskFull where a store in a file has no space: to keep it elsewhere takes some."""
        file = sqlite_file(self.uri)
        if file is not None and (full := full_disk(error, place=str(file))) is not None:
            raise full from None

    def _gone(self, error: Exception) -> StoreAway:
        if not self._is_away:
            folder = self.outbox.folder
            log.warning(
                "MLflow does not answer (%s); what it misses is kept in %s",
                reason_of(error),
                folder,
            )
        self._is_away = True
        self._away_until = time.monotonic() + self._rest_s
        self._rest_s = min(2 * self._rest_s, LONGEST_REST_S)
        return StoreAway(self.uri)

    def send(self, unsent: Unsent) -> bool:
        """Send what waits, and return whether all of it was; what MLflow refuses is left out."""
        was_away = self._is_away
        while unsent.calls:
            name, arguments = unsent.calls[0]
            try:
                self.ask(lambda: self._perform(unsent, name, arguments))  # noqa: B023
            except StoreAway:
                return False
            except DiskFull:
                raise
            except (MlflowException, OSError) as error:
                log.warning("MLflow did not take %s: %s", name, hide_passwords(str(error)))
            unsent.calls.pop(0)
        if was_away:
            self.send_kept()
        return True

    def new_unsent(self, run_id: str | None) -> Unsent:
        """Return that a run has nothing to say yet."""
        return Unsent(hide_passwords(self.uri), run_id)

    def keep(self, unsent: Unsent) -> None:
        """Keep what a run that ended has left to say, for whoever finds the store again."""
        if not self.send(unsent):
            self.outbox.keep(unsent)

    def waiting(self) -> str:
        """Return in a sentence what is kept for the store, nothing if nothing is."""
        count = self.outbox.count(hide_passwords(self.uri))
        if count == 0:
            return ""
        runs = f"{count} run{'s' * (count > 1)}"
        return (
            f"MLflow does not answer: what it misses of {runs} waits in {self.outbox.folder}; "
            "any later command, or the same one again, sends it."
        )

    def send_kept(self) -> None:
        """Send what this or other processes have kept."""
        for unsent in self.outbox.take(hide_passwords(self.uri)):
            if not self.send(unsent):
                return

    def _perform(self, unsent: Unsent, name: str, arguments: dict[str, Any]) -> None:
        if name == "create_run":
            # Made already, if the store went away in the midst of it.
            unsent.run_id = unsent.run_id or self._create_run(**arguments)
            self._join_family(**arguments)
        elif unsent.run_id is None:  # It could not be made.
            return
        elif name == "log_batch":
            self.client.log_batch(unsent.run_id, **_entities(arguments))
        elif name in ("log_artifact", "log_artifacts") and unsent.run_id in self._artifacts:
            getattr(self._artifacts[unsent.run_id], name)(*arguments.values())
        else:
            getattr(self.client, name)(unsent.run_id, **arguments)

    def _create_run(self, **arguments: Any) -> str:
        run = self.client.create_run(self.experiment_id, **arguments).info
        # MLflow's client would ask for the run again. One process works on one run at a time.
        self._artifacts = {run.run_id: get_artifact_repository(run.artifact_uri)}
        return str(run.run_id)

    def _join_family(self, *, tags: dict[str, str], **_: Any) -> None:
        """Put the runs of a study's trials below its own: they may be made in any order."""
        if MLFLOW_PARENT_RUN_ID in tags or STUDY_TAG not in tags:
            return
        quoted = tags[STUDY_TAG].replace("'", "")
        family = self.client.search_runs(
            [self.experiment_id], filter_string=f"tags.`{STUDY_TAG}` = '{quoted}'"
        )
        parents = [run.info.run_id for run in family if NUMBER_TAG not in run.data.tags]
        for run in family:
            if parents and NUMBER_TAG in run.data.tags and not _has_parent(run):
                self.client.set_tag(run.info.run_id, MLFLOW_PARENT_RUN_ID, parents[-1])


def _log_ahead(file: Path) -> None:
    """Make a database that waits for the disk once at a write, not several times."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def _has_parent(run: StoredRun) -> bool:
    return MLFLOW_PARENT_RUN_ID in run.data.tags


def _entities(arguments: dict[str, Any]) -> dict[str, Any]:
    kinds = {"metrics": Metric, "params": Param, "tags": RunTag}
    return {name: [kinds[name](*row) for row in rows] for name, rows in arguments.items()}


@contextmanager
def _impatient() -> Iterator[None]:
    """Have MLflow try once and for a short time, unless the user says otherwise."""
    mine = {name: value for name, value in _ONE_TRY.items() if name not in os.environ}
    os.environ.update(mine)
    try:
        yield
    finally:
        for name in mine:
            del os.environ[name]


def _is_passing(error: Exception) -> bool:
    if isinstance(error, MlflowException):
        return error.error_code in _PASSING
    return isinstance(error, SQLAlchemyError | RequestException | ConnectionError | TimeoutError)
