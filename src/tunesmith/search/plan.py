"""What a search is going to do."""

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import optuna
from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial

from tunesmith.config import has_key, resolve_function
from tunesmith.errors import InvalidArgument
from tunesmith.overrides import read_data, write_override
from tunesmith.paths import SearchPaths
from tunesmith.renamed import bring_up_to_date
from tunesmith.search.components import Components, is_grid
from tunesmith.search.fingerprint import Fingerprint, fingerprint
from tunesmith.search.job import overrides_at
from tunesmith.search.settings import Settings
from tunesmith.search.space import SearchSpace, parse_space
from tunesmith.search.user_code import digest_of, user_code
from tunesmith.study import Stagnation, TrialRecord

# What is left of a file system's 255 bytes for what is added to a name.
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Plan:
    """A search: its name, space and total.

    `config` is Hydra's multirun config with the study's name filled in, `base` the composed config
    of the default trial.
    """

    study_name: str
    space: SearchSpace
    config: DictConfig
    base: DictConfig
    settings: Settings
    fingerprint: Fingerprint
    n_trials: int

    @cached_property
    def paths(self) -> SearchPaths:
        """Where the search's files go."""
        return SearchPaths(Path(self.config.hydra.sweep.dir), self.config.hydra.output_subdir)

    @cached_property
    def components(self) -> Components:
        """What proposes points and stops trials."""
        return Components(self.settings, space=self.space)

    @property
    def n_points(self) -> int | None:
        """How many points the space has, where the sampler walks over all of them."""
        return _n_points(self.settings, self.space)

    @property
    def fixed(self) -> dict[str, str]:
        """What the command line fixed for all trials, by key; the search itself is not in it."""
        pairs = (line.partition("=") for line in self.space.fixed if "=" in line)
        return {key: value for key, _, value in pairs if key != "hparams_search"}

    @property
    def drawn_key(self) -> str | None:
        """The key that holds what a trial draws by itself, if the config has it."""
        key = self.settings.drawn_key
        return key if key is not None and has_key(self.base, key) else None

    @property
    def held(self) -> dict[str, Any]:
        """What a trial draws by itself, held fixed by the config."""
        key = self.drawn_key
        held = None if key is None else read_data(OmegaConf.select(self.base, key))
        if OmegaConf.is_config(held):
            held = OmegaConf.to_container(held, resolve=True)
        return held if isinstance(held, dict) else {}

    @property
    def search(self) -> str | None:
        """The chosen file of hparams_search/."""
        return _search_of(self.base)

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
    def has_baseline(self) -> bool:
        """Whether the default config is the first trial."""
        return self.settings.baseline and bool(self.baseline)

    @property
    def is_open(self) -> bool:
        """Whether trials may have parameters outside of the space: only running one tells which."""
        return self.settings.custom_search_space is not None or self.drawn_key is not None

    def make_pruner(self) -> BasePruner | None:
        """Return a new pruner, None where the config wants nothing pruned."""
        return self.components.make_pruner() if self.settings.prune else None

    @property
    def termination(self) -> Stagnation | None:
        """The rule that stops the search early, if one is configured."""
        return self.components.termination

    def verdict(self, study: optuna.Study) -> str | None:
        """Return why the configured rule stopped the study early; None if it did not."""
        return None if self.termination is None else self.termination.verdict(study)

    def overrides_of(self, trial: FrozenTrial) -> list[str]:
        """Return what a trial was composed with; for one of others its parameters tell."""
        known = TrialRecord.of(trial).overrides
        if known is not None:
            return known
        return overrides_at(trial.params, space=self.space, drawn_key=self.drawn_key)


def make_plan(
    config: DictConfig, *, settings: Settings, arguments: Sequence[str], loader: ConfigLoader
) -> Plan:
    """Read the space, compose the default trial and name the study.

    Raises InvalidConfig or a Hydra error, in one line, for what cannot be searched.
    """
    space = parse_space(settings.params, arguments)
    base = loader.load_sweep_config(config, list(space.fixed))
    bring_up_to_date(base)
    found = fingerprint(base, space=space, settings=vars(settings))
    hydra = base.hydra
    search = _search_of(base) or hydra.job.config_name or hydra.job.name
    study_name = settings.study_name or f"{search}-{found.digest()}"
    if settings.code_change == "new":
        study_name = f"{study_name}-{_code_digest(base, settings)}"
    named = _with_study_name(config, study_name)
    _check_names_one_folder(study_name, named)
    return Plan(
        study_name=study_name,
        space=space,
        config=named,
        base=base,
        settings=settings,
        fingerprint=found,
        n_trials=_n_trials(settings, space),
    )


def _check_names_one_folder(study_name: str, config: DictConfig) -> None:
    """Raise InvalidConfig for a study whose name would lead out of where searches lie."""
    # Where a folder is named otherwise, a study may have any name.
    if study_name not in str(config.hydra.sweep.dir):
        return
    name = Path(study_name)
    is_one = name.name == study_name and study_name not in (".", "..")
    if not is_one or len(study_name.encode()) > _LONGEST_NAME or not study_name.isprintable():
        plain = re.sub(r"[^\w.-]+", "-", study_name).strip(".-")[:40] or "NAME"
        raise InvalidArgument(
            "hydra.sweeper.study_name",
            f"the name of one folder, of at most {_LONGEST_NAME} bytes",
            study_name,
            plain,
            detail="since the search's folder is named by it",
        )


def _search_of(base: DictConfig) -> str | None:
    """Return the chosen file of hparams_search/, also if it was typed with its ending."""
    chosen: str | None = base.hydra.runtime.choices.get("hparams_search")
    return None if chosen is None else chosen.removesuffix(".yaml")


def _code_digest(base: DictConfig, settings: Settings) -> str:
    # Both load the user's modules, so that every worker finds the same ones.
    check_task(base, settings)
    if settings.custom_search_space is not None:
        resolve_function(settings.custom_search_space)
    return digest_of(user_code())


def _n_trials(settings: Settings, space: SearchSpace) -> int:
    points = _n_points(settings, space)
    return settings.n_trials if points is None else min(settings.n_trials, points)


def _n_points(settings: Settings, space: SearchSpace) -> int | None:
    if not is_grid(settings.sampler):
        return None
    return prod(len(values) for values in space.grid().values())


def check_task(cfg: DictConfig, settings: Settings) -> None:
    """Let the app refuse a composed config, if it has a function for that.

    Raises InvalidConfig, in one line.
    """
    if settings.check is not None:
        resolve_function(settings.check)(cfg)


def summary_of(plan: Plan) -> str:
    """Return what the app tells of the data of the default trial; empty for nothing."""
    if plan.settings.summary is None:
        return ""
    return str(resolve_function(plan.settings.summary)(plan.base))


def in_folder(plan: Plan, folder: str) -> Plan:
    """Return the plan with its files in another folder: trials are composed anew, and go there."""
    config = copy.deepcopy(plan.config)
    with read_write(config.hydra), open_dict(config.hydra):
        config.hydra.sweep.dir = folder
        config.hydra.overrides.hydra.append(write_override("hydra.sweep.dir", folder))
    return replace(plan, config=config)


def _with_study_name(config: DictConfig, study_name: str) -> DictConfig:
    # Trials compose their config anew: what was computed here reaches them as an override.
    named = copy.deepcopy(config)
    with read_write(named.hydra), open_dict(named.hydra):
        named.hydra.sweeper.study_name = study_name
        named.hydra.overrides.hydra.append(write_override("hydra.sweeper.study_name", study_name))
    return named
