"""Fail trials whose process is gone, and queue their slots again."""

from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState

from tunesmith.process import ProcessId
from tunesmith.study._optuna import all_trials, fail, silent_trial_ids, trial_id_of
from tunesmith.study.failure import FailKind, Failure
from tunesmith.study.record import TrialRecord, successor_of


def recover_dead_trials(
    study: optuna.Study, trials: Sequence[FrozenTrial] | None = None, *, max_retries: int
) -> list[FrozenTrial]:
    """Fail the RUNNING trials that nobody works on, and queue their slots again.

    A trial is dead if its process is, which is known at once on the process's own host, or if it
    sent no heartbeat for the grace period of the storage.

    Args:
        study: The study, which other processes may be working on.
        trials: All trials of the study, if they were just read; None reads them.
        max_retries: How often a slot is queued again after deaths; then its last attempt stays
            failed.

    Returns:
        The trials that this call failed. If several processes call at once, one of them fails each
        trial.

    """
    running = _running(all_trials(study) if trials is None else trials)
    silent = silent_trial_ids(study) if running else set()
    dead = []
    for trial in running:
        reason = _cause_of_death(trial, is_silent=trial_id_of(trial) in silent)
        if reason is not None and _recover(study, trial, reason=reason, max_retries=max_retries):
            dead.append(trial)
    return dead


def recover_own_trials(
    study: optuna.Study, trials: Sequence[FrozenTrial], *, max_retries: int
) -> list[FrozenTrial]:
    """Fail RUNNING trials of this very process; call it only while it works on none."""
    return [
        trial
        for trial in _own(trials)
        if _recover(study, trial, reason="its process left it", max_retries=max_retries)
    ]


def requeue_own_trials(study: optuna.Study) -> None:
    """Queue the RUNNING trials of this very process again, after the user stopped it."""
    for trial in _own(all_trials(study)):
        requeue(study, trial)


def requeue(
    study: optuna.Study, trial: FrozenTrial, *, reason: str = "interrupted by the user"
) -> bool:
    """Fail a RUNNING trial as interrupted and queue its slot again, which counts as no death.

    Args:
        study: The study.
        trial: The running trial.
        reason: Why, in one line; the failed trial keeps it.

    Returns:
        True if this call did it, False if the trial is no longer running.

    """
    failure = Failure(FailKind.INTERRUPTED, reason, retried=True)
    successor = successor_of(trial, deaths=TrialRecord.of(trial).deaths)
    return fail(study, trial, failure, successor=successor)


def was_ended(trial: FrozenTrial) -> bool:
    """Return True for a trial that was failed for another reason than what its objective did."""
    failure = TrialRecord.of(trial).failure
    return failure is not None and failure.kind in (
        FailKind.DIED,
        FailKind.INTERRUPTED,
        FailKind.SURPLUS,
    )


def _running(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    return [t for t in trials if t.state == TrialState.RUNNING]


def _own(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    me = ProcessId.current()
    return [t for t in _running(trials) if TrialRecord.of(t).owner == me]


def _cause_of_death(trial: FrozenTrial, *, is_silent: bool) -> str | None:
    owner = TrialRecord.of(trial).owner
    if owner is not None and owner.is_dead_here():
        return f"process {owner.pid} died"
    if is_silent:
        where = "" if owner is None else f" from process {owner.pid} on {owner.host.split('/')[0]}"
        return f"no sign of life{where}"
    return None


def _recover(study: optuna.Study, trial: FrozenTrial, *, reason: str, max_retries: int) -> bool:
    deaths = TrialRecord.of(trial).deaths + 1
    is_retried = deaths <= max_retries
    if not is_retried and deaths > 1:
        reason = f"{reason}; attempted {deaths} times"
    failure = Failure(FailKind.DIED, reason, retried=is_retried)
    successor = successor_of(trial, deaths=deaths) if is_retried else None
    return fail(study, trial, failure, successor=successor)
