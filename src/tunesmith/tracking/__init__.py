"""Remember runs: MLflow, or nothing; the only place that knows MLflow."""

from functools import cache

from tunesmith.tracking.run import (
    NoRun,
    NoTracking,
    Run,
    RunState,
    Tracking,
    current_run,
    recording,
)


@cache
def open_tracking(uri: str, experiment: str) -> Tracking:
    """Track runs in MLflow under one experiment, opened once a process; see MlflowTracking."""
    # here: only runs that are tracked pay for MLflow's import
    from tunesmith.tracking.mlflow import MlflowTracking

    return MlflowTracking(uri=uri, experiment=experiment)


__all__ = [
    "NoRun",
    "NoTracking",
    "Run",
    "RunState",
    "Tracking",
    "current_run",
    "open_tracking",
    "recording",
]
