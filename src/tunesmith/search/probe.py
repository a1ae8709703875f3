"""Check a plan before anything is written."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import signature
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.pruners import NopPruner

from tunesmith.config import resolve_function
from tunesmith.errors import InvalidConfig
from tunesmith.explain import one_line
from tunesmith.search.components import require_single_objective
from tunesmith.search.compose import remembering
from tunesmith.search.plan import Plan, check_task, make_plan
from tunesmith.search.settings import read_settings
from tunesmith.search.space import parse_space
from tunesmith.study import check_storage_url

_MISTAKES = (InvalidConfig, HydraException, OmegaConfBaseException)


def probe(plan: Plan, loader: ConfigLoader) -> None:
    """Compose and check the default trial, then each bound and choice with the rest at default.

    Raises InvalidConfig or a Hydra error for the first that is refused.
    """
    if (extend := plan.settings.custom_search_space) is not None:
        _check_extends(extend)
    check_task(plan.base, plan.settings)
    _check_has_space(plan)
    _check_storage(plan.settings.storage)
    # Before all ends, which take longer.
    plan.components.check_sampler()
    pruner = plan.make_pruner() or NopPruner()
    require_single_objective(
        plan.settings.metrics,
        settings=plan.settings,
        prunes=not isinstance(pruner, NopPruner),
        terminates=plan.termination is not None,
    )
    for config in compose_ends(plan, loader):
        check_task(config, plan.settings)


def _check_has_space(plan: Plan) -> None:
    """Raise InvalidConfig where all trials would be the same one."""
    # The main of an app of the user's own may draw by the live trial.
    may_draw = plan.is_open or plan.settings.check is None
    if not (plan.space.distributions or may_draw):
        raise InvalidConfig(
            "the search has nothing to search over, by hydra.sweeper.params or the command line; "
            "type KEY=interval(LOW,HIGH) or KEY=choice(A,B)"
        )


def _check_storage(url: str | None) -> None:
    """Raise InvalidConfig unless the URL is one of a store; a dry run connects to none."""
    try:
        if url is not None:
            check_storage_url(url)
    except ValueError as error:
        raise InvalidConfig(str(error)) from error


def compose_ends(plan: Plan, loader: ConfigLoader) -> Iterator[DictConfig]:
    """Yield the configs of all bounds and choices of the space, each with the rest at default.

    A default number is the same said or left out; said, the ends of all numbers differ in values
    only, and are composed as copies.
    """
    loader = remembering(loader, plan.config)
    numbers = {
        name: value
        for name, value in plan.baseline.items()
        if isinstance(plan.space.distributions[name], FloatDistribution | IntDistribution)
        and isinstance(value, int | float)
    }
    for name, end in plan.space.ends():
        rest = numbers if name in numbers else {}
        yield loader.load_sweep_config(plan.config, plan.space.overrides({**rest, name: end}))


def _check_extends(path: str) -> None:
    """Raise InvalidConfig unless `path` names a function of a config and a trial."""
    key = "hydra.sweeper.custom_search_space"
    try:
        signature(resolve_function(path)).bind(None, None)
    except TypeError as error:
        raise InvalidConfig(
            f"{key} must name a function of a config and a trial, got {path}: {error}; "
            f"try {key}=MODULE.FUNCTION with def FUNCTION(cfg, trial)"
        ) from error


@contextmanager
def naming_misfits(
    config: DictConfig,
    *,
    settings: Mapping[str, Any],
    arguments: Sequence[str],
    loader: ConfigLoader,
) -> Iterator[None]:
    """Add to a mistake which chosen objective or model does not go with the search.

    Args:
        config: Hydra's multirun config.
        settings: The values of `hydra.sweeper`.
        arguments: The command line's overrides of the task's config.
        loader: What composes configs.

    """
    try:
        yield
    except _MISTAKES as error:
        for argument in arguments:
            others = [other for other in arguments if other != argument]
            is_choice = argument.partition("=")[0] in ("objective", "model")
            if is_choice and _is_accepted(config, settings, others, loader):
                hint = f"without {argument} it is accepted"
                raise InvalidConfig(f"{one_line(error)}; {hint}") from error
        raise


def _is_accepted(
    config: DictConfig, settings: Mapping[str, Any], arguments: Sequence[str], loader: ConfigLoader
) -> bool:
    try:
        read = read_settings(config, settings)
        probe(make_plan(config, settings=read, arguments=arguments, loader=loader), loader)
    except _MISTAKES:
        return False
    return True


def accepts(plan: Plan, loader: ConfigLoader, changes: Mapping[str, str]) -> bool:
    """Return whether the objective takes each end of changed ranges, with the rest at default."""
    changed = parse_space(changes, [])
    try:
        for end in [None, *changed.ends()]:
            drawn = {} if end is None else dict([end])
            overrides = [*plan.space.fixed, *changed.overrides(drawn)]
            check_task(loader.load_sweep_config(plan.config, overrides), plan.settings)
    except (InvalidConfig, HydraException):
        return False
    return True
