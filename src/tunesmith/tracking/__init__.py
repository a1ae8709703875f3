"""Remember runs: MLflow, or nothing; the only place that knows MLflow."""

from tunesmith.tracking.run import (
    NoRun,
    NoTracking,
    Run,
    RunState,
    Tracking,
    current_run,
    recording,
)


def open_tracking(uri: str, experiment: str) -> Tracking:
    """Track runs in MLflow under one experiment; see MlflowTracking."""
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
