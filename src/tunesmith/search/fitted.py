"""Take up again the fitted model that a run left in its folder."""

import json
from collections.abc import Callable
from typing import Any

from omegaconf import DictConfig, OmegaConf

from tunesmith.config import resolve_function
from tunesmith.paths import RunPaths
from tunesmith.renamed import bring_up_to_date
from tunesmith.search.plan import Plan


def restored(plan: Plan, run: RunPaths, *, compose: Callable[[], DictConfig]) -> Any:
    """Return the fitted model of a run; None if the app has none to take up.

    Where the run left no config, it is composed again.
    """
    if plan.settings.restore is None:
        return None
    kept = run.delivered_config if run.delivered_config.is_file() else run.config
    cfg: Any = OmegaConf.load(kept) if kept is not None and kept.is_file() else None
    if cfg is None or not plan.base.keys() - {"hydra"} <= cfg.keys():
        cfg = compose()  # Another command that refits the same winner is writing it just now.
    bring_up_to_date(cfg)
    return resolve_function(plan.settings.restore)(cfg, run.folder)


def plots_of(run: RunPaths) -> list[tuple[str, str]]:
    """Return the plots that a fit left for the report: a title and a figure as JSON for each."""
    if not run.plots.is_file():
        return []
    return list(json.loads(run.plots.read_text("utf-8")).items())
