"""Say a mistake in the command line in one line, with the nearest names."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from tunesmith.config import flat
from tunesmith.configs import CONFIGS
from tunesmith.errors import (
    InvalidConfig,
    import_failure,
    nearest,
    terminator_gone,
    untrusted,
)

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
        key, keys = found[1], (known_keys or _known_keys)()
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
    conf = Path(sys.argv[0]).resolve().parent / "conf"
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
