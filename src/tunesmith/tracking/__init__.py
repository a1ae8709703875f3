"""Remember runs: MLflow, or nothing; the only place that knows MLflow."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from tunesmith.tracking.run import Run, RunState, Tracking

# What a config names to switch tracking off.
NoTracking = Tracking


@cache
def open_tracking(uri: str, experiment: str) -> Tracking:
    """Return what tracks runs in MLflow under one experiment, opened once a process.

    Args:
        uri: MLflow's tracking URI: a database, or a server.
        experiment: The name; the experiment is created if it is new.

    """
    # here: only runs that are tracked pay for MLflow's import
    from tunesmith.tracking.mlflow import MlflowTracking

    return MlflowTracking(uri=uri, experiment=experiment)


@contextmanager
def recording(run: Run) -> Iterator[Run]:  # until the callers move
    """Do nothing: `tunesmith.context.refitting` says whose winner is fitted again."""
    yield run


__all__ = [
    "NoTracking",
    "Run",
    "RunState",
    "Tracking",
    "open_tracking",
    "recording",
]
