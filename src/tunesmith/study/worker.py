"""Work on a shared study until it has its trials, beside any number of other workers."""

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from tunesmith.full_disk import DiskFull, full_disk
from tunesmith.process import ProcessId
from tunesmith.study._optuna import (
    all_trials,
    as_begun,
    fail,
    set_owner,
    stored,
    was_stopped,
)
from tunesmith.study.exhaustion import is_exhausted, mark_exhausted
from tunesmith.study.failure import FailKind, Failure, failure_from, read_values
from tunesmith.study.failure_policy import FailurePolicy
from tunesmith.study.record import TrialRecord
from tunesmith.study.recovery import (
    recover_dead_trials,
    recover_own_trials,
    requeue,
    requeue_own_trials,
    was_ended,
)
from tunesmith.study.retry import DatabaseAway, unmasked
from tunesmith.study.stagnation import Stagnation
from tunesmith.study.trial import Diverged, Pruned, running

Outcome = float | Sequence[float] | Pruned
_LIVE = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING, TrialState.WAITING)
_POLL_S = 0.5
# How often a worker looks whether others have died.
_LOOK_S = 2.0


class TrialInterrupted(Exception):  # noqa: N818
    """Raised by an objective to stop its worker; the trial's slot is queued again."""


class StopReason(StrEnum):
    """Why a worker ended.

    Attributes:
        FINISHED: The study has its total of trials.
        INTERRUPTED: The user, or `should_stop`, stopped it.
        TIMEOUT: The time was over.
        TERMINATED: The rule `termination` stopped the search.
        EXHAUSTED: The search space is exhausted; see `is_exhausted`.

    """

    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    TIMEOUT = "timeout"
    TERMINATED = "terminated"
    EXHAUSTED = "exhausted"


class _AttemptFailed(Exception):  # noqa: N818
    """Told to Optuna in place of what the objective did; the trial already holds the reason."""


def run_worker(
    study: optuna.Study,
    objective: Callable[[optuna.Trial], Outcome],
    *,
    n_trials: int,
    max_retries: int = 2,
    max_failure_rate: float = 0.5,
    timeout: float | None = None,
    queued_only: bool = False,
    termination: Stagnation | None = None,
    on_change: Callable[[optuna.Study], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> StopReason:
    """Run trials until the study has exactly `n_trials` complete or pruned ones.

    Args:
        study: The study, which other workers may share, each with its own sampler and pruner.
        objective: Returns the value, a value for each direction, or `Pruned`. An exception fails
            the trial and the search goes on, but `optuna.TrialPruned` and `Diverged` prune the
            trial, and `TrialInterrupted` and KeyboardInterrupt stop this worker.
        n_trials: The study's total, over all workers and every time it was run.
        max_retries: How often a slot is attempted again after its process died.
        max_failure_rate: The share of failed attempts, 0 ... 1, above which the search stops; see
            `FailurePolicy`.
        timeout: Seconds after which no further trial starts; None for no limit.
        queued_only: True runs all queued trials, whatever `n_trials`, and samples none.
        termination: Stops all workers early; asked before each trial.
        on_change: Called with the study when the number of trials in a state has changed.
        should_stop: Asked before each trial, and while waiting; True ends this worker.

    Returns:
        Why this worker ended.

    Raises:
        SearchFailed: The trials fail for a reason that more trials do not cure.
        DatabaseAway: A ConnectionError: the database did not answer for `retry_s` seconds.
        DiskFull: An OSError: no space is left; the trial is queued again.

    Example:
        Any number of processes may run this at once, or one after the other::

            study = create_or_resume_study(
                "bowl",
                storage=open_storage("sqlite:///optuna.db"),
                directions=["minimize"],
                sampler=SlotSampler(lambda seed: optuna.samplers.TPESampler(seed=seed), seed=42),
            )
            run_worker(study, lambda trial: trial.suggest_float("x", -1, 1) ** 2, n_trials=20)

    """
    worker = _Worker(
        study=study,
        objective=objective,
        n_trials=n_trials,
        max_retries=max_retries,
        policy=FailurePolicy(max_failure_rate, n_trials, since=datetime.now()),
        deadline=math.inf if timeout is None else time.monotonic() + timeout,
        queued_only=queued_only,
        termination=termination,
        on_change=on_change or (lambda _: None),
        should_stop=should_stop,
    )
    try:
        return worker.run()
    except KeyboardInterrupt:
        requeue_own_trials(study)
        return StopReason.INTERRUPTED


@dataclass
class _Worker:
    study: optuna.Study
    objective: Callable[[optuna.Trial], Outcome]
    n_trials: int
    max_retries: int
    policy: FailurePolicy
    deadline: float
    queued_only: bool
    termination: Stagnation | None
    on_change: Callable[[optuna.Study], None]
    should_stop: Callable[[], bool]
    trial: optuna.Trial | None = None
    full: DiskFull | None = None
    stop: StopReason | None = None
    seen: Counter[TrialState] = field(default_factory=Counter)
    next_look: float = -math.inf

    def run(self) -> StopReason:
        while self.stop is None:
            trials, states = self._settled_trials()
            self._tell_change(states)
            self.stop = self._reason_to_stop(trials, states)
            if self.stop is None and self._others_do_the_rest(states):
                time.sleep(_POLL_S)
            elif self.stop is None:
                self._attempt()
                if self.full is not None:
                    raise self.full
        self._tell_change(self._all_trials()[1])
        return self.stop

    def _settled_trials(self) -> tuple[list[FrozenTrial], Counter[TrialState]]:
        """Return all trials, those recovered that nobody works on any more, and their states."""
        trials, states = self._all_trials()
        if not states[TrialState.RUNNING]:
            return trials, states
        recovered = recover_own_trials(self.study, trials, max_retries=self.max_retries)
        if (now := time.monotonic()) >= self.next_look:
            self.next_look = now + _LOOK_S
            recovered += recover_dead_trials(self.study, trials, max_retries=self.max_retries)
        return self._all_trials() if recovered else (trials, states)

    def _all_trials(self) -> tuple[list[FrozenTrial], Counter[TrialState]]:
        trials = all_trials(self.study)
        return trials, Counter([trial.state for trial in trials])

    def _tell_change(self, states: Counter[TrialState]) -> None:
        if states != self.seen:
            self.seen = states
            self.on_change(self.study)

    def _reason_to_stop(
        self, trials: list[FrozenTrial], states: Counter[TrialState]
    ) -> StopReason | None:
        if self._has_all(states):
            return StopReason.FINISHED
        self.policy.check(trials)
        if self.should_stop():
            return StopReason.INTERRUPTED
        if time.monotonic() >= self.deadline:
            return StopReason.TIMEOUT
        if self.termination is not None and self.termination.is_due(self.study, trials):
            return StopReason.TERMINATED
        is_all = is_exhausted(self.study) and not states[TrialState.WAITING]
        return StopReason.EXHAUSTED if is_all else None

    def _has_all(self, states: Counter[TrialState]) -> bool:
        if self.queued_only:
            # What others run may come back to the queue.
            return not states[TrialState.WAITING] and not states[TrialState.RUNNING]
        return _n_finished(states) >= self.n_trials

    def _others_do_the_rest(self, states: Counter[TrialState]) -> bool:
        if self.queued_only:
            return not states[TrialState.WAITING]
        return _n_finished(states) + states[TrialState.RUNNING] >= self.n_trials

    def _attempt(self) -> None:
        self.trial = None
        try:
            with unmasked():
                self.study.optimize(self._run, n_trials=1, catch=(_AttemptFailed,))
        except UpdateFinishedTrialError:
            # Another process failed it while this one was frozen.
            return
        except (AssertionError, ValueError):
            # So does Optuna say that the trial it is told of has ended already.
            if self.trial is None or not was_ended(stored(self.trial)):
                raise
            return
        if was_stopped(self.study):
            mark_exhausted(self.study)

    def _run(self, trial: optuna.Trial) -> list[float]:
        """Run one trial for Optuna, which drops what comes back for a trial that ended in here."""
        self.trial = trial
        try:
            # A sampler of Optuna's own leaves the trial without an owner.
            set_owner(self.study, as_begun(trial), ProcessId.current())
            if self._is_surplus(trial):
                surplus = Failure(FailKind.SURPLUS, "others had taken all trials")
                fail(self.study, stored(trial), surplus)
                return []
            with running(trial):
                return self._values(self.objective(trial))
        except optuna.TrialPruned as pruned:
            is_diverged = isinstance(pruned, Diverged)
            TrialRecord.write(trial, reason=str(pruned) or "pruned", diverged=is_diverged)
            raise
        except UpdateFinishedTrialError:
            return []
        except DatabaseAway:
            raise
        except (TrialInterrupted, KeyboardInterrupt):
            self._interrupt(trial)
        except (Exception, SystemExit) as error:
            if (full := full_disk(error)) is not None:
                self.full = full
                requeue(self.study, stored(trial), reason=str(full))
            elif not self.should_stop():
                raise self._failed(trial, error) from error
            else:
                # Ctrl-C reaches data loaders too, and Lightning turns it into an exit.
                self._interrupt(trial)
        return []

    def _is_surplus(self, trial: optuna.Trial) -> bool:
        if self.queued_only:
            # Another worker was faster to the last one in the queue.
            return not TrialRecord.of(stored(trial)).is_enqueued
        if trial.number < self.n_trials:
            return False
        # Lower numbers go first, also queued ones: of any trials begun at once, n_trials remain.
        lower = (t for t in all_trials(self.study) if t.number < trial.number)
        return sum(t.state in _LIVE for t in lower) >= self.n_trials

    def _interrupt(self, trial: optuna.Trial) -> None:
        requeue(self.study, stored(trial))
        self.stop = StopReason.INTERRUPTED

    def _failed(self, trial: optuna.Trial, error: BaseException) -> "_AttemptFailed":
        failure = failure_from(error)
        TrialRecord.write_failure(trial, failure)
        return _AttemptFailed(failure.reason)

    def _values(self, outcome: Outcome) -> list[float]:
        if isinstance(outcome, Pruned):
            raise (Diverged if outcome.diverged else optuna.TrialPruned)(outcome.reason)
        return read_values(outcome, n_directions=len(self.study.directions))


def _n_finished(states: Counter[TrialState]) -> int:
    return states[TrialState.COMPLETE] + states[TrialState.PRUNED]
