"""Every command that is printed: built here, and pasted into a shell by a test."""

import shlex
from pathlib import Path

from tunesmith.overrides import write_for_shell
from tunesmith.paths import RunPaths, SearchPaths, shown

_ENTRY = "python train.py"


def run_config(config: Path) -> str:
    """Return the command that runs a saved config file."""
    folder = shlex.quote(shown(config.parent))
    return f"{_ENTRY} --config-dir {folder} --config-name {config.stem}"


def repeat_run(run: RunPaths) -> str | None:
    """Return the command that repeats a run, from the config in its folder; None without one."""
    return None if run.config is None else run_config(run.config)


def resume_run(run: RunPaths, checkpoint: Path) -> str | None:
    """Return the command that goes on from a run's checkpoint; None if its config is not kept."""
    repeat = repeat_run(run)
    return repeat and f"{repeat} {write_for_shell('ckpt_path', shown(checkpoint))}"


def repeat_winner(search: SearchPaths) -> str:
    """Return the command that trains a search's winner again."""
    return run_config(search.best_config)


def next_search(search: SearchPaths) -> str:
    """Return the command of the search that the advice proposes."""
    return f"{run_config(search.next_config)} -m"


def open_mlflow(uri: str) -> str:
    """Return the command that opens MLflow's pages.

    A server's URI may hold a password: the variable is named then, not its value.
    """
    store = uri if uri.startswith("sqlite:") else "$MLFLOW_TRACKING_URI"
    return f"mlflow ui --backend-store-uri {store}"


def load_model(uri: str) -> str:
    """Return the Python call that loads a logged model."""
    return f'mlflow.pyfunc.load_model("{uri}")'


def open_dashboard(storage: str | None) -> str:
    """Return the command that opens optuna-dashboard; `storage` must hold no password."""
    return f"optuna-dashboard {shlex.quote(storage or '<storage URL>')}"
