"""Record runs in MLflow, or nowhere.

A run gets parameters, metrics, tags and files. `open_tracking` records in MLflow; `NoTracking`,
which `tracking=none` names, and its `Run` record nothing: another store is a subclass of each.
"""

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
    """Return what records runs in MLflow; equal arguments give the same object in a process.

    Args:
        uri: MLflow's tracking URI: `sqlite:///path`, `postgresql://...`, or a server's `http://...`.
        experiment: The name of the experiment, which is created if it does not exist.
        outbox: A folder that keeps what ended runs could not send while the store was away.

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
