"""The trial that this process is working on, and how it ends early."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import optuna

from tunesmith.study.record import EPOCHS_KEY

_CURRENT: ContextVar[optuna.Trial | None] = ContextVar("current_trial", default=None)


class Diverged(optuna.TrialPruned):
    """Raised by an objective whose loss became infinite or NaN.

    The trial is pruned like one that raises `optuna.TrialPruned`, but reports and advice tell the
    two apart: a trial that the pruner stopped was merely worse than others.

    Args:
        reason: Why, in one line; the trial keeps it.

    >>> raise Diverged("the training loss is nan at epoch 3")
    Traceback (most recent call last):
    tunesmith.study.trial.Diverged: the training loss is nan at epoch 3

    """


@dataclass(frozen=True)
class Pruned:
    """Returned by an objective whose trial was stopped early.

    It means what raising `optuna.TrialPruned` or `Diverged` means, but Hydra, which runs the job,
    logs no error.

    Args:
        reason: Why, in one line; the trial keeps it.
        diverged: Whether its loss became infinite or NaN; False means that the pruner stopped it.

    >>> Pruned("pruned at epoch 10: val/mse was 64.8")
    Pruned(reason='pruned at epoch 10: val/mse was 64.8', diverged=False)

    """

    reason: str
    diverged: bool = False


def current_trial() -> optuna.Trial | None:
    """Return the live trial that this process is working on; None outside a search.

    Any code below the objective may call it, such as a training loop that reports its loss. It is
    the trial that the objective was called with. Threads that the objective starts get None.

    >>> trial = current_trial()
    >>> if trial is not None:
    ...     trial.report(0.5, step=1)
    ...     if trial.should_prune():
    ...         raise optuna.TrialPruned("pruned at step 1: loss was 0.5")

    """
    return _CURRENT.get()


@contextmanager
def running(trial: optuna.Trial) -> Iterator[None]:
    """Make a trial the one that `current_trial` returns inside the block."""
    token = _CURRENT.set(trial)
    try:
        yield
    finally:
        _CURRENT.reset(token)


class RepeatedTrial(optuna.Trial):
    """A live trial as each of its repetitions sees it.

    The reports of several repetitions would mix, so they are dropped and prune nothing; the epochs
    that the repetitions write are added up.

    Args:
        trial: The live trial.

    """

    def __init__(self, trial: optuna.Trial) -> None:
        self.__dict__.update(trial.__dict__)
        self._epochs = 0

    def report(self, value: float, step: int) -> None:
        """Do nothing."""

    def should_prune(self) -> bool:
        """Return False."""
        return False

    def set_user_attr(self, key: str, value: Any) -> None:
        """Set the trial's attribute; for epochs, the sum over the repetitions."""
        if key == EPOCHS_KEY:
            self._epochs = value = self._epochs + value
        super().set_user_attr(key, value)
