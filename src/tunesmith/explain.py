"""Say a mistake in the command line in one line, with the nearest names."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from tunesmith.commands import flag, typed
from tunesmith.config import flat
from tunesmith.configs import CONFIGS
from tunesmith.errors import (
    InvalidConfig,
    import_failure,
    nearest,
    terminator_gone,
    untrusted,
)
from tunesmith.overrides import quote_for_shell, write_override

UNKNOWN_KEY = re.compile(r"Could not override '([^']+)'")
UNKNOWN_OPTION = re.compile(r"(?:Could not find|Could not load) '([^']+)/([^'/]+)'")
CHOICE = re.compile(r"([\w/]+)=[\w/]+")
AVAILABLE = re.compile(r"Available options in '[^']+':\n((?:\t.*\n?)+)")
UNSET_VARIABLE = re.compile(r"Environment variable '(\w+)' not found")
EXAMPLES = {
    "OPTUNA_STORAGE": "type export OPTUNA_STORAGE=postgresql://USER:PASSWORD@HOST/DATABASE",
}
# Options of release 0.1.0.
GONE_TERMINATORS = {"emmr", "regret_bound"}
_SAVED = (("--config-name", "-cn"), ("--config-dir", "-cd"))
GRAMMAR_LINK = "See https://hydra.cc/docs/1.2/advanced/override_grammar/basic for details"


Keys = Callable[[], Sequence[str]]


@contextmanager
def ending_in_one_line(known_keys: Keys | None = None) -> Iterator[None]:
    """End the command by a user's mistake in one line and exit code 1, as `run` does.

    With `HYDRA_FULL_ERROR=1` the mistake is raised as it is.

    Args:
        known_keys: Returns the keys of the config, for a key that there is not.

    """
    try:
        yield
    except (InvalidConfig, HydraException, OmegaConfBaseException) as error:
        if os.environ.get("HYDRA_FULL_ERROR") == "1":
            raise
        raise SystemExit(one_line(error, known_keys=known_keys)) from error


def one_line(error: Exception, *, known_keys: Keys | None = None) -> str:
    """Return the error as one line: what came, what was expected and what to type instead."""
    if isinstance(error, InvalidConfig):
        return str(error)
    text = _with_cause(error)
    if refusal := untrusted(text):
        return refusal
    if failure := import_failure(error):
        return failure
    if found := UNKNOWN_OPTION.search(text):
        return _unknown_option(found[1], found[2], AVAILABLE.search(text))
    if found := UNKNOWN_KEY.search(text):
        key = found[1]
        if said := _in_a_whole_config(key):
            return said
        keys = (known_keys or _known_keys)()
        return f"the config has no key {key!r}; did you mean {nearest(key, keys)}?"
    if found := UNSET_VARIABLE.search(text):
        return f"the environment variable {found[1]} is not set; {EXAMPLES.get(found[1], 'set it')}"
    if isinstance(error, OverrideParseException):
        reason = text.removesuffix(GRAMMAR_LINK).strip().splitlines()[-1]
        return (
            f"cannot parse the override {error.override!r}: {reason}; "
            "try KEY=VALUE, in quotes for the shell"
        )
    return " ".join(text.split("full_key:")[0].split())


def _unknown_option(group: str, option: str, available: re.Match[str] | None) -> str:
    if available is None:
        return f"there is no config {group}/{option}"
    if group == "hydra/sweeper/terminator" and option in GONE_TERMINATORS:
        return terminator_gone(f"{group}={option}")
    # What begins with an underscore is a base of other options.
    known = [name for name in available[1].split() if not name.startswith("_")]
    return f"{group} has no option {option!r}; try {group}={nearest(option, known)}"


def _in_a_whole_config(group: str) -> str | None:
    """Return why a saved config takes no option of a group, and what to type instead.

    None if `group` is no group, or no saved config is named.
    """
    name, folder = (flag(typed(), *names) for names in _SAVED)
    chosen = [line.partition("=")[2] for line in typed() if line.startswith(f"{group}=")]
    folders = [where / group for where in (_own_configs(), CONFIGS)]
    if not (name and folder and chosen and any(where.is_dir() for where in folders)):
        return None
    files = (where / f"{chosen[-1]}.yaml" for where in folders)
    file = next((file for file in files if file.is_file()), None)
    instead = _instead(group, file, Path(folder) / f"{name}.yaml")
    return (
        f"{name}.yaml is a whole config, which takes values and no options: {group} was chosen "
        f"when it was made; try {instead}"
    )


def _instead(group: str, option: Path | None, saved: Path) -> str:
    """Return the overrides that make the node of a group what another option makes of it."""
    text = "" if option is None else option.read_text()
    asked, known = _read(text), _read(saved.read_text()).get(group)
    is_plain = not any(mark in text for mark in ("defaults:", "@package", "${"))
    if not (asked and is_plain and isinstance(known, dict)):
        return f"the same option in the command that made it, or {group}.KEY=VALUE"
    gone = [f"~{group}.{key}" for key in known if key not in asked]
    lines = [
        quote_for_shell(write_override(f"{'' if key in known else '+'}{group}.{key}", value))
        for key, value in asked.items()
        if key not in known or known[key] != value
    ]
    return " ".join([*gone, *lines])


def _read(text: str) -> dict[str, Any]:
    node = OmegaConf.to_container(OmegaConf.create(text))
    assert isinstance(node, dict)
    return {str(key): value for key, value in node.items()}


def _own_configs() -> Path:
    return Path(sys.argv[0]).resolve().parent / "conf"


def _with_cause(error: Exception) -> str:
    cause = error.__cause__
    if cause is None or str(cause) in str(error):
        return str(error)
    return f"{error}\n{cause}"


def _is_choice(argument: str, *, folders: Sequence[Path]) -> bool:
    match = CHOICE.fullmatch(argument)
    return match is not None and any((folder / match[1]).is_dir() for folder in folders)


def _known_keys() -> list[str]:
    """Return the default config's keys, with those of the options that the command line chooses."""
    conf = _own_configs()
    if not conf.is_dir():
        return []
    folders = (conf, CONFIGS)
    chosen = [argument for argument in sys.argv[1:] if _is_choice(argument, folders=folders)]
    GlobalHydra.instance().clear()
    os.environ.setdefault("OPTUNA_STORAGE", "")
    with initialize_config_dir(str(conf)):
        cfg = compose("train", overrides=chosen, return_hydra_config=True)
    keys = list(flat(cfg, without=("hydra", "storage", "tracking")))
    keys += [f"hydra.sweeper.{key}" for key in cfg.hydra.sweeper]
    return [*keys, *(str(key) for key in cfg.hydra.runtime.choices)]
