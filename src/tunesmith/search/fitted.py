"""Take up again the fitted model that a run left in its folder."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from tunesmith.objectives import objective_of
from tunesmith.paths import RunPaths
from tunesmith.renamed import bring_up_to_date


def is_restorable(cfg: DictConfig) -> bool:
    """Return whether the config's objective can take up what a fit left."""
    return objective_of(cfg).restorable


def restored(run: RunPaths) -> Any:
    """Return the fitted model of a run, taken up by the run's own objective."""
    cfg: Any = OmegaConf.load(run.config)
    bring_up_to_date(cfg)
    return objective_of(cfg).restore(cfg, run.folder)
