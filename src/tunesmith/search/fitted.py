"""Take up again the fitted model that a run left in its folder."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from tunesmith.config import resolve_function
from tunesmith.paths import RunPaths


def is_restorable(cfg: DictConfig) -> bool:
    """Return whether the config's objective can take up what a fit left."""
    return OmegaConf.select(cfg, "objective.restore") is not None


def restored(run: RunPaths) -> Any:
    """Return the fitted model of a run, taken up by the run's own objective."""
    cfg = OmegaConf.load(run.config)
    return resolve_function(OmegaConf.select(cfg, "objective.restore"))(cfg, run.folder)
