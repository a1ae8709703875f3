"""Say a mistake in the command line in one line, with the nearest names."""

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hydra.errors import OverrideParseException

from tunesmith.errors import (
    import_failure,
    nearest,
    own_mistake,
    terminator_gone,
    untrusted,
)
from tunesmith.explain.choices import misused_choice
from tunesmith.explain.keys import options_of, unknown_key
from tunesmith.explain.refusals import refusal
from tunesmith.explain.unreadable import unreadable
from tunesmith.explain.whole_config import in_a_whole_config
from tunesmith.explain.yaml_files import misused_defaults, unreadable_yaml
from tunesmith.overrides import quote_for_shell, write_for_shell

UNKNOWN_KEY = re.compile(r"Could not override '([^']*)'")
UNKNOWN_OPTION = re.compile(r"(?:Could not find|Could not load) '([^']+)/([^'/]*)'")
UNKNOWN_CONFIG = re.compile(r"Cannot find primary config '([^']+)'")
AVAILABLE = re.compile(r"Available options in '[^']+':\n((?:\t.*\n?)+)")
UNSET_VARIABLE = re.compile(r"Environment variable '(\w+)' not found")
EXAMPLES = {
    "OPTUNA_STORAGE": "type export OPTUNA_STORAGE=postgresql://USER:PASSWORD@HOST/DATABASE",
}
# Options of release 0.1.0.
GONE_TERMINATORS = {"emmr", "regret_bound"}
GRAMMAR_LINK = "See https://hydra.cc/docs/1.2/advanced/override_grammar/basic for details"


Keys = Callable[[], Sequence[str]]


def one_line(error: Exception, *, known_keys: Keys | None = None) -> str:
    """Return the error as one line: what came, what was expected and what to type instead."""
    if (mistake := own_mistake(error)) is not None:
        return str(mistake)
    if (no_yaml := unreadable_yaml(error)) is not None:
        return no_yaml
    text = _with_cause(error)
    if (misled := misused_defaults(text)) is not None:
        return misled
    if distrust := untrusted(text):
        return distrust
    if failure := import_failure(error):
        return failure
    if misused := misused_choice(error):
        return misused
    if found := UNKNOWN_OPTION.search(text):
        return _unknown_option(found[1], found[2], AVAILABLE.search(text))
    if found := UNKNOWN_KEY.search(text):
        if not found[1]:
            return "before the = of an argument stands no key; type KEY=VALUE, such as seed=1"
        known = None if known_keys is None else known_keys()
        return in_a_whole_config(found[1]) or unknown_key(found[1], known=known)
    if found := UNKNOWN_CONFIG.search(text):
        return (
            f"no folder of configs holds {found[1].removesuffix('.yaml')}.yaml; "
            "name its folder by --config-dir, or leave out --config-name"
        )
    if found := UNSET_VARIABLE.search(text):
        return f"the environment variable {found[1]} is not set; {EXAMPLES.get(found[1], 'set it')}"
    if isinstance(error, OverrideParseException):
        reason = text.removesuffix(GRAMMAR_LINK).strip().splitlines()[-1]
        return unreadable(error.override, reason)
    if refused := refusal(text):
        return refused
    return " ".join(text.split("full_key:")[0].split())


def _unknown_option(group: str, option: str, available: re.Match[str] | None) -> str:
    if available is None:
        return f"there is no config {group}/{option}"
    if group == "hydra/sweeper/terminator" and option in GONE_TERMINATORS:
        return terminator_gone(f"{group}={option}")
    if meant_value := _value_of_an_option(group, option):
        return f"{group.partition('/')[0]} has no option for this; type {meant_value}"
    # What begins with an underscore is a base of other options.
    known = [name for name in available[1].split() if not name.startswith("_")]
    if (path := _as_path(group, option)) is not None:
        group, option = path
        known = options_of(group)
        near = Path(option).stem
        meant = near if near in known else nearest(near, known)
        said = f"{group} has no option {option!r}; options are named without folders"
        return f"{said}, try {group}={meant}"
    return f"{group} has no option {option!r}; try {group}={nearest(option, known)}"


def _value_of_an_option(group: str, option: str) -> str | None:
    """Return how a table or a store is named, which is no option by itself; None if it is none."""
    if group == "data" and Path(option).suffix in (".csv", ".gz", ".tsv", ".parquet", ".xlsx"):
        return f"data=table {write_for_shell('data.path', option)} data.target=COLUMN"
    typed = (argument for argument in sys.argv[1:] if argument.startswith("storage=sqlite:"))
    if group.startswith("storage") and (line := next(typed, None)) is not None:
        return quote_for_shell(line.replace("storage=", "storage.url=", 1))
    return None


def _as_path(group: str, option: str) -> tuple[str, str] | None:
    """Return the group and what was typed as its option, if that is a path; None otherwise."""
    for parent in Path(group).parents:
        if options_of(parent.as_posix()) and parent.name:
            return parent.as_posix(), f"{Path(group).relative_to(parent).as_posix()}/{option}"
    return None


def _with_cause(error: Exception) -> str:
    cause = error.__cause__
    if cause is None or str(cause) in str(error):
        return str(error)
    return f"{error}\n{cause}"
