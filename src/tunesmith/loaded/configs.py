"""The composed config of a trial: as it was kept, or composed again."""

import contextlib
from pathlib import Path
from typing import Any

import optuna
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from optuna.trial import FrozenTrial

import tunesmith.config  # noqa: F401 - registers the resolvers of our configs
from tunesmith.configs import CONFIGS
from tunesmith.errors import InvalidConfig
from tunesmith.paths import RunPaths, SearchPaths
from tunesmith.renamed import bring_up_to_date
from tunesmith.study import StudyRecord, TrialRecord


def config_of(
    trial: FrozenTrial, study: optuna.Study, paths: SearchPaths | None, *, is_winner: bool
) -> DictConfig:
    """Return the config that a trial was computed with.

    It is the one that its folder holds; else the search's file of the winner or of the front; else
    it is composed again by its overrides, where the search was one of this package's own configs.

    Raises:
        InvalidConfig: None of these is to be had.

    """
    for file in _kept(trial, paths, is_winner=is_winner):
        if file.is_file():
            config: Any = OmegaConf.load(file)
            bring_up_to_date(config)
            return DictConfig(config)
    overrides = TrialRecord.of(trial).overrides
    if overrides is None:
        raise InvalidConfig(
            f"trial {trial.number} of {study.study_name!r} keeps no config: it was not computed by "
            "a search of this package, or has not begun"
        )
    return _composed(overrides, trial, study)


def _kept(trial: FrozenTrial, paths: SearchPaths | None, *, is_winner: bool) -> list[Path]:
    folder = TrialRecord.of(trial).folder
    files = [] if folder is None else [RunPaths(folder).config]
    if paths is not None:
        # The whole output root may have been moved.
        files += [paths.trial(trial.number).config, paths.front_config(trial.number)]
        files += [paths.best_config] if is_winner else []
    return [file for file in files if file is not None]


def _composed(overrides: list[str], trial: FrozenTrial, study: optuna.Study) -> DictConfig:
    searched = (StudyRecord.of(study).fingerprint or {}).get("config", {})
    # An app of others may well have keys of the same names, but hardly all of them.
    groups = {str(key).partition(".")[0] for key in searched}
    config = None
    unknown = contextlib.suppress(HydraException, OmegaConfBaseException)
    with unknown, initialize_config_dir(str(CONFIGS)):
        config = compose("train", overrides=overrides)
    if config is None or not groups or not groups <= config.keys():
        raise InvalidConfig(
            f"the config of trial {trial.number} of {study.study_name!r} is no longer in its "
            f"folder; compose it by the app that was searched, with {' '.join(overrides)}"
        )
    return config
