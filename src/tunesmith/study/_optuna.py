"""Everything that touches private names of Optuna; nothing else in this package does.

Its public interface has no transaction over two trials, no heartbeat of a trial that never beat, no
sampler's view of a study. `tests/study/test_optuna_names.py` checks for the names used here.
"""

import copy
import functools
import json
import time
import weakref
from collections.abc import Callable, Container, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

import optuna
import sqlalchemy
from optuna.storages import BaseStorage, RDBStorage
from optuna.storages._cached_storage import _CachedStorage
from optuna.storages._rdb import models
from optuna.storages._rdb.storage import _create_scoped_session
from optuna.study import StudyDirection
from optuna.study._multi_objective import _get_pareto_front_trials_by_trials
from optuna.trial import FrozenTrial, TrialState

from tunesmith.passwords import hide_passwords
from tunesmith.process import ProcessId
from tunesmith.study.failure import Failure
from tunesmith.study.record import (
    OWNER_KEY,
    TrialRecord,
    failure_attributes,
    owned_trial,
)
from tunesmith.study.retry import Retry

Call = TypeVar("Call", bound=Callable[..., Any])

# Reads, and writes that set one named thing, may be repeated whatever became of the first try.
# Two are repeated although the first try may have gone through unheard: a trial created twice and
# a trial claimed unheard both stay RUNNING without a heartbeat and are failed like any dead one;
# a result told twice raises UpdateFinishedTrialError, and the first one stands.
_REPEATED = (
    *sorted(BaseStorage.__abstractmethods__),
    "get_trial_id_from_study_id_trial_number",
    "record_heartbeat",
    "_set_trial_param",
    "_get_trials",
    "_get_best_trial_id",
)


def _retried(call: Call) -> Call:
    @functools.wraps(call)
    def repeated(self: "Database", *args: Any, **kwargs: Any) -> Any:
        return self.retry.call(lambda: call(self, *args, **kwargs), database=self.shown_url)

    return cast(Call, repeated)


class Database(RDBStorage):
    """Optuna's relational storage, repeating its calls and with three transactions of its own."""

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


for _name in _REPEATED:
    setattr(Database, _name, _retried(getattr(RDBStorage, _name)))


class StudyView(optuna.Study):
    """A study that shows other trials; everything else about it is the study's own."""

    def __init__(
        self, study: optuna.Study, show: Callable[[Sequence[FrozenTrial]], list[FrozenTrial]]
    ) -> None:
        self.__dict__.update(study.__dict__)
        self._study = study
        self._show = show

    def stop(self) -> None:
        """Stop the optimise loop of the study itself."""
        self._study.stop()

    def _get_trials(
        self,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
        use_cache: bool = False,
    ) -> list[FrozenTrial]:
        trials = self._show(self._study._get_trials(deepcopy=False, use_cache=use_cache))
        shown = [trial for trial in trials if states is None or trial.state in states]
        return copy.deepcopy(shown) if deepcopy else shown


def database_of(study: optuna.Study) -> Database | None:
    """Return the study's database, or None if its trials live in memory."""
    storage = study._storage
    backend = storage._backend if isinstance(storage, _CachedStorage) else storage
    return backend if isinstance(backend, Database) else None


def all_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Return the study's trials in the order of their numbers, also of a pruner's bracket study."""
    return study._storage.get_all_trials(study._study_id, deepcopy=False)


def trial_id_of(trial: FrozenTrial | optuna.Trial) -> int:
    """Return the trial's key in the storage."""
    return trial._trial_id


def stored(trial: optuna.Trial) -> FrozenTrial:
    """Return the trial as the storage has it now."""
    return trial.storage.get_trial(trial._trial_id)


def pareto_front(
    trials: Sequence[FrozenTrial], directions: Sequence[StudyDirection]
) -> list[FrozenTrial]:
    """Return the COMPLETE trials that no other one of these dominates, in their order."""
    return _get_pareto_front_trials_by_trials(trials, directions)


def set_owner(study: optuna.Study, trial: FrozenTrial, owner: ProcessId) -> None:
    """Write which process works on the trial, unless the trial already says so."""
    if TrialRecord.of(trial).owner != owner:
        study._storage.set_trial_system_attr(trial._trial_id, OWNER_KEY, owner.to_str())


def set_once(study: optuna.Study, key: str, value: Any) -> Any:
    """Set a system attribute of the study if it has none, and return the one it has.

    Of several processes, one sets it.
    """
    if (database := database_of(study)) is not None:
        return database.set_once(study._study_id, key, value)
    if attribute(study, key) is None:
        study._storage.set_study_system_attr(study._study_id, key, value)
    return attribute(study, key)


def silent_trial_ids(study: optuna.Study) -> set[int]:
    """Return the RUNNING trials whose heartbeat is missing; in memory there are none."""
    database = database_of(study)
    return set() if database is None else database.silent_trial_ids(study._study_id)


def fail(
    study: optuna.Study,
    trial: FrozenTrial,
    failure: Failure,
    *,
    successor: FrozenTrial | None = None,
) -> bool:
    """Fail a RUNNING trial and queue its successor; return True in the one process that did it."""
    if (database := database_of(study)) is not None:
        return database.fail(study._study_id, trial._trial_id, failure, successor=successor)
    storage: BaseStorage = study._storage
    if storage.get_trial(trial._trial_id).state != TrialState.RUNNING:
        return False
    for key, value in failure_attributes(failure).items():
        storage.set_trial_user_attr(trial._trial_id, key, value)
    storage.set_trial_state_values(trial._trial_id, state=TrialState.FAIL)
    if successor is not None:
        study.add_trial(successor)
    return True


def was_stopped(study: optuna.Study) -> bool:
    """Return True if something called `study.stop()` in the last optimise loop."""
    return study._stop_flag


def attribute(study: optuna.Study, key: str) -> Any:
    """Return a system attribute of the study, or None if it has none."""
    return study._storage.get_study_system_attrs(study._study_id).get(key)
