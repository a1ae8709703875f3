"""Prune as if no attempt had been lost."""

from collections.abc import Sequence

import optuna
from optuna.pruners import BasePruner, HyperbandPruner
from optuna.trial import FrozenTrial, TrialState

from tunesmith.study._optuna import StudyView


class AttemptPruner(BasePruner):
    """Hide failed trials from the pruner.

    Successive halving compares with every trial that reached a rung, also with the attempt whose
    process died there and which is now attempted again.
    """

    def __init__(self, pruner: BasePruner) -> None:
        self._pruner = pruner

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Ask the pruner about the trial."""
        return self._pruner.prune(StudyView(study, _without_failed), trial)


def blind_to_failed(pruner: BasePruner) -> BasePruner:
    """Return the pruner, hiding failed trials from it; Optuna must recognise Hyperband as it is."""
    return pruner if isinstance(pruner, HyperbandPruner) else AttemptPruner(pruner)


def _without_failed(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    return [trial for trial in trials if trial.state != TrialState.FAIL]
