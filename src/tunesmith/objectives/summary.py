"""Say on the terminal what a single run gave, and how to open and repeat it."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console
from rich.text import Text

from tunesmith.tracking import Run


def repeat_command(folder: Path) -> str:
    """The command that repeats the run of a Hydra output folder."""
    config_dir = shlex.quote(_short(folder / ".hydra"))
    return f"python train.py --config-dir {config_dir} --config-name config"


def print_summary(
    metrics: Mapping[str, float], *, seconds: float, folder: Path, cfg: DictConfig, run: Run
) -> None:
    """Print the metrics of a finished run and where it lies."""
    rows = {name: f"{value:.8g}" for name, value in sorted(metrics.items())}
    rows |= {"time": f"{seconds:.1f} s", "folder": _short(folder)}
    if run.id is not None:
        rows["open"] = f"mlflow ui --backend-store-uri {_store(cfg)}"
    rows["repeat"] = repeat_command(folder)
    width, console = max(map(len, rows)), Console()
    for name, value in rows.items():
        # Unwrapped: whoever copies a command needs it whole.
        console.print(Text.assemble((f"{name:{width}}", "bold"), "  ", value), soft_wrap=True)


def _store(cfg: DictConfig) -> str:
    # A server's URL may hold a password: name the variable, not its value.
    uri = str(cfg.tracking.uri)
    return uri if uri.startswith("sqlite:") else "$MLFLOW_TRACKING_URI"


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
