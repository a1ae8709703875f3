"""Check a plan before anything is written."""

from collections.abc import Mapping

from hydra.core.config_loader import ConfigLoader
from hydra.errors import HydraException
from optuna.pruners import NopPruner

from tunesmith.check import check_config
from tunesmith.errors import InvalidConfig
from tunesmith.search.components import require_single_objective
from tunesmith.search.plan import Plan
from tunesmith.search.space import parse_space


def probe(plan: Plan, loader: ConfigLoader) -> None:
    """Compose and check the default trial, then each bound and choice with the rest at default.

    Raises InvalidConfig or a Hydra error for the first that is refused.
    """
    for end in [None, *plan.space.ends()]:
        drawn = {} if end is None else dict([end])
        check_config(loader.load_sweep_config(plan.config, plan.space.overrides(drawn)))
    plan.components.check_sampler()
    pruner = plan.make_pruner() or NopPruner()
    require_single_objective(
        plan.metric_names,
        settings=plan.settings,
        prunes=not isinstance(pruner, NopPruner),
        terminates=plan.termination is not None,
    )


def accepts(plan: Plan, loader: ConfigLoader, changes: Mapping[str, str]) -> bool:
    """Return whether the objective takes each end of changed ranges, with the rest at default."""
    changed = parse_space(changes, [])
    try:
        for end in changed.ends():
            overrides = [*plan.space.fixed, *changed.overrides(dict([end]))]
            check_config(loader.load_sweep_config(plan.config, overrides))
    except (InvalidConfig, HydraException):
        return False
    return True
