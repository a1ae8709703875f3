"""Say on the terminal what a single run gave, and how to open and repeat it."""

import time
from collections.abc import Mapping

import psutil
from omegaconf import DictConfig
from rich.console import Console
from rich.text import Text

from tunesmith.commands import mlflow_page, open_mlflow, predict_rows, repeat_run
from tunesmith.context import Context
from tunesmith.objectives.objective import has_told_data
from tunesmith.paths import shown


def print_result(
    metrics: Mapping[str, float], *, seconds: float, cfg: DictConfig, context: Context
) -> None:
    """Print the metrics of a finished run and where it lies."""
    rows = {name: f"{value:.8g}" for name, value in sorted(metrics.items())}
    rows |= {"time": _time(seconds, context), "folder": shown(context.paths.folder)}
    rows |= _in_mlflow(context, cfg)
    if context.paths.predictor.is_file() and has_told_data(cfg):
        rows["predict"] = predict_rows(context.paths.folder)
    if (repeat := repeat_run(context.paths)) is not None:
        rows["repeat"] = repeat
    width, console = max(map(len, rows)), Console()
    for name, value in rows.items():
        # Unwrapped: whoever copies a command needs it whole.
        console.print(Text.assemble((f"{name:{width}}", "bold"), "  ", value), soft_wrap=True)


def _in_mlflow(context: Context, cfg: DictConfig) -> dict[str, str]:
    """Return how to see the run in MLflow; nothing where it is not recorded."""
    if context.run.page is None:
        return {}
    uri = str(cfg.tracking.uri)
    found = {"open": open_mlflow(uri), "page": mlflow_page(uri, context.run.page)}
    return {name: text for name, text in found.items() if text is not None}


def _time(seconds: float, context: Context) -> str:
    """Say how long the run took, and the command, most of which a short run spends on imports."""
    took = f"{seconds:.1f} s"
    if not context.is_alone:
        return took
    return f"{took}, the command {time.time() - psutil.Process().create_time():.1f} s"
