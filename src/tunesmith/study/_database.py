"""Optuna's relational storage, with what a search needs of it.

It touches private names of Optuna; beside it only `_optuna` does.
"""

import copy
import functools
import json
import time
import weakref
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

import sqlalchemy
from optuna.storages import BaseStorage, RDBStorage
from optuna.storages._cached_storage import _CachedStorage, _StudyInfo
from optuna.storages._rdb import models
from optuna.storages._rdb.storage import _create_scoped_session
from optuna.trial import FrozenTrial, TrialState

from tunesmith.full_disk import DiskFull
from tunesmith.passwords import hide_passwords
from tunesmith.process import ProcessId
from tunesmith.study.failure import Failure
from tunesmith.study.record import failure_attributes, owned_trial
from tunesmith.study.retry import DatabaseAway, Retry

Call = TypeVar("Call", bound=Callable[..., Any])

_reading: ContextVar[bool] = ContextVar("reading", default=False)

# Reads, and writes that set one named thing, may be repeated whatever became of the first try.
# Two are repeated although the first try may have gone through unheard: a trial created twice and
# a trial claimed unheard both stay RUNNING without a heartbeat and are failed like any dead one;
# a result told twice raises UpdateFinishedTrialError, and the first one stands.
_REPEATED = (
    *sorted(BaseStorage.__abstractmethods__),
    "get_trial_id_from_study_id_trial_number",
    "_set_trial_param",
    "_get_trials",
    "_get_best_trial_id",
)


_FINISHED = tuple(state for state in TrialState if state.is_finished())


def is_reading() -> bool:
    """Return whether the database is asked for something that changes nothing."""
    return _reading.get()


def _retried(call: Call) -> Call:
    reads = call.__name__.startswith(("get_", "_get_", "silent_", "has_"))

    @functools.wraps(call)
    def repeated(self: "Database", *args: Any, **kwargs: Any) -> Any:
        token = _reading.set(reads)
        try:
            return self.retry.call(lambda: call(self, *args, **kwargs), database=self.shown_url)
        finally:
            _reading.reset(token)

    return cast(Call, repeated)


class Database(RDBStorage):
    """Optuna's relational storage, repeating its calls and with four transactions of its own."""

    def __init__(
        self,
        url: sqlalchemy.URL,
        *,
        engine_kwargs: dict[str, Any],
        retry: Retry,
        configure: Callable[[sqlalchemy.Engine], None],
        **heartbeat: Any,
    ) -> None:
        self.retry = retry
        self._configure = configure
        self.shown_url = hide_passwords(url.render_as_string(hide_password=True))
        self._watched: dict[int, tuple[datetime | None, float]] = {}
        try:
            super().__init__(url.render_as_string(hide_password=False), engine_kwargs, **heartbeat)
        except BaseException:
            # What is refused keeps no connection open.
            if hasattr(self, "engine"):
                self.engine.dispose()
            raise
        self._own_engine()

    def __setstate__(self, state: dict[Any, Any]) -> None:
        super().__setstate__(state)
        self._own_engine()

    def _own_engine(self) -> None:
        self._configure(self.engine)
        # Connections are closed with their storage, not left to the garbage collector.
        weakref.finalize(self, self.engine.dispose)

    @staticmethod
    def _fill_storage_url_template(template: str) -> str:
        # Optuna would read a brace in a password as a field to fill in.
        return template

    @_retried
    def _create_new_trial(
        self, study_id: int, template_trial: FrozenTrial | None = None
    ) -> FrozenTrial:
        # A new trial has its owner from the first moment: no kill comes in between.
        template = template_trial or owned_trial(ProcessId.current())
        return super()._create_new_trial(study_id, template)

    @_retried
    def _beat(self, trial_id: int) -> None:
        super().record_heartbeat(trial_id)

    def record_heartbeat(self, trial_id: int) -> None:
        """Tell that a trial is alive, as far as the database takes it.

        Optuna beats in a thread of its own: that the database stays away, or is full, is raised
        where the trial is told.
        """
        with suppress(DatabaseAway, DiskFull):
            self._beat(trial_id)

    def _get_stale_trial_ids(self, study_id: int) -> list[int]:
        # Optuna would fail them without a reason before each ask; the worker does it with one.
        return []

    @_retried
    def silent_trial_ids(self, study_id: int) -> set[int]:
        """Return the RUNNING trials that are past the grace period and still silent.

        A trial is returned only after it was seen twice with the same last heartbeat, two
        intervals apart: after the database was away, every heartbeat is old for a moment.
        """
        overdue = self._overdue(study_id)
        now = time.monotonic()
        self._watched = {
            trial_id: seen
            if (seen := self._watched.get(trial_id)) is not None and seen[0] == beat
            else (beat, now)
            for trial_id, beat in overdue.items()
        }
        watch_s = 2 * (self.heartbeat_interval or 0)
        return {trial_id for trial_id, (_, seen) in self._watched.items() if now - seen >= watch_s}

    def _overdue(self, study_id: int) -> dict[int, datetime | None]:
        grace = timedelta(seconds=self.grace_period or 0)
        overdue = {}
        with _create_scoped_session(self.scoped_session) as session:
            beats_now = session.execute(sqlalchemy.func.now()).scalar_one().replace(tzinfo=None)
            running: Any = session.query(models.TrialModel).filter(
                models.TrialModel.study_id == study_id,
                models.TrialModel.state == TrialState.RUNNING,
            )
            for trial in running:
                beat = trial.heartbeats[0].heartbeat if trial.heartbeats else None
                # Heartbeats are on the database's clock, starts on that of the trial's host.
                silence = (
                    datetime.now() - trial.datetime_start if beat is None else beats_now - beat
                )
                if silence > grace:
                    overdue[trial.trial_id] = beat
        return overdue

    @_retried
    def fail(
        self, study_id: int, trial_id: int, failure: Failure, *, successor: FrozenTrial | None
    ) -> bool:
        """Fail a RUNNING trial and queue its successor, both or neither.

        Returns:
            True for the one process that did it, False if the trial is no longer running.

        """
        with _create_scoped_session(self.scoped_session) as session:
            models.StudyModel.find_or_raise_by_id(study_id, session, for_update=True)
            trial = models.TrialModel.find_or_raise_by_id(trial_id, session, for_update=True)
            if trial.state != TrialState.RUNNING:
                return False
            for key, value in failure_attributes(failure).items():
                self._set_trial_attr_without_commit(
                    session, models.TrialUserAttributeModel, trial_id, key, value
                )
            trial.state = TrialState.FAIL
            trial.datetime_complete = datetime.now()
            if successor is not None:
                self._get_prepared_new_trial(study_id, successor, session)
        return True

    @_retried
    def has_finished(self, study_id: int, trial_ids: set[int], *, newer_than: int) -> bool:
        """Return whether one of these trials, or of those with a greater id, has finished."""
        trial = models.TrialModel
        with _create_scoped_session(self.scoped_session) as session:
            found = session.query(trial.trial_id).filter(
                trial.study_id == study_id,
                sqlalchemy.or_(trial.trial_id.in_(trial_ids), trial.trial_id > newer_than),
                trial.state.in_(_FINISHED),
            )
            return found.first() is not None

    @_retried
    def set_together(self, trial_id: int, attributes: Mapping[str, Any]) -> None:
        """Set several user attributes of a running trial, all or none."""
        with _create_scoped_session(self.scoped_session, True) as session:
            for key, value in attributes.items():
                self._set_trial_attr_without_commit(
                    session, models.TrialUserAttributeModel, trial_id, key, value
                )

    @_retried
    def set_once(self, study_id: int, key: str, value: Any) -> Any:
        """Set a study's system attribute if it has none, and return the one it has."""
        with _create_scoped_session(self.scoped_session) as session:
            study = models.StudyModel.find_or_raise_by_id(study_id, session, for_update=True)
            attribute: Any = models.StudySystemAttributeModel
            present = attribute.find_by_study_and_key(study, key, session)
            if present is not None:
                return json.loads(present.value_json)
            session.add(attribute(study_id=study_id, key=key, value_json=json.dumps(value)))
        return value


class CachedDatabase(_CachedStorage):
    """Optuna's cache of finished trials in front of a `Database`.

    Whoever asks for finished trials alone, as most pruners do at each report, does not have the
    running ones read, which takes Optuna six statements.
    """

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """Return the study's trials of these states, of None all, in the order of their numbers."""
        asked = [state for state in TrialState if states is None or state in states]
        known = self._studies.get(study_id)
        if known is None or not set(asked) <= set(_FINISHED) or self._is_behind(study_id, known):
            return super().get_all_trials(study_id, deepcopy, states)
        with self._lock:
            chosen = [t for _, t in sorted(known.trials.items()) if t.state in asked]
        return copy.deepcopy(chosen) if deepcopy else chosen

    def _is_behind(self, study_id: int, known: _StudyInfo) -> bool:
        with self._lock:
            open_ids, newest = set(known.unfinished_trial_ids), known.last_finished_trial_id
        return cast(Database, self._backend).has_finished(study_id, open_ids, newer_than=newest)


for _name in _REPEATED:
    setattr(Database, _name, _retried(getattr(RDBStorage, _name)))
