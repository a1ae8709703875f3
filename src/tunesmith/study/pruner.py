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
from optuna.trial import FrozenTrial

from tunesmith.study._optuna import StudyWithoutFailed


class AttemptPruner(BasePruner):
    """Hide failed trials from the pruner.

    Successive halving compares with every trial that reached a rung, also with the attempt whose
    process died there and which is now attempted again.
    """

    def __init__(self, pruner: BasePruner) -> None:
        self.pruner = pruner

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Ask the pruner about the trial."""
        return self.pruner.prune(StudyWithoutFailed(study), trial)


def default_pruner(
    *,
    metric: object = None,
    direction: str | Sequence[str] = "minimize",
    repeat: int,
    folds: int | None = None,
    percentile: float,
    p_threshold: float,
) -> BasePruner:
    """Return the pruner of a search whose user chose none.

    Early epochs foretell late ones, so trials outside the best `percentile` are stopped. The
    repetitions and folds of a trial are a sample, which a test compares with the best trial's, one
    by one. With several metrics Optuna does not prune.

    Args:
        metric: What the values are called; saved configs of before named several metrics here.
        direction: That of the metric, or those of several.
        repeat: How many repetitions a trial has.
        folds: In how many folds each of them is computed.
        percentile: Of 100; trials outside the best so many are stopped. For one fit.
        p_threshold: The p-value below which a trial is stopped. For several fits.

    >>> pruner = default_pruner(repeat=1, percentile=50.0, p_threshold=0.1)
    >>> type(pruner).__name__
    'PercentilePruner'

    """
    if any(
        isinstance(several, Sequence) and not isinstance(several, str)
        for several in (metric, direction)
    ):
        return NopPruner()
    if repeat * (folds or 1) > 1:
        return WilcoxonPruner(p_threshold=p_threshold)
    return PercentilePruner(percentile)


def wants_each_value(trial: optuna.Trial) -> bool:
    """Return True if the trial's pruner compares single values, not the course of one."""
    pruner = trial.study.pruner
    return isinstance(pruner, AttemptPruner) and isinstance(pruner.pruner, WilcoxonPruner)


def blind_to_failed(pruner: BasePruner) -> BasePruner:
    """Return the pruner, hiding failed trials from it unless it is Hyperband.

    Optuna must recognise Hyperband by its class.
    """
    return pruner if isinstance(pruner, HyperbandPruner) else AttemptPruner(pruner)
