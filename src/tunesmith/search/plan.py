"""What a search is going to do."""

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import optuna
from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from optuna.pruners import BasePruner
from optuna.samplers import GridSampler
from optuna.trial import FrozenTrial

from tunesmith.config import resolve_function
from tunesmith.errors import InvalidArgument
from tunesmith.objectives import objective_of
from tunesmith.overrides import read_data, write_override
from tunesmith.paths import SearchPaths
from tunesmith.renamed import bring_up_to_date
from tunesmith.search.components import Components, is_kind
from tunesmith.search.fingerprint import Fingerprint, fingerprint
from tunesmith.search.settings import ConfirmSettings, Settings
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
    confirm: ConfirmSettings
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
    def is_dry_run(self) -> bool:
        """Whether nothing is to be written."""
        return bool(self.base.get("dry_run"))

    @property
    def metric_names(self) -> list[str]:
        """The metrics that are optimized."""
        return _metric_names(self.base)

    @property
    def fixed(self) -> dict[str, str]:
        """What the command line fixed for all trials, by key; the search itself is not in it."""
        pairs = (line.partition("=") for line in self.space.fixed if "=" in line)
        return {key: value for key, _, value in pairs if key != "hparams_search"}

    @property
    def held(self) -> dict[str, Any]:
        """What the objective draws itself, held fixed by `objective.params`."""
        held = read_data(OmegaConf.select(self.base, "objective.params"))
        if OmegaConf.is_config(held):
            held = OmegaConf.to_container(held, resolve=True)
        return held if isinstance(held, dict) else {}

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

    def make_pruner(self) -> BasePruner | None:
        """Return a new pruner, None where the config wants nothing pruned."""
        return self.components.make_pruner() if self.base.get("prune", True) else None

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
        return self.space.overrides(trial.params)


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
    search = base.hydra.runtime.choices.get("hparams_search") or base.hydra.job.config_name
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
        confirm=_confirm_settings(base),
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


def _code_digest(base: DictConfig, settings: Settings) -> str:
    # Both load the user's modules, so that every worker finds the same ones.
    objective_of(base)
    if settings.custom_search_space is not None:
        resolve_function(settings.custom_search_space)
    return digest_of(user_code())


def _n_trials(settings: Settings, space: SearchSpace) -> int:
    if not is_kind(settings.sampler, GridSampler):
        return settings.n_trials
    return min(settings.n_trials, prod(len(values) for values in space.grid().values()))


def _confirm_settings(base: DictConfig) -> ConfirmSettings:
    node = OmegaConf.select(base, "confirm")
    found = ConfirmSettings() if node is None else ConfirmSettings(node.n_best, node.n_seeds)
    # Several metrics rank no best trial.
    return found if len(_metric_names(base)) == 1 else ConfirmSettings()


def _metric_names(base: DictConfig) -> list[str]:
    name = base.metric.name
    return list(name) if OmegaConf.is_list(name) else [name]


def _with_study_name(config: DictConfig, study_name: str) -> DictConfig:
    # Trials compose their config anew: what was computed here reaches them as an override.
    named = copy.deepcopy(config)
    with read_write(named.hydra), open_dict(named.hydra):
        named.hydra.sweeper.study_name = study_name
        named.hydra.overrides.hydra.append(write_override("hydra.sweeper.study_name", study_name))
    return named
