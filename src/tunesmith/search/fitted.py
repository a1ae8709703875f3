"""Take up again the fitted model that a run left in its folder."""

from collections.abc import Callable
from typing import Any

from omegaconf import DictConfig, OmegaConf

from tunesmith.objectives import objective_of
from tunesmith.paths import RunPaths
from tunesmith.renamed import bring_up_to_date


def is_restorable(cfg: DictConfig) -> bool:
    """Return whether the config's objective can take up what a fit left."""
    return objective_of(cfg).restorable


def restored(run: RunPaths, *, compose: Callable[[], DictConfig]) -> Any:
    """Return the fitted model of a run, taken up by the run's own objective.

    Where the run left no config, it is composed again.
    """
    kept = run.config
    cfg: Any = OmegaConf.load(kept) if kept is not None and kept.is_file() else compose()
    bring_up_to_date(cfg)
    return objective_of(cfg).restore(cfg, run.folder)
