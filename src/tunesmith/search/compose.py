"""Compose the configs of jobs that differ in single values: as Hydra does, but not all of it anew.

Hydra reads and merges all its files for each job. The jobs of a search choose among few groups and
set other numbers, and a config that differs in numbers only is a copy with these numbers set.
"""

import copy
import pickle
import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

# An override that gives one key of the app's config a value; null may have been a whole section.
_SETS_KEY = re.compile(r"\+{0,2}[A-Za-z_]\w*(\.\w+)*=(?!null$)(?s:.*)", re.IGNORECASE)


def remembering(loader: ConfigLoader, multirun: DictConfig) -> ConfigLoader:
    """Return a loader that composes the jobs of a multirun as `loader` does, and faster.

    The files count as they were when a choice of groups was composed first.
    """
    return _Remembering(loader, multirun) if type(loader) is ConfigLoaderImpl else loader


@dataclass(frozen=True)
class _Composed:
    copy: Callable[[], DictConfig]
    overrides: tuple[str, ...]


class _Remembering(ConfigLoaderImpl):
    """Hydra's own loader, but for jobs that are alike."""

    def __init__(self, loader: ConfigLoader, multirun: DictConfig) -> None:
        self.__dict__.update(loader.__dict__)
        self._multirun = multirun
        self._parser = OverridesParser.create()
        self._groups: set[str] = set()
        self._known: dict[Hashable, _Composed] = {}

    def load_sweep_config(
        self, master_config: DictConfig, sweep_overrides: list[str]
    ) -> DictConfig:
        """Compose the config of a job."""
        overrides = tuple(sweep_overrides)
        if master_config is self._multirun:
            known = self._known.get(self._common(overrides))
            config = None if known is None else self._copied(known, overrides)
            if config is not None:
                return config
        config = super().load_sweep_config(master_config, sweep_overrides)
        if master_config is self._multirun:
            self._remember(config, overrides)
        return config

    def _remember(self, config: DictConfig, overrides: tuple[str, ...]) -> None:
        self._groups.update(map(str, config.hydra.runtime.choices))
        # What the environment holds is copied for each job, and a key may lead to another place.
        if not config.hydra.job.env_copy and not _leads_elsewhere(config, overrides):
            self._known[self._common(overrides)] = _Composed(_copier(config), overrides)

    def _common(self, overrides: Sequence[str]) -> Hashable:
        """Return what alike jobs have in common: all of their overrides but single values."""
        setting = [_path_of(line) for line in overrides if not self._chooses(line)]
        return Path.cwd(), *(
            line.partition("=")[0] if self._sets_value(line, setting) else (line,)
            for line in overrides
        )

    def _chooses(self, line: str) -> bool:
        """Return whether an override chooses a group's option; a section of keys is none."""
        value = line.partition("=")[2].lstrip()
        return ".".join(_path_of(line)) in self._groups and not value.startswith("{")

    def _sets_value(self, line: str, setting: Sequence[list[str]]) -> bool:
        path = _path_of(line)
        if self._chooses(line) or path[0] == "hydra" or _SETS_KEY.fullmatch(line) is None:
            return False
        # Of two overrides of the same place the order counts.
        return sum(_are_nested(path, other) for other in setting) == 1

    def _copied(self, known: _Composed, overrides: tuple[str, ...]) -> DictConfig | None:
        """Return the job's config, or None where that takes more than setting values."""
        changed = [
            (self._parser.parse_override(old), self._parser.parse_override(new))
            for old, new in zip(known.overrides, overrides, strict=True)
            if old != new
        ]
        if not all(_is_plain(old) and _is_plain(new) for old, new in changed):
            return None
        config = known.copy()
        try:
            for _, override in changed:
                OmegaConf.update(config, override.key_or_group, override.value(), merge=True)
        except OmegaConfBaseException:
            return None  # Hydra says what is wrong with the value.
        for index, line in enumerate(_task_overrides(overrides)):
            config.hydra.overrides.task[index] = line
        OmegaConf.copy_cache(from_config=self._multirun, to_config=config)
        return config


def _path_of(line: str) -> list[str]:
    return line.lstrip("+~").partition("=")[0].partition("@")[0].replace("/", ".").split(".")


def _are_nested(path: Sequence[str], other: Sequence[str]) -> bool:
    shared = min(len(path), len(other))
    return path[:shared] == other[:shared]


def _copier(config: DictConfig) -> Callable[[], DictConfig]:
    """Return what makes copies; from a pickle they come four times as fast."""
    try:
        return partial(pickle.loads, pickle.dumps(config))
    except (pickle.PicklingError, AttributeError, TypeError):  # It holds objects of its own.
        return partial(copy.deepcopy, copy.deepcopy(config))


def _is_plain(override: Override) -> bool:
    value: Any = override.value()
    if isinstance(value, str):
        return "${" not in value and value != "???"
    return isinstance(value, bool | int | float)


def _task_overrides(overrides: Sequence[str]) -> Iterator[str]:
    return (line for line in overrides if _path_of(line)[0] != "hydra")


def _leads_elsewhere(config: DictConfig, overrides: Sequence[str]) -> bool:
    """Return whether the section of an overridden key is an interpolation of another one."""
    for line in overrides:
        section: Any = config
        for name in _path_of(line)[:-1]:
            if not isinstance(section, DictConfig) or OmegaConf.is_interpolation(section, name):
                return True
            section = section.get(name)
    return False
