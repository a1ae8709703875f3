"""Remember runs: MLflow, or nothing; the only place that knows MLflow."""

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tunesmith._lazy import load_from
from tunesmith.errors import InvalidConfig
from tunesmith.extras import install_extra, missing
from tunesmith.tracking.run import Run, RunState, Tracking

if TYPE_CHECKING:
    from tunesmith.tracking.lightning import RunLogger, curves_of

# Set before a module here imports MLflow: it reports usage to its makers unless told not to.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
# A line for each trial, with a server.
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

# For configs of release 0.1.0, which name none.
OUTBOX = "outputs/mlflow-outbox"
# What a config names to switch tracking off.
NoTracking = Tracking


@cache
def open_tracking(uri: str, experiment: str, outbox: str = OUTBOX) -> Tracking:
    """Return what tracks runs in MLflow under one experiment, opened once a process.

    Args:
        uri: MLflow's tracking URI: a database, or a server.
        experiment: The name; the experiment is created if it is new.
        outbox: A folder for what was not recorded yet, since the store was away.

    Raises:
        InvalidConfig: MLflow is not installed.

    """
    if missing("mlflow"):
        raise InvalidConfig(
            f"tracking needs the package mlflow, which is not installed; type "
            f"{install_extra('mlflow')}, or do without by tracking=none (in an app of yours: "
            "hydra.sweeper.tracking=null)"
        )
    # here: only runs that are tracked pay for MLflow's import
    from tunesmith.tracking.mlflow import MlflowTracking

    return MlflowTracking(uri=str(uri), experiment=experiment, outbox=Path(outbox))


__all__ = [
    "NoTracking",
    "Run",
    "RunLogger",
    "RunState",
    "Tracking",
    "curves_of",
    "open_tracking",
]

# Late: a function pays for no Lightning.
__getattr__ = load_from(__name__, {"RunLogger": "lightning", "curves_of": "lightning"})
