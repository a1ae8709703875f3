"""Say on the terminal what a single run gave, and how to open and repeat it."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table

from tunesmith.tracking import Run


def repeat_command(folder: Path) -> str:
    """The command that repeats the run of a Hydra output folder."""
    config_dir = shlex.quote(_short(folder / ".hydra"))
    return f"python train.py --config-dir {config_dir} --config-name config"


def print_summary(
    metrics: Mapping[str, float], *, seconds: float, folder: Path, cfg: DictConfig, run: Run
) -> None:
    """Print the metrics of a finished run and where it lies."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in sorted(metrics.items()):
        table.add_row(name, f"{value:.8g}")
    table.add_row("time", f"{seconds:.1f} s")
    table.add_row("folder", _short(folder))
    if run.id is not None:
        table.add_row("open", f"mlflow ui --backend-store-uri {_store(cfg)}")
    table.add_row("repeat", repeat_command(folder))
    Console(soft_wrap=True).print(table)


def _store(cfg: DictConfig) -> str:
    # A server's URL may hold a password: name the variable, not its value.
    uri = str(cfg.tracking.uri)
    return uri if uri.startswith("sqlite:") else "$MLFLOW_TRACKING_URI"


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
