"""Read back what MLflow's store holds."""

from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run


def runs_of(root: Path) -> list[Run]:
    """All runs of the tracking store, oldest first."""
    client = MlflowClient(f"sqlite:///{root}/mlflow.db")
    [experiment] = [e for e in client.search_experiments() if e.name == "tunesmith"]
    return list(client.search_runs([experiment.experiment_id], order_by=["attributes.start_time"]))
