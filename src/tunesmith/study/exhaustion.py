"""Note in a study that every point of its search space was tried."""

import optuna

from tunesmith.study._optuna import attribute, set_once
from tunesmith.study.record import EXHAUSTED_KEY


def mark_exhausted(study: optuna.Study) -> None:
    """Write in the study that its search space is exhausted."""
    set_once(study, EXHAUSTED_KEY, True)


def is_exhausted(study: optuna.Study) -> bool:
    """Return True after `mark_exhausted`, by whichever worker."""
    return attribute(study, EXHAUSTED_KEY) is True
