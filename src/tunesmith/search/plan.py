"""What a search is going to do, checked before anything is written."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from inspect import signature
from math import prod
from pathlib import Path
from typing import Any

import optuna
from hydra.core.config_loader import ConfigLoader
from hydra.errors import HydraException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler, GridSampler
from sqlalchemy.engine import make_url

from tunesmith.check import check_config
from tunesmith.errors import InvalidConfig
from tunesmith.search.fingerprint import Fingerprint, fingerprint
from tunesmith.search.settings import (
    check_confirm,
    check_for_metrics,
    check_settings,
    is_kind,
    make,
)
from tunesmith.search.space import SearchSpace, as_override, parse_space
from tunesmith.study import Direction, Termination


@dataclass(frozen=True)
class ConfirmSettings:
    """The best `n_best` trials and the baseline are trained again on `n_seeds` seeds."""

    n_best: int
    n_seeds: int

    def __bool__(self) -> bool:
        return self.n_best > 0

    def __str__(self) -> str:
        if not self:
            return "nothing is trained again"
        return (
            f"the best {self.n_best} and the baseline on {self.n_seeds} new seeds, "
            f"up to {(self.n_best + 1) * self.n_seeds} fits (confirm=none: none)"
        )


@dataclass(frozen=True)
class Plan:
    """A search: its name, space and total.

    `config` is Hydra's multirun config with the study's name filled in, `base` the composed config
    of the default trial, `settings` the values of `hydra.sweeper`.
    """

    study_name: str
    space: SearchSpace
    config: DictConfig
    base: DictConfig
    settings: dict[str, Any]
    fingerprint: Fingerprint
    n_trials: int

    @property
    def folder(self) -> Path:
        """Where the search's files go."""
        return Path(self.config.hydra.sweep.dir)

    @property
    def directions(self) -> list[Direction]:
        """One for each metric."""
        direction = self.settings["direction"]
        several = direction if OmegaConf.is_list(direction) else [direction]
        return [getattr(one, "name", one) for one in several]

    @property
    def metric_names(self) -> list[str]:
        """The metrics that are optimized."""
        name = self.base.metric.name
        return list(name) if OmegaConf.is_list(name) else [name]

    @property
    def fixed(self) -> dict[str, str]:
        """What the command line fixed for all trials, by key; the search itself is not in it."""
        pairs = (line.partition("=") for line in self.space.fixed if "=" in line)
        return {key: value for key, _, value in pairs if key != "hparams_search"}

    @property
    def held(self) -> dict[str, Any]:
        """What the objective draws itself, held fixed by `objective.params`."""
        held = OmegaConf.select(self.base, "objective.params")
        return dict(held) if OmegaConf.is_dict(held) else {}

    @property
    def search(self) -> str | None:
        """The chosen file of hparams_search/."""
        name: str | None = self.base.hydra.runtime.choices.get("hparams_search")
        return name

    @property
    def baseline(self) -> dict[str, Any]:
        """The default config's point of the space."""
        choices = self.base.hydra.runtime.choices
        return {
            name: choices[name]
            if name in choices
            else OmegaConf.select(self.base, name.lstrip("+"))
            for name in self.space.distributions
        }

    @property
    def confirm(self) -> ConfirmSettings:
        """How many of the best trials are trained again; none where several metrics rank them."""
        node = OmegaConf.select(self.base, "confirm")
        if node is None or len(self.metric_names) > 1:
            return ConfirmSettings(n_best=0, n_seeds=0)
        return ConfirmSettings(n_best=node.n_best, n_seeds=node.n_seeds)

    def make_sampler(self, seed: int | None) -> BaseSampler:
        """A new sampler of the configured kind."""
        takes_seed = "seed" in self.settings["sampler"]
        takes_seed = takes_seed or "seed" in signature(self._sampler_factory).parameters
        arguments = {"seed": seed} if takes_seed else {}
        sampler: BaseSampler = self._sampler_factory(**arguments)
        return sampler

    @cached_property
    def _sampler_factory(self) -> Callable[..., BaseSampler]:
        factory: Callable[..., BaseSampler] = instantiate(self.settings["sampler"], _partial_=True)
        if is_kind(self.settings["sampler"], GridSampler):
            return partial(factory, self.space.grid())
        return factory

    def make_pruner(self) -> BasePruner | None:
        """The configured pruner: Optuna does not store it, each worker brings its own."""
        if not self.base.get("prune", True):
            return None
        pruner: BasePruner | None = make("pruner", self.settings)
        return pruner

    @cached_property
    def termination(self) -> Termination | None:
        """The configured terminator, named by all that it was given."""
        settings = self.settings["terminator"]
        if settings is None or settings.get("_target_") is None:
            return None
        name = OmegaConf.to_yaml(settings, resolve=True)
        return Termination(make("terminator", self.settings), name=name)

    def verdict(self, study: optuna.Study) -> str | None:
        """Why the configured terminator ended the study, if it did."""
        return None if self.termination is None else self.termination.verdict(study)


def make_plan(
    config: DictConfig,
    *,
    settings: dict[str, Any],
    arguments: Sequence[str],
    loader: ConfigLoader,
) -> Plan:
    """Read space and totals, compose the default trial and name the study.

    Raises InvalidConfig or a Hydra error, in one line, for what cannot be searched.
    """
    check_settings(settings)
    space = parse_space(settings["params"], arguments)
    base = loader.load_sweep_config(config, list(space.fixed))
    found = fingerprint(base, space=space, settings=settings)
    check_confirm(base)
    search = base.hydra.runtime.choices.get("hparams_search") or base.hydra.job.config_name
    study_name = settings["study_name"] or f"{search}-{found.digest()}"
    n_trials = settings["n_trials"]
    if is_kind(settings["sampler"], GridSampler):
        n_trials = min(n_trials, prod(len(values) for values in space.grid().values()))
    return Plan(
        study_name=study_name,
        space=space,
        config=_with_study_name(config, study_name),
        base=base,
        settings=settings,
        fingerprint=found,
        n_trials=n_trials,
    )


def probe(plan: Plan, loader: ConfigLoader) -> None:
    """Compose and check the default trial, then each bound and choice with the rest at default.

    Raises InvalidConfig or a Hydra error for the first that is refused.
    """
    for end in [None, *plan.space.ends()]:
        overrides = [] if end is None else [as_override(*end)]
        check_config(loader.load_sweep_config(plan.config, [*overrides, *plan.space.fixed]))
    pruner = plan.make_pruner() or NopPruner()
    check_for_metrics(
        plan.metric_names,
        settings=plan.settings,
        prunes=not isinstance(pruner, NopPruner),
        terminates=plan.termination is not None,
    )


def accepts(plan: Plan, loader: ConfigLoader, changes: Mapping[str, str]) -> bool:
    """Whether the objective takes each end of the changed ranges, with the rest at default."""
    changed = parse_space(changes, [])
    try:
        for end in changed.ends():
            overrides = [*plan.space.fixed, *changed.fixed, as_override(*end)]
            check_config(loader.load_sweep_config(plan.config, overrides))
    except (InvalidConfig, HydraException):
        return False
    return True


def describe(plan: Plan) -> str:
    """What would be searched, for how long and where it would be written."""
    width = max(map(len, plan.space.distributions), default=0)
    settings = plan.settings
    url = settings["storage"]
    stored = "memory" if url is None else make_url(url).render_as_string(hide_password=True)
    rows = {
        "study": plan.study_name,
        "trials": f"{plan.n_trials} in all, by {settings['n_jobs']} worker(s)",
        "sampler": settings["sampler"]["_target_"],
        "pruner": _pruner_name(plan),
        "terminator": _terminator_name(plan),
        "metric": f"{', '.join(plan.directions)} {', '.join(plan.metric_names)}",
        "confirm": str(plan.confirm),
        "fixed": " ".join(plan.space.fixed) or "nothing",
        "storage": stored,
        "folder": str(plan.folder),
    }
    space = [f"  {name:{width}}  {_shown(d)}" for name, d in plan.space.distributions.items()]
    space = space or ["  what the objective draws itself"]
    header = "Dry run: nothing is written. The space:"
    return "\n".join([header, *space, *(f"{name:10} {value}" for name, value in rows.items())])


def _terminator_name(plan: Plan) -> str:
    if plan.termination is None:
        return "none"
    chosen = plan.base.hydra.runtime.choices.get("hydra/sweeper/terminator")
    return str(plan.settings["terminator"]["_target_"] if chosen == "none" else chosen)


def _pruner_name(plan: Plan) -> str:
    if not plan.base.get("prune", True):
        return "none, since prune=false"
    pruner = plan.make_pruner()
    return "none" if pruner is None else type(pruner).__name__


def _shown(distribution: BaseDistribution) -> str:
    if isinstance(distribution, CategoricalDistribution):
        return " | ".join(map(str, distribution.choices))
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    kind = "integer" if isinstance(distribution, IntDistribution) else "real"
    scale = ", log scale" if distribution.log else ""
    return f"{kind} {distribution.low} ... {distribution.high}{scale}"


def _with_study_name(config: DictConfig, study_name: str) -> DictConfig:
    """Trials compose their config anew: what was computed here has to reach them as an override."""
    named = copy.deepcopy(config)
    with read_write(named.hydra), open_dict(named.hydra):
        named.hydra.sweeper.study_name = study_name
        named.hydra.overrides.hydra.append(as_override("hydra.sweeper.study_name", study_name))
    return named
