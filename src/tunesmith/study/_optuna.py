"""Everything that touches private names of Optuna, but for its storage: see `_database`.

Its public interface has no transaction over two trials, no heartbeat of a trial that never beat, no
sampler's view of a study. `tests/study/test_optuna_names.py` checks for the names used here.
"""

import copy
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.storages._cached_storage import _CachedStorage
from optuna.study import StudyDirection
from optuna.study._multi_objective import _get_pareto_front_trials_by_trials
from optuna.trial import FrozenTrial, TrialState

from tunesmith.process import ProcessId
from tunesmith.study._database import CachedDatabase, Database
from tunesmith.study.failure import Failure
from tunesmith.study.record import OWNER_KEY, TrialRecord, failure_attributes


class _Shown(optuna.Study):
    """A study that shows trials of its own choice; everything else about it is the study's own."""

    def __init__(self, study: optuna.Study) -> None:
        self.__dict__.update(study.__dict__)
        self._study = study

    def _shown(self, *, use_cache: bool) -> list[FrozenTrial]:
        raise NotImplementedError

    def _get_trials(
        self,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
        use_cache: bool = False,
    ) -> list[FrozenTrial]:
        trials = self._shown(use_cache=use_cache)
        shown = [trial for trial in trials if states is None or trial.state in states]
        return copy.deepcopy(shown) if deepcopy else shown


class StudyView(_Shown):
    """A study that shows other trials, made anew from its own at each look."""

    def __init__(
        self, study: optuna.Study, show: Callable[[Sequence[FrozenTrial]], list[FrozenTrial]]
    ) -> None:
        super().__init__(study)
        self._show = show

    def stop(self) -> None:
        """Stop the optimise loop of the study itself."""
        self._study.stop()

    def _shown(self, *, use_cache: bool) -> list[FrozenTrial]:
        return self._show(self._study._get_trials(deepcopy=False, use_cache=use_cache))


class StudyWithoutFailed(_Shown):
    """A study that hides its failed trials; whoever asks for finished ones reads only those."""

    def _get_trials(
        self,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
        use_cache: bool = False,
    ) -> list[FrozenTrial]:
        known = (state for state in TrialState if state != TrialState.FAIL)
        shown = [state for state in known if states is None or state in states]
        return self._study._get_trials(deepcopy, shown, use_cache)


class Snapshot(_Shown):
    """A study as it is now: its trials are read once."""

    def __init__(self, study: optuna.Study) -> None:
        super().__init__(study)
        self._trials = all_trials(study)

    def _shown(self, *, use_cache: bool) -> list[FrozenTrial]:
        return self._trials


def cached(storage: BaseStorage) -> BaseStorage:
    """Return the storage, a database with a cache of its finished trials in front of it."""
    return CachedDatabase(storage) if isinstance(storage, Database) else storage


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


def as_begun(trial: optuna.Trial) -> FrozenTrial:
    """Return the trial as it was when this process began it."""
    return trial._cached_frozen_trial


def set_together(trial: optuna.Trial, attributes: Mapping[str, Any]) -> None:
    """Set those user attributes of a running trial that change, in one transaction where it can."""
    database = database_of(trial.study)
    if database is None or type(trial) is not optuna.Trial:
        for key, value in attributes.items():
            trial.set_user_attr(key, value)
        return
    known = trial._cached_frozen_trial.user_attrs
    new = {key: value for key, value in attributes.items() if known.get(key) != value}
    if new:
        database.set_together(trial._trial_id, new)
        known.update(new)


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
