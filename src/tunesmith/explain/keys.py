"""Find what a key that a config does not have may have meant."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import OmegaConf, open_dict

from tunesmith.configs import CONFIGS
from tunesmith.errors import nearest
from tunesmith.paths import shown

_CHOICE = re.compile(r"([\w/]+)=[\w/]+")
_SEPARATORS = re.compile(r"[./]")
_SEARCH_GROUP = "hparams_search"
_CONFIG_NAMES = {"--config-name", "-cn"}
_SEARCHING = "hydra/sweeper=experiment"


@dataclass(frozen=True)
class Known:
    """The keys of a config, those of its own first, and its groups."""

    keys: tuple[str, ...]
    groups: tuple[str, ...]

    def same(self, name: str) -> list[str]:
        """Return the key itself where there is one, else those that end in the same word."""
        every = (*self.keys, *self.groups)
        return [name] if name in every else [k for k in every if _tail(k) == _tail(name)][:3]

    def alike(self, name: str) -> list[str]:
        """Return the keys whose last word is like that of `name`, in the same group if any is."""
        tails = {key: _tail(key) for key in (*self.keys, *self.groups)}
        close = get_close_matches(_tail(name), set(tails.values()), n=3, cutoff=0.7)
        found = [key for word in close for key, tail in tails.items() if tail == word]
        parent = name.removesuffix(_tail(name))
        inside = [key for key in found if key.startswith(parent) and parent]
        return (inside or found)[:3]


def unknown_key(name: str, *, known: Sequence[str] | None = None) -> str:
    """Return in one line what to type instead of a key that the config does not have.

    Args:
        name: The key.
        known: Those of the config, where it is not this package's default one.

    """
    said = f"the config has no key {name!r}"
    if known is not None:
        return f"{said}; did you mean {nearest(name, known)}?"
    return _unknown_here(name, said)


def _unknown_here(name: str, said: str) -> str:
    known = _known()
    if known is None:
        return f"{said}; +{name}=VALUE adds one"
    if name in known.groups:
        return _no_choice(name)
    if meant := known.same(name):
        return f"{said}; did you mean {', '.join(meant)}?"
    searching = _known(_SEARCHING)
    assert searching is not None
    if of_search := searching.same(name):
        return _without_search(said, of_search)
    if meant := known.alike(name):
        return f"{said}; did you mean {', '.join(meant)}?"
    if of_search := searching.alike(name):
        return _without_search(said, of_search)
    return f"{said}; +{name}=VALUE adds one"


def keys_like(name: str) -> list[str]:
    """Return the default config's keys that end in a name, or in one like it."""
    known = _known()
    return [] if known is None else known.same(name) or known.alike(name)


def _no_choice(group: str) -> str:
    options = options_of(group)
    if options and not _CONFIG_NAMES.intersection(arg.partition("=")[0] for arg in sys.argv):
        return f"{group} takes the name of an option; try {group}={nearest('', options)}"
    if options:
        return (
            f"a saved config offers no choice of {group}, it holds the values of one; "
            f"type {group}.KEY=VALUE, or choose {group}={nearest('', options)} without it"
        )
    file = shown(own_configs() / group / "NAME.yaml")
    return f"{group} has no options yet; write {file} and type {group}=NAME, or leave it out"


def _without_search(said: str, meant: Sequence[str]) -> str:
    return (
        f"{said} without a search; add -m {_SEARCH_GROUP}=NAME "
        f"(one of {nearest('', options_of(_SEARCH_GROUP))}), which has {', '.join(meant)}"
    )


def _known(*more: str) -> Known | None:
    """Return the default config's keys, with those of the options that the command line chooses."""
    if not own_configs().is_dir():
        return None
    chosen = [argument for argument in sys.argv[1:] if _is_choice(argument)]
    GlobalHydra.instance().clear()
    os.environ.setdefault("OPTUNA_STORAGE", "")
    with initialize_config_dir(str(own_configs())):
        try:
            cfg = compose("train", overrides=[*chosen, *more], return_hydra_config=True)
        except HydraException:  # A second mistake, which is said when this one is mended.
            cfg = compose("train", overrides=[*more], return_hydra_config=True)
    groups = tuple(str(key) for key in cfg.hydra.runtime.choices)
    with open_dict(cfg.hydra):
        del cfg.hydra["runtime"]
    # Not resolved: what stands for another key is set there. Hydra's own keys come last.
    nodes = sorted(cfg, key=lambda name: name == "hydra")
    plain: Any = OmegaConf.to_container(cfg, resolve=False)
    return Known(tuple(key for name in nodes for key in _dotted(plain[name], str(name))), groups)


def own_configs() -> Path:
    """Return the folder of configs beside the script that was started."""
    return Path(sys.argv[0]).resolve().parent / "conf"


def _is_choice(argument: str) -> bool:
    match = _CHOICE.fullmatch(argument)
    return match is not None and bool(options_of(match[1]))


def options_of(group: str) -> list[str]:
    """Return the options of a group, without what they are based on."""
    files = (file for conf in (own_configs(), CONFIGS) for file in (conf / group).glob("*.yaml"))
    return sorted({file.stem for file in files if not file.stem.startswith("_")})


def _dotted(node: object, name: str) -> Iterator[str]:
    if not isinstance(node, dict) or not node:
        yield name
        return
    for key, value in node.items():
        yield from _dotted(value, f"{name}.{key}")


def _tail(name: str) -> str:
    return _SEPARATORS.split(name)[-1]
