"""The trial that this process is working on, for code that is deep inside the objective."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import optuna

_CURRENT: ContextVar[optuna.Trial | None] = ContextVar("current_trial", default=None)


class Diverged(optuna.TrialPruned):
    """Raised by an objective whose loss became infinite or NaN; the message is the reason."""


@dataclass(frozen=True)
class Pruned:
    """The outcome of a trial that was stopped early.

    An objective returns it instead of raising `optuna.TrialPruned`, so that what lies between the
    objective and the worker logs no error.
    """

    reason: str
    diverged: bool = False


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


class RepeatedTrial(optuna.Trial):
    """A live trial as each of its repetitions sees it.

    Their reports would mix, so they go nowhere and prune nothing; what a repetition notes as
    `epochs` adds up.
    """

    def __init__(self, trial: optuna.Trial) -> None:
        self.__dict__.update(trial.__dict__)
        self._epochs = 0

    def report(self, value: float, step: int) -> None:
        """Keep nothing."""

    def should_prune(self) -> bool:
        """Never."""
        return False

    def set_user_attr(self, key: str, value: Any) -> None:
        """Set the trial's attribute."""
        if key == "epochs":
            self._epochs = value = self._epochs + value
        super().set_user_attr(key, value)
