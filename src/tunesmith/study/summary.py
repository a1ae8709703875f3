"""Which of a study's trials count, how they rank, and what they cost."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from statistics import stdev
from typing import cast

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from tunesmith.study._optuna import Snapshot, pareto_front
from tunesmith.study.failure import is_finished
from tunesmith.study.record import StudyRecord, TrialRecord


def shown(study: optuna.Study) -> list[FrozenTrial]:
    """Return all trials by number, without surplus trials and attempts that were queued again."""
    return [t for t in study.get_trials(deepcopy=False) if counts(t)]


def counts(trial: FrozenTrial) -> bool:
    """Return False for a surplus trial, and for an attempt that was queued again."""
    failure = TrialRecord.of(trial).failure
    return failure is None or failure.counts


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """Return the COMPLETE and PRUNED trials by number."""
    return list(filter(is_finished, study.get_trials(deepcopy=False)))


def n_finished(study: optuna.Study) -> int:
    """Return how many trials count towards the study's total: the COMPLETE and PRUNED ones."""
    return len(finished(study))


def complete(study: optuna.Study) -> list[FrozenTrial]:
    """Return the COMPLETE trials with finite values that break no constraint, by number."""
    return list(filter(is_ranked, study.get_trials(deepcopy=False)))


def is_ranked(trial: FrozenTrial) -> bool:
    """Return True for a trial that may be the best: COMPLETE, finite and feasible."""
    return (
        trial.state == TrialState.COMPLETE
        and all(map(math.isfinite, trial.values))
        and TrialRecord.of(trial).is_feasible
    )


def trial_numbered(study: optuna.Study, number: int) -> FrozenTrial:
    """Return one trial; `study.trials[number]` would deep-copy all trials first.

    Raises:
        IndexError: The study has no trial of this number.

    """
    return study.get_trials(deepcopy=False)[number]


def loss(study: optuna.Study) -> Callable[[FrozenTrial], float]:
    """Return a function that returns a trial's loss: its value, negated where it is maximized.

    Raises:
        RuntimeError: The study has several objectives.

    """
    factor = sign(study)
    return lambda trial: factor * cast("float", trial.value)


def sign(study: optuna.Study) -> float:
    """Return the factor that turns the objective into a loss: 1, or -1 where it is maximized.

    Raises:
        RuntimeError: The study has several objectives.

    """
    return 1.0 if study.direction == StudyDirection.MINIMIZE else -1.0


def leaders(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that `complete` returns, best first; equal ones by number.

    With several objectives only the trials of the Pareto front, sorted by the first objective.
    """
    if not is_multi_objective(study):
        return sorted(complete(study), key=loss(study))
    factor = 1.0 if study.directions[0] == StudyDirection.MINIMIZE else -1.0
    front = pareto_front(complete(study), study.directions)
    return sorted(front, key=lambda trial: factor * trial.values[0])


def is_multi_objective(study: optuna.Study) -> bool:
    """Return True if the study has more than one direction."""
    return len(study.directions) > 1


def metric_names(study: optuna.Study) -> list[str]:
    """Return the names of the objectives; "value", or "value 1", "value 2", ... without names."""
    count = len(study.directions)
    names = StudyRecord.of(study).metrics or list(study.metric_names or [])
    if len(names) == count:
        return names
    return ["value"] if count == 1 else [f"value {i + 1}" for i in range(count)]


def params_of(study: optuna.Study) -> list[str]:
    """Return the names of all parameters, in the order in which they were first suggested."""
    return list(dict.fromkeys(name for t in shown(study) for name in t.params))


def seconds_of(trial: FrozenTrial) -> float | None:
    """Return the seconds that a trial took; None while it runs. See `TrialRecord.seconds`."""
    return TrialRecord.of(trial).seconds


def deviation_of(trial: FrozenTrial, metric: str) -> float | None:
    """Return the sample standard deviation of a metric over the trial's repetitions.

    It is None for fewer than two repetitions, and where one is infinite.

    Args:
        trial: The trial.
        metric: The metric's name, such as `val/mse`.

    """
    values = TrialRecord.of(trial).repetitions.get(metric, [])
    is_known = len(values) > 1 and all(map(math.isfinite, values))
    return stdev(values) if is_known else None


@dataclass(frozen=True)
class Summary:
    """A study in numbers, as the terminal and the report show it.

    Attributes:
        name: The study's name.
        metrics: The names of the objectives.
        directions: `minimize` or `maximize`, one for each.
        states: The number of trials in each state ("complete", "pruned", "running", "fail", ...),
            without surplus trials and attempts that were queued again.
        best: The first of `leaders`; None without one, or with several objectives.
        front: The Pareto front; empty for one objective.
        baseline: The last attempt at the trial of the default config; None without one, or with
            several objectives.
        wall_seconds: The seconds in which at least one worker was at work, pauses between commands
            left out; None before a trial has ended.
        trial_seconds: The seconds of all trials added up, however many ran at once.
        epochs_spent: The epochs of all trials; None if no trial counts epochs.
        epochs_saved: The epochs that pruned trials did not train; None if the study does not keep
            how many epochs a trial may train.

    """

    name: str
    metrics: list[str]
    directions: list[str]
    states: dict[str, int]
    best: FrozenTrial | None
    front: list[FrozenTrial]
    baseline: FrozenTrial | None
    wall_seconds: float | None
    trial_seconds: float
    epochs_spent: int | None
    epochs_saved: int | None

    @property
    def n_finished(self) -> int:
        """How many trials count towards the study's total: the COMPLETE and PRUNED ones."""
        return self.states.get("complete", 0) + self.n_pruned

    @property
    def n_pruned(self) -> int:
        """How many trials were stopped early."""
        return self.states.get("pruned", 0)

    @property
    def n_failed(self) -> int:
        """How many attempts failed for good."""
        return self.states.get("fail", 0)

    @property
    def gain(self) -> float | None:
        """By how much the best value is better than the baseline's, at least 0, in its unit.

        None if there is no best value, or the baseline has no finite one.
        """
        value = None if self.baseline is None else self.baseline.value
        if self.best is None or value is None or not math.isfinite(value):
            return None
        return abs(cast("float", self.best.value) - value)


def summarize(study: optuna.Study) -> Summary:
    """Count, rank and add up the trials of a study in any state, an empty one included.

    >>> study = optuna.create_study()
    >>> for value in (3.0, 1.0, 1.0):
    ...     study.add_trial(optuna.trial.create_trial(value=value))
    >>> summary = summarize(study)
    >>> summary.n_finished, summary.best.number
    (3, 1)

    """
    study = Snapshot(study)
    trials, ranked, several = shown(study), leaders(study), is_multi_objective(study)
    spent, saved = _epochs(study, trials)
    return Summary(
        name=study.study_name,
        metrics=metric_names(study),
        directions=[direction.name.lower() for direction in study.directions],
        states=_count_states(trials),
        best=ranked[0] if ranked and not several else None,
        front=ranked if several else [],
        baseline=None if several else _baseline(study, trials),
        wall_seconds=_wall_seconds(trials),
        trial_seconds=sum(filter(None, map(seconds_of, trials))),
        epochs_spent=spent,
        epochs_saved=saved,
    )


def _count_states(trials: list[FrozenTrial]) -> dict[str, int]:
    counts = Counter(trial.state for trial in trials)
    return {state.name.lower(): counts[state] for state in TrialState if counts[state]}


def _baseline(study: optuna.Study, trials: list[FrozenTrial]) -> FrozenTrial | None:
    number = StudyRecord.of(study).baseline
    if number is None:
        return None
    # An attempt that was queued again names its original.
    attempts = [t for t in trials if number in (t.number, TrialRecord.of(t).retry_of)]
    return attempts[-1] if attempts else None


def _wall_seconds(trials: list[FrozenTrial]) -> float | None:
    """Add up the time in which any process was between its first trial's start and its last's end.

    The pause between two commands is thus left out, and the overhead between trials is not.
    """
    spans: dict[object, tuple[datetime, datetime]] = {}
    for trial in trials:
        start, end = trial.datetime_start, trial.datetime_complete
        if start is not None and end is not None:
            # Nobody knows which process computed a trial of others.
            key = TrialRecord.of(trial).owner or trial.number
            first, last = spans.get(key, (start, end))
            spans[key] = min(first, start), max(last, end)
    if not spans:
        return None
    seconds, until = 0.0, datetime.min
    for start, end in sorted(spans.values()):
        seconds += max(0.0, (end - max(start, until)).total_seconds())
        until = max(until, end)
    return seconds


def _epochs(study: optuna.Study, trials: list[FrozenTrial]) -> tuple[int | None, int | None]:
    read = {t.number: TrialRecord.of(t).epochs for t in trials}
    epochs = {number: count for number, count in read.items() if count is not None}
    if not epochs:
        return None, None
    full = StudyRecord.of(study).max_epochs
    if full is None:
        return sum(epochs.values()), None
    stopped = [t for t in trials if t.state == TrialState.PRUNED and t.number in epochs]
    return sum(epochs.values()), sum(max(0, full - epochs[t.number]) for t in stopped)
