"""End a search where Optuna's terminator sees too little left to gain."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.terminator import BaseTerminator, report_cross_validation_scores
from optuna.trial import FrozenTrial, TrialState

from tunesmith.study.failure_policy import SearchFailed

_VERDICT = "terminated"


class Termination:
    """Asks a terminator whenever there are more complete trials.

    Its verdict is kept in the study, where every worker sees it, and stands for every search with a
    terminator of the same name.
    """

    def __init__(self, terminator: BaseTerminator, *, name: str) -> None:
        self.name = name
        self._terminator = terminator
        self._asked_at = 0

    def is_due(self, study: optuna.Study, trials: Sequence[FrozenTrial]) -> bool:
        """Whether the search is to end; `trials` are all of the study.

        Raises SearchFailed if the terminator cannot judge the study.
        """
        if self.verdict(study) is not None:
            return True
        n_complete = sum(trial.state == TrialState.COMPLETE for trial in trials)
        if n_complete == self._asked_at:
            return False
        self._asked_at = n_complete
        if not self._says_stop(study):
            return False
        reason = (
            f"the terminator sees too little left to gain after {n_complete} complete trials, "
            f"the best being trial {study.best_trial.number}"
        )
        study.set_user_attr(_VERDICT, {"by": self.name, "reason": reason})
        return True

    def verdict(self, study: optuna.Study) -> str | None:
        """Why this terminator ended the study; None if it did not."""
        verdict = study.user_attrs.get(_VERDICT)
        return verdict["reason"] if verdict is not None and verdict["by"] == self.name else None

    def _says_stop(self, study: optuna.Study) -> bool:
        try:
            with without_notices():
                return self._terminator.should_terminate(study)
        except ValueError as error:
            raise SearchFailed(
                f"its terminator cannot judge it; try hydra/sweeper/terminator=none, or repeat=5 "
                f"where it asks for scores: {error}"
            ) from error


def keep_scores(trial: optuna.Trial, scores: Sequence[float]) -> None:
    """Keep what a terminator with Optuna's cross-validation error takes the error from."""
    with without_notices():
        report_cross_validation_scores(trial, list(scores))


@contextmanager
def without_notices() -> Iterator[None]:
    """Keep to us what Optuna remarks on the future of its classes: the user typed none of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield
