"""One objective of a study: how plots read it, scale it and thin out its trials."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from tunesmith.study import is_multi_objective

_LEAST_FOR_OUTLIERS = 10
# Values so many spreads of the others away leave those a line.
_FAR = 10


@dataclass(frozen=True)
class Objective:
    """One objective of a study: how to read it from a trial and how to scale it."""

    study: optuna.Study
    index: int
    name: str
    trials: Sequence[FrozenTrial]

    @property
    def is_log(self) -> bool:
        """Tell whether the values are positive and span more than three decades."""
        values = [t.values[self.index] for t in self.trials]
        return spans_decades(values)

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
    def scaled(self) -> Callable[[FrozenTrial], float]:
        """The value, or its decimal logarithm where that is what shows."""
        target = self.target
        return (lambda trial: _log10(target(trial))) if self.is_log else target

    @property
    def scaled_name(self) -> str:
        """The name that goes with `scaled`."""
        return f"log10 {self.name}" if self.is_log else self.name


def _log10(value: float) -> float:
    # Optuna leaves values that are not finite out of its plots.
    return math.log10(value) if value > 0 else math.nan


def thinned(objective: Objective, most: int) -> Objective:
    """Keep at most `most` trials, the best one and then evenly down the ranking."""
    if len(objective.trials) <= most:
        return objective
    ranked = sorted(objective.trials, key=objective.target)
    if objective.study.directions[objective.index] == StudyDirection.MAXIMIZE:
        ranked.reverse()
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
    return f" Computed from {count} of the {total} trials, taken evenly down the ranking."


def spans_decades(values: Sequence[float], decades: int = 3) -> bool:
    """Tell whether the values are positive and span more than so many decades."""
    return bool(values) and min(values) > 0 and max(values) > 10**decades * min(values)


def without_outliers(objective: Objective) -> tuple[list[float], str] | None:
    """Return a range of the values that a few bad ones would flatten, and a note on those.

    None where all values can be shown at once: on a log scale, or where the worst tenth lies no
    further from the others than a few times their own spread.
    """
    maximize = objective.study.directions[objective.index] == StudyDirection.MAXIMIZE
    values = sorted((objective.target(t) for t in objective.trials), reverse=maximize)
    values = [value for value in values if math.isfinite(value)]
    if objective.is_log or len(values) < _LEAST_FOR_OUTLIERS:
        return None
    best, ordinary, worst = values[0], values[(9 * len(values)) // 10 - 1], values[-1]
    spread = ordinary - best
    if spread == 0 or abs(worst - best) <= _FAR * abs(spread):
        return None
    end = ordinary + spread / 2
    outside = sum((value - end) * spread > 0 for value in values)
    said = (
        f" {outside} worse value{'s lie' if outside > 1 else ' lies'} outside, up to {worst:.4g}."
    )
    return sorted([best - spread / 20, end]), said
