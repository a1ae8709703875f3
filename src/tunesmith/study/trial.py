"""The trial that this process is working on, for code that is deep inside the objective."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import optuna

_CURRENT: ContextVar[optuna.Trial | None] = ContextVar("current_trial", default=None)


@dataclass(frozen=True)
class Pruned:
    """The outcome of a trial that was stopped early.

    An objective returns it instead of raising `optuna.TrialPruned`, so that what lies between the
    objective and the worker logs no error.
    """

    reason: str


def current_trial() -> optuna.Trial | None:
    """Return the live trial of this search, or None in a plain run."""
    return _CURRENT.get()


@contextmanager
def running(trial: optuna.Trial) -> Iterator[None]:
    """Make the trial the current one inside the block."""
    token = _CURRENT.set(trial)
    try:
        yield
    finally:
        _CURRENT.reset(token)
