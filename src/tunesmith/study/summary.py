"""Which of a study's trials a report shows, how they rank, and what they cost."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import stdev
from typing import Any, cast

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

# Attempts that are no result: beyond the asked total, or queued again.
_UNSHOWN_KINDS = {"surplus", "interrupted"}


def shown(study: optuna.Study) -> list[FrozenTrial]:
    """All trials but surplus ones and attempts that were queued again."""
    return [t for t in study.get_trials(deepcopy=False) if not _is_unshown(t)]


def _is_unshown(trial: FrozenTrial) -> bool:
    kind, retried = (trial.user_attrs.get(key) for key in ("fail_kind", "fail_retried"))
    return trial.state == TrialState.FAIL and (kind in _UNSHOWN_KINDS or bool(retried))


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """COMPLETE and PRUNED trials by number."""
    states = (TrialState.COMPLETE, TrialState.PRUNED)
    return [t for t in shown(study) if t.state in states]


def complete(study: optuna.Study) -> list[FrozenTrial]:
    """COMPLETE trials with finite values that break no constraint, by number."""
    return [
        t
        for t in shown(study)
        if t.state == TrialState.COMPLETE and all(map(math.isfinite, t.values)) and _is_feasible(t)
    ]


def _is_feasible(trial: FrozenTrial) -> bool:
    constraints = cast("Sequence[float]", trial.system_attrs.get("constraints") or ())
    return all(value <= 0 for value in constraints)


def loss(study: optuna.Study) -> Callable[[FrozenTrial], float]:
    """Return how to read a trial's loss, smaller is better; for one objective only."""
    return lambda trial: sign(study) * cast("float", trial.value)


def sign(study: optuna.Study) -> float:
    """Return what turns the only objective into a loss: 1, or -1 where it is maximised."""
    return 1.0 if study.direction == StudyDirection.MINIMIZE else -1.0


def leaders(study: optuna.Study) -> list[FrozenTrial]:
    """COMPLETE trials, best first; with several objectives the Pareto front, by the first one."""
    if is_multi_objective(study):
        numbers = {t.number for t in study.best_trials}
        front = [t for t in complete(study) if t.number in numbers]
        sign = 1.0 if study.directions[0] == StudyDirection.MINIMIZE else -1.0
        return sorted(front, key=lambda trial: sign * trial.values[0])
    return sorted(complete(study), key=loss(study))


def is_multi_objective(study: optuna.Study) -> bool:
    """Whether the study has more than one direction."""
    return len(study.directions) > 1


def metric_names(study: optuna.Study) -> list[str]:
    """Names of the objectives: the study's own, or "value", or "value 1", "value 2", ..."""
    count = len(study.directions)
    named = study.user_attrs.get("metric") or study.metric_names or []
    names = [named] if isinstance(named, str) else [str(name) for name in named]
    if len(names) == count:
        return names
    return ["value"] if count == 1 else [f"value {i + 1}" for i in range(count)]


def params_of(study: optuna.Study) -> list[str]:
    """Names of all parameters, in the order in which they were first suggested."""
    return list(dict.fromkeys(name for t in shown(study) for name in t.params))


@dataclass(frozen=True)
class Summary:
    """The numbers on top of a report; `None` where the study does not say."""

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
    def gain(self) -> float | None:
        """How much the best value is better than the baseline's, in the metric's units."""
        if self.best is None or self.baseline is None or self.baseline.value is None:
            return None
        return abs(cast("float", self.best.value) - self.baseline.value)


def summarize(study: optuna.Study) -> Summary:
    """Count, rank and add up the trials of a study in any state, an empty one included."""
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
    names = [trial.state.name.lower() for trial in trials]
    return {
        s.name.lower(): names.count(s.name.lower()) for s in TrialState if s.name.lower() in names
    }


def _baseline(study: optuna.Study, trials: list[FrozenTrial]) -> FrozenTrial | None:
    number = study.user_attrs.get("baseline")
    if number is None:
        return None
    # An attempt that was queued again names its original.
    attempts = [t for t in trials if number in (t.number, t.system_attrs.get("failed_trial"))]
    return attempts[-1] if attempts else None


def _wall_seconds(trials: list[FrozenTrial]) -> float | None:
    starts = [t.datetime_start for t in trials if t.datetime_start]
    ends = [t.datetime_complete for t in trials if t.datetime_complete and t.datetime_start]
    return (max(ends) - min(starts)).total_seconds() if starts and ends else None


def seconds_of(trial: FrozenTrial) -> float | None:
    """Seconds a trial took: its own account if it kept one, else start to end."""
    own: Any = trial.user_attrs.get("seconds")
    if isinstance(own, int | float):
        return float(own)
    return trial.duration.total_seconds() if trial.duration and trial.state.is_finished() else None


def deviation_of(trial: FrozenTrial, metric: str) -> float | None:
    """Sample standard deviation of a metric over the trial's repetitions, None for a single one."""
    values = trial.user_attrs.get("repetitions", {}).get(metric, ())
    return stdev(values) if len(values) > 1 else None


def _epochs(study: optuna.Study, trials: list[FrozenTrial]) -> tuple[int | None, int | None]:
    epochs = {t.number: t.user_attrs["epochs"] for t in trials if "epochs" in t.user_attrs}
    if not epochs:
        return None, None
    full = study.user_attrs.get("max_epochs")
    if full is None:
        return sum(epochs.values()), None
    stopped = [t for t in trials if t.state == TrialState.PRUNED and t.number in epochs]
    return sum(epochs.values()), sum(max(0, full - epochs[t.number]) for t in stopped)
