"""Tell searches apart by everything that changes what a trial computes or what is proposed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from optuna.distributions import distribution_to_json

from tunesmith.config import comparable
from tunesmith.errors import InvalidConfig
from tunesmith.renamed import as_in_0_1_0
from tunesmith.search.space import SearchSpace

# Files of code: whether they have changed is told by their syntax tree, with the rest of the code.
CODE = ("objective.file",)


@dataclass(frozen=True)
class Fingerprint:
    """What a search is: what a trial computes, the space, and how points are proposed.

    `config` maps the keys of a default trial's composed config to values, `space` the dimensions to
    Optuna's JSON of their distributions; `proposals` maps sampler, pruner and what else decides
    which points come.
    """

    config: Mapping[str, Any]
    space: Mapping[str, str]
    proposals: Mapping[str, Any]

    def digest(self) -> str:
        """Return eight hexadecimal digits, the same for the same search on any machine."""
        text = json.dumps(asdict(self), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def kept(self) -> dict[str, Any]:
        """Return what a study keeps of it; a value of an app's own type counts as its text."""
        kept: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))
        return kept

    def check_continues(self, stored: Mapping[str, Any], *, study_name: str) -> list[str]:
        """Compare with the fingerprint of the study that is to be continued.

        Returns the names of what proposes points otherwise than before, which is allowed. Raises
        InvalidConfig, naming the keys, if a trial would compute something else or the space is
        another one.
        """
        mine = self.kept()
        changed = [
            *(key for key in _differing(stored["config"], mine["config"]) if key not in CODE),
            *_differing(stored["space"], mine["space"]),
        ]
        if changed:
            raise InvalidConfig(
                f"study {study_name} was created with different values of {', '.join(changed)}, so "
                "its trials would not be comparable; try another hydra.sweeper.study_name, or null"
            )
        return _differing(stored["proposals"], mine["proposals"])


def fingerprint(cfg: DictConfig, *, space: SearchSpace, settings: Mapping[str, Any]) -> Fingerprint:
    """Take the fingerprint of a search from the composed config of its default trial.

    A data file counts by its content, not by its place. Names count as those of release 0.1.0, so
    that a study which was begun then is continued by the same command.

    Args:
        cfg: The composed config of the default trial.
        space: The search space.
        settings: The sweeper's.

    """
    searched = {name.lstrip("+") for name in space.distributions}
    values = comparable(cfg, without=("hydra", *settings["ignored_keys"]))
    config = {
        key: _content(value) for key, value in as_in_0_1_0(values).items() if key not in searched
    }
    return Fingerprint(
        config=config,
        space={name: distribution_to_json(d) for name, d in space.distributions.items()},
        proposals={
            name: _in_old_names(_plain(settings[name]))
            for name in ("sampler", "pruner", "baseline", "custom_search_space")
        },
    )


def _content(value: Any) -> Any:
    if isinstance(value, str) and 0 < len(value) < 4096 and Path(value).is_file():
        return f"sha256:{hashlib.sha256(Path(value).read_bytes()).hexdigest()}"
    return value


def _in_old_names(value: Any) -> Any:
    return as_in_0_1_0(value) if isinstance(value, Mapping) else value


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def _differing(stored: Mapping[str, Any], mine: Mapping[str, Any]) -> list[str]:
    absent = object()
    names = sorted({*stored, *mine})
    return [name for name in names if stored.get(name, absent) != mine.get(name, absent)]
