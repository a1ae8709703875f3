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

    A trial of one fit gets Optuna's PercentilePruner, which compares the epochs' values. A trial of
    several fits (repetitions, folds) gets the WilcoxonPruner, which compares the fits' values with
    those of the best trial. A search with several objectives gets the NopPruner: Optuna does not
    prune there.

    Args:
        metric: Several names in a list mean several objectives, as in configs of release 0.1.0; any
            other value is ignored.
        direction: `minimize` or `maximize`; a list for several objectives.
        repeat: The number of repetitions of a trial.
        folds: The number of folds of each repetition; None without folds.
        percentile: The share of trials to keep at each step, 0 ... 100. For trials of one fit.
        p_threshold: The p-value below which a trial is stopped. For trials of several fits.

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
    """Return True if the trial's pruner wants a report for each fit, not for each epoch.

    That is the WilcoxonPruner of a study from `create_or_resume_study`.
    """
    pruner = trial.study.pruner
    return isinstance(pruner, AttemptPruner) and isinstance(pruner.pruner, WilcoxonPruner)


def blind_to_failed(pruner: BasePruner) -> BasePruner:
    """Return the pruner, hiding failed trials from it unless it is Hyperband.

    Optuna must recognise Hyperband by its class.
    """
    return pruner if isinstance(pruner, HyperbandPruner) else AttemptPruner(pruner)
