"""Note in a study that every point of its search space was tried."""

import optuna

from tunesmith.study._optuna import attribute, set_once
from tunesmith.study.record import EXHAUSTED_KEY


def mark_exhausted(study: optuna.Study) -> None:
    """Write in the study that its search space is exhausted."""
    set_once(study, EXHAUSTED_KEY, True)


def is_exhausted(study: optuna.Study) -> bool:
    """Return True once a worker has found the search space exhausted.

    That is when a sampler or the objective calls `study.stop()`: the grid and brute-force samplers
    do so after their last point.
    """
    return attribute(study, EXHAUSTED_KEY) is True
