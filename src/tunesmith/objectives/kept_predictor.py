"""The predictor that a run leaves in its folder: it needs neither the data nor a tracking store."""

import logging
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from tunesmith.context import Context, entered
from tunesmith.errors import attempt
from tunesmith.log_filter import silenced
from tunesmith.objectives.objective import objective_of
from tunesmith.pickled import write_predictor


def keep_predictor(cfg: DictConfig, context: Context) -> None:
    """Leave the predictor of a single run or refit, if its objective can restore what it left.

    One that cannot be restored or pickled is a note of the run, and no mistake.
    """
    paths = context.paths
    if paths.delivered_config.is_file():
        # Of another fit than the run's own.
        delivered: Any = OmegaConf.load(paths.delivered_config)
        cfg = delivered
    objective = objective_of(cfg)
    paths.predictor.unlink(missing_ok=True)
    if not objective.restorable:
        return

    def write() -> list[Path]:
        # The run's log holds already how the data were read.
        with silenced(logging.INFO):
            return [write_predictor(objective.restore(cfg, paths.folder), paths.predictor)]

    with entered(context):
        _, problem = attempt(write)
    if problem:
        context.run.note(f"The run leaves no {paths.predictor.name} to predict with: {problem}")
