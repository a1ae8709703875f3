"""Settle trials whose process is gone, and queue their slots again."""

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from tunesmith.process import ProcessId
from tunesmith.study._optuna import OWNER, all_trials, fail, silent_trial_ids, trial_id_of
from tunesmith.study.failure import FailKind, Failure

_DEATHS = "tunesmith:deaths"
# Optuna's own names, so that its tools see the retry too.
RETRY_OF, RETRY_HISTORY = "failed_trial", "retry_history"
# What the attempt itself left: ours, the pruner's rungs, its constraints, and the announcement
# of its point to other samplers.
_NOT_INHERITED = ("tunesmith:", "completed_rung_", "constraints", "tpe:relative", "gp:relative")


def recover_dead_trials(study: optuna.Study, *, max_retries: int) -> list[FrozenTrial]:
    """Fail the RUNNING trials that nobody works on, and queue their slots again.

    A trial is dead if its process is (known at once on its own host) or if it gave no sign of
    life for the grace period, also if it never gave any. A slot is queued again at most
    `max_retries` times after a death; then its last attempt stays failed, with the reason.

    Returns:
        The trials that this call failed; of several processes, exactly one fails a trial.

    """
    running = [t for t in all_trials(study) if t.state == TrialState.RUNNING]
    silent = silent_trial_ids(study) if running else set()
    dead = []
    for trial in running:
        reason = _death(trial, silent=trial_id_of(trial) in silent)
        if reason is not None and _bury(study, trial, reason=reason, max_retries=max_retries):
            dead.append(trial)
    return dead


def recover_own_trials(study: optuna.Study, *, max_retries: int) -> list[FrozenTrial]:
    """Settle RUNNING trials of this very process; call it only while it works on none."""
    return [
        trial
        for trial in _own_trials(study)
        if _bury(study, trial, reason="its process left it", max_retries=max_retries)
    ]


def requeue_own_trials(study: optuna.Study) -> None:
    """Queue the RUNNING trials of this very process again, after the user stopped it."""
    for trial in _own_trials(study):
        requeue(study, trial)


def requeue(study: optuna.Study, trial: FrozenTrial) -> bool:
    """Fail a RUNNING trial as interrupted and queue its slot again, without counting an attempt.

    Returns True if this call did it, False if the trial runs no more.
    """
    failure = Failure(FailKind.INTERRUPTED, "interrupted by the user", retried=True)
    successor = _successor(trial, deaths=_deaths(trial))
    return fail(study, trial, user_attrs=failure.to_attrs(), successor=successor)


def _own_trials(study: optuna.Study) -> list[FrozenTrial]:
    me = ProcessId.current().to_str()
    running = (t for t in all_trials(study) if t.state == TrialState.RUNNING)
    return [trial for trial in running if trial.system_attrs.get(OWNER) == me]


def _death(trial: FrozenTrial, *, silent: bool) -> str | None:
    text = trial.system_attrs.get(OWNER)
    owner = None if text is None else ProcessId.from_str(text)
    if owner is not None and owner.is_dead_here():
        return f"process {owner.pid} died"
    if silent:
        where = "" if owner is None else f" from process {owner.pid} on {owner.host.split('/')[0]}"
        return f"no sign of life{where}"
    return None


def _bury(study: optuna.Study, trial: FrozenTrial, *, reason: str, max_retries: int) -> bool:
    deaths = _deaths(trial) + 1
    retried = deaths <= max_retries
    if not retried and deaths > 1:
        reason = f"{reason}; attempted {deaths} times"
    failure = Failure(FailKind.DIED, reason, retried=retried)
    successor = _successor(trial, deaths=deaths) if retried else None
    return fail(study, trial, user_attrs=failure.to_attrs(), successor=successor)


def _deaths(trial: FrozenTrial) -> int:
    return int(trial.system_attrs.get(_DEATHS, 0))


def _successor(trial: FrozenTrial, *, deaths: int) -> FrozenTrial:
    inherited = {
        key: value
        for key, value in trial.system_attrs.items()
        if not key.startswith(_NOT_INHERITED)
    }
    history = [*trial.system_attrs.get(RETRY_HISTORY, []), trial.number]
    system_attrs = {RETRY_OF: trial.number, **inherited, RETRY_HISTORY: history, _DEATHS: deaths}
    return create_trial(
        state=TrialState.WAITING,
        params=trial.params,
        distributions=trial.distributions,
        system_attrs=system_attrs,
    )
