"""Prune as if no attempt had been lost."""

from collections.abc import Sequence

import optuna
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    NopPruner,
    PercentilePruner,
    WilcoxonPruner,
)
from optuna.trial import FrozenTrial, TrialState

from tunesmith.study._optuna import StudyView


class AttemptPruner(BasePruner):
    """Hide failed trials from the pruner.

    Successive halving compares with every trial that reached a rung, also with the attempt whose
    process died there and which is now attempted again.
    """

    def __init__(self, pruner: BasePruner) -> None:
        self.pruner = pruner

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Ask the pruner about the trial."""
        return self.pruner.prune(StudyView(study, _without_failed), trial)


def default_pruner(
    *, metric: str | Sequence[str], repeat: int, percentile: float, p_threshold: float
) -> BasePruner:
    """Return what fits where nobody chose: a search's epochs, repetitions or several metrics.

    Early values foretell late ones, so trials outside the best `percentile` are stopped. The
    repetitions of a trial are a sample, which a test compares with the best trial's seed by seed,
    up to `p_threshold`. For several metrics Optuna knows no pruning.
    """
    if not isinstance(metric, str):
        return NopPruner()
    if repeat > 1:
        return WilcoxonPruner(p_threshold=p_threshold)
    return PercentilePruner(percentile)


def wants_each_value(trial: optuna.Trial) -> bool:
    """Whether the trial's pruner compares single values; the others follow one that converges."""
    pruner = trial.study.pruner
    return isinstance(pruner, AttemptPruner) and isinstance(pruner.pruner, WilcoxonPruner)


def blind_to_failed(pruner: BasePruner) -> BasePruner:
    """Return the pruner, hiding failed trials from it; Optuna must recognise Hyperband as it is."""
    return pruner if isinstance(pruner, HyperbandPruner) else AttemptPruner(pruner)


def _without_failed(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    return [trial for trial in trials if trial.state != TrialState.FAIL]
