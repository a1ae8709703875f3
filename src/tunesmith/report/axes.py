"""One objective of a study: how plots read it, scale it and thin out its trials."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from tunesmith.advice import steady_space
from tunesmith.report.ticks import log_ticks
from tunesmith.study import finished, is_multi_objective

_LEAST_FOR_OUTLIERS = 10
_ORDINARY = 0.9
# Values so many spreads of the others away leave those a line.
_FAR, _FAR_IN_DECADES = 10, 2
_LEAST_DECADES = 1


@dataclass(frozen=True)
class Scale:
    """The axis of values: from `low` to `high`, outside of which a few bad ones may lie.

    `worst` is the end of the range on the bad side. Both ends are None where no range can be told.
    """

    is_log: bool
    low: float | None
    high: float | None
    worst: float | None
    note: str = ""

    def is_outside(self, value: float) -> bool:
        """Tell whether a value lies beyond the worst end."""
        if self.low is None or self.high is None:
            return False
        return not self.low <= value <= self.high

    def position(self, value: float) -> float:
        """Return a value as colours tell it: cut to the range, a logarithm on a log scale."""
        if self.low is not None and self.high is not None:
            value = min(max(value, self.low), self.high)
        return math.log10(value) if self.is_log else value

    def axis(self, name: str) -> dict[str, Any]:
        """Return the layout of the axis."""
        if self.low is None or self.high is None:
            return {"title": {"text": name}}
        if self.is_log:
            ends = [math.log10(self.low), math.log10(self.high)]
            return {"title": {"text": name}, "range": ends, **log_ticks(self.low, self.high)}
        return {"title": {"text": name}, "range": [self.low, self.high]}


# Compared by identity: what is computed of one is kept.
@dataclass(frozen=True, eq=False)
class Objective:
    """One objective of a study: how to read it from a trial and how to scale it."""

    study: optuna.Study
    index: int
    name: str
    trials: Sequence[FrozenTrial]

    @property
    def suffix(self) -> str:
        """Tells keys and titles of several objectives apart."""
        return f"-{self.index}" if is_multi_objective(self.study) else ""

    @property
    def label(self) -> str:
        """Appended to a title where the study has several objectives."""
        return f" of {self.name}" if is_multi_objective(self.study) else ""

    @property
    def target(self) -> Callable[[FrozenTrial], float]:
        """The raw value of a trial."""
        return lambda trial: cast("float", trial.values[self.index])

    @property
    def maximizes(self) -> bool:
        """Whether large values are good."""
        return bool(self.study.directions[self.index] == StudyDirection.MAXIMIZE)

    @cached_property
    def ranked(self) -> list[FrozenTrial]:
        """The trials, best first, of equals the first one first."""
        factor = -1 if self.maximizes else 1
        return sorted(self.trials, key=lambda trial: factor * self.target(trial))

    @cached_property
    def params(self) -> list[str]:
        """The parameters that every trial has, over one and the same range."""
        return list(steady_space(self.trials))

    @cached_property
    def scale(self) -> Scale:
        """The scale of its values, and of those at which trials were pruned."""
        values = [self.target(t) for t in self.trials]
        if not is_multi_objective(self.study):
            stopped = (t for t in finished(self.study) if t.state == TrialState.PRUNED)
            values += [value for t in stopped if (value := last_value(t)) is not None]
        return scale_of(values, maximizes=self.maximizes)


def last_value(trial: FrozenTrial) -> float | None:
    """Return the last value that a trial reported; None where it is not finite."""
    values = trial.intermediate_values
    last = values[max(values)] if values else math.nan
    return last if math.isfinite(last) else None


def scale_of(values: Sequence[float], *, maximizes: bool) -> Scale:
    """Return a scale on which the good values are told apart, whatever the worst tenth is.

    All are shown where the worst tenth lies no further from the others than a few times their own
    spread. The scale is logarithmic where the others are positive and span some decades.
    """
    found = sorted(filter(math.isfinite, values), reverse=maximizes)
    if not found:
        return Scale(False, None, None, None)
    is_enough = len(found) >= _LEAST_FOR_OUTLIERS
    ordinary = found[: math.ceil(_ORDINARY * len(found))] if is_enough else found
    is_log = spans_decades(ordinary, _LEAST_DECADES)
    best, end, worst = (_on(is_log, v) for v in (ordinary[0], ordinary[-1], found[-1]))
    spread = end - best
    far = _FAR_IN_DECADES if is_log else _FAR
    if not is_enough or spread == 0 or abs(worst - best) <= far * abs(spread):
        end = worst
    else:
        end += spread / 2
    return _scale(found, best, end, is_log=is_log)


def _scale(found: Sequence[float], best: float, end: float, *, is_log: bool) -> Scale:
    pad = 0.06 * (end - best)
    first, last = best - pad, end + pad
    if best == end:
        pad = 0.1 * abs(best) or 1.0
        first, last = best - pad, end + pad
    if not math.isfinite(last - first):
        return Scale(False, None, None, None)
    ends = [10**first, 10**last] if is_log else [first, last]
    outside = [v for v in found if not min(ends) <= v <= max(ends)]
    note = ""
    if outside:
        lie = "values lie" if len(outside) > 1 else "value lies"
        note = f" {len(outside):,} worse {lie} outside, up to {outside[-1]:.4g}: at the edge."
    return Scale(is_log, min(ends), max(ends), ends[1], note)


def _on(is_log: bool, value: float) -> float:
    if not is_log:
        return value
    return math.log10(value) if value > 0 else -math.inf


def spans_decades(values: Sequence[float], decades: float) -> bool:
    """Tell whether the values are positive and span more than so many decades."""
    return bool(values) and min(values) > 0 and max(values) > 10**decades * min(values)


def thinned(objective: Objective, most: int) -> Objective:
    """Keep at most `most` trials, the best one and then evenly down the ranking."""
    if len(objective.trials) <= most:
        return objective
    ranked = objective.ranked
    kept = [ranked[i * len(ranked) // most] for i in range(most)]
    verbosity = optuna.logging.get_verbosity()
    # Optuna announces every new study: this one is nobody's business.
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(directions=objective.study.directions)
    optuna.logging.set_verbosity(verbosity)
    study.add_trials(kept)
    return replace(objective, study=study, trials=kept)


def thinning_note(whole: Objective, thin: Objective) -> str:
    """Say in a caption how many trials were left out; empty where none was."""
    if thin is whole:
        return ""
    count, total = len(thin.trials), len(whole.trials)
    return f" Computed from {count:,} of the {total:,} trials, taken evenly down the ranking."
