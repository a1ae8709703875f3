"""Stop a search early once many trials in a row have found no better value."""

from collections.abc import Sequence
from dataclasses import dataclass

import optuna
from optuna.trial import FrozenTrial, TrialState

from tunesmith.study.record import StudyRecord, Verdict
from tunesmith.study.summary import is_ranked, loss
from tunesmith.validate import require_integer

# How release 0.1.0, which used Optuna's terminator, named the same rule.
_OLD_NAME = """\
_target_: optuna.terminator.Terminator
improvement_evaluator:
  _target_: optuna.terminator.BestValueStagnationEvaluator
  max_stagnation_trials: {rule.max_stagnation_trials}
min_n_trials: {rule.min_n_trials}
"""


@dataclass(frozen=True)
class Stagnation:
    """Stop a search once too many complete trials have brought no better value.

    A search stops where Optuna's `BestValueStagnationEvaluator` would stop it. A value that is not
    finite, or that breaks a constraint, is no better value. The study keeps the verdict, so that
    every worker sees it; continued with the same rule, the search stays stopped.

    Args:
        max_stagnation_trials: How many complete trials may follow the best one without a better
            value, at least 0; the next one stops the search.
        min_n_trials: With fewer complete trials the search goes on; at least 1.

    Raises:
        InvalidArgument: One of them is not an integer, or too small.

    >>> study = optuna.create_study()
    >>> for value in (3.0, 1.0, 2.0, 2.0):
    ...     study.add_trial(optuna.trial.create_trial(value=value))
    >>> rule = Stagnation(max_stagnation_trials=1, min_n_trials=2)
    >>> rule.is_due(study, study.trials)
    True
    >>> rule.verdict(study)
    'the last 2 of 4 complete trials brought no better value than trial 1'

    """

    max_stagnation_trials: int = 30
    min_n_trials: int = 20

    def __post_init__(self) -> None:
        require_integer("max_stagnation_trials", self.max_stagnation_trials, minimum=0, example=30)
        require_integer("min_n_trials", self.min_n_trials, minimum=1, example=20)

    @property
    def name(self) -> str:
        """The rule and its arguments, as the study keeps them."""
        return (
            f"stagnation: max_stagnation_trials={self.max_stagnation_trials} "
            f"min_n_trials={self.min_n_trials}"
        )

    def is_due(self, study: optuna.Study, trials: Sequence[FrozenTrial]) -> bool:
        """Return True if the search is to stop, and write the reason into the study.

        Args:
            study: The study.
            trials: All of its trials.

        Raises:
            RuntimeError: The study has several directions.

        """
        if self.verdict(study) is not None:
            return True
        reason = self._reason(study, trials)
        if reason is not None:
            StudyRecord.write_verdict(study, Verdict(by=self.name, reason=reason))
        return reason is not None

    def verdict(self, study: optuna.Study) -> str | None:
        """Return why this rule stopped the study; None if it did not."""
        verdict = StudyRecord.of(study).verdict
        names = (self.name, _OLD_NAME.format(rule=self))
        return verdict.reason if verdict is not None and verdict.by in names else None

    def _reason(self, study: optuna.Study, trials: Sequence[FrozenTrial]) -> str | None:
        complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
        best = min(filter(is_ranked, complete), key=loss(study), default=None)
        if best is None or len(complete) < self.min_n_trials:
            return None
        stagnant = sum(trial.number > best.number for trial in complete)
        if stagnant <= self.max_stagnation_trials:
            return None
        return (
            f"the last {stagnant} of {len(complete)} complete trials brought no better value "
            f"than trial {best.number}"
        )
