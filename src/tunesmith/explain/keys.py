"""Find what a key that a config does not have may have meant."""

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from tunesmith.configs import CONFIGS
from tunesmith.errors import nearest
from tunesmith.paths import shown

_CHOICE = re.compile(r"([\w/]+)=[\w/]+")
_SEPARATORS = re.compile(r"[./]")
_SEARCH_GROUP = "hparams_search"
_CONFIG_NAMES = {"--config-name", "-cn"}
_PARAMS = "hydra.sweeper.params."
_SEARCHING = "hydra/sweeper=experiment"


@dataclass(frozen=True)
class Known:
    """The keys of a config, those of its own first, and its groups."""

    keys: tuple[str, ...]
    groups: tuple[str, ...]
    choices: Mapping[str, Any]
    config: DictConfig

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
        # A key at the top, or a group, is the likeliest.
        return sorted(inside or found, key=lambda key: len(_SEPARATORS.split(key)) > 1)[:3]


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
    if (typed := _overwritten(name, sys.argv[1:])) is not None:
        return f"{typed} leaves no {name}, which is needed; {_instead(typed, name)}"
    if name.startswith(_PARAMS):
        key = name.removeprefix(_PARAMS)
        return f"{said}: what is searched is typed by its own key; try {key}=interval(LOW,HIGH)"
    if (elsewhere := _in_other_options(name, known)) is not None:
        return f"{said} {elsewhere}"
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


def _overwritten(name: str, arguments: Sequence[str]) -> str | None:
    """Return what on the command line replaced or took away the node of a key, or itself."""
    for argument in arguments:
        key = argument.lstrip("+~").partition("=")[0]
        is_above = name.startswith(f"{key}.") and not _is_choice(argument)
        if is_above or (argument.startswith("~") and name == key):
            return argument
    return None


def _instead(typed: str, name: str) -> str:
    if typed.startswith("~"):
        return f"leave {typed} out"
    return f"type {name}={typed.partition('=')[2]}"


def _in_other_options(name: str, known: Known) -> str | None:
    """Say which options of a group have a key that the chosen one lacks, if any does."""
    parts = name.split(".")
    group = next(
        (g for i in range(len(parts) - 1, 0, -1) if (g := "/".join(parts[:i])) in known.choices),
        None,
    )
    if group is None:
        return None
    chosen, key = known.choices[group], name.removeprefix(group.replace("/", ".") + ".")
    if chosen is None and (objective := known.choices.get("objective")):
        return f"with objective={objective}, which takes no {group}; leave {name} out"
    having = [
        option for option in options_of(group) if option != chosen and _has(group, option, key)
    ]
    if not having:
        return None
    return f"with {group}={chosen}; {group}={', '.join(having)} has it"


def _has(group: str, option: str, key: str) -> bool:
    files = (conf / group / f"{option}.yaml" for conf in (own_configs(), CONFIGS))
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        return False
    absent = object()
    return OmegaConf.select(OmegaConf.load(file), key, default=absent) is not absent


def default_of(key: str) -> Any:
    """Return the default config's value of a key, None where it has none."""
    known = _known() or Known((), (), {}, DictConfig({}))
    for found in (known, _known(_SEARCHING)):
        try:
            value = None if found is None else OmegaConf.select(found.config, key)
        except OmegaConfBaseException:
            continue
        if value is not None:
            return OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
    return None


def is_needed(group: str) -> bool:
    """Return whether the default config chooses an option of a group."""
    known = _composed(own_configs(), (), ()) if own_configs().is_dir() else None
    return known is not None and known.choices.get(group) is not None


def keys_like(name: str) -> list[str]:
    """Return the default config's keys that end in a name, or in one like it."""
    known = _known()
    if known is None:
        return []
    searching = _known(_SEARCHING) or known
    found = known.same(name) or searching.same(name) or known.alike(name)
    return found or searching.alike(name)


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
    return _composed(own_configs(), tuple(chosen), more)


@lru_cache(maxsize=16)
def _composed(folder: Path, chosen: tuple[str, ...], more: tuple[str, ...]) -> Known:
    GlobalHydra.instance().clear()
    os.environ.setdefault("OPTUNA_STORAGE", "")
    with initialize_config_dir(str(folder)):
        try:
            cfg = compose("train", overrides=[*chosen, *more], return_hydra_config=True)
        # A second mistake, which is said when this one is mended.
        except (HydraException, RecursionError):
            cfg = compose("train", overrides=[*more], return_hydra_config=True)
    choices = dict(cfg.hydra.runtime.choices)
    with open_dict(cfg.hydra):
        del cfg.hydra["runtime"]
    # Not resolved: what stands for another key is set there. Hydra's own keys come last.
    nodes = sorted(cfg, key=lambda name: name == "hydra")
    plain: Any = OmegaConf.to_container(cfg, resolve=False)
    keys = (key for name in nodes for key in _dotted(plain[name], str(name)))
    # What is searched has its own keys.
    kept = tuple(key for key in keys if not key.startswith(_PARAMS))
    return Known(kept, tuple(map(str, choices)), choices, cfg)


def own_configs() -> Path:
    """Return the folder of configs beside the script that was started."""
    return Path(sys.argv[0]).resolve().parent / "conf"


def _is_choice(argument: str) -> bool:
    match = _CHOICE.fullmatch(argument)
    return match is not None and bool(options_of(match[1]))


def groups() -> list[str]:
    """Return the groups of this package's configs and of the user's own."""
    folders = (
        (conf, folder)
        for conf in (own_configs(), CONFIGS)
        for folder in conf.rglob("*")
        if folder.is_dir()
    )
    return sorted({folder.relative_to(conf).as_posix() for conf, folder in folders})


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
