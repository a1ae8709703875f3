"""Say what Hydra refuses in the words of what was typed, with what to type instead."""

import re
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from tunesmith.explain.keys import default_of, options_of
from tunesmith.overrides import write_for_shell

# What Hydra says, and what to say instead.
Saying: TypeAlias = tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]]

_SEARCH = "hparams_search=NAME"
_KINDS = {
    "Integer": "an integer",
    "Float": "a number",
    "bool": "true or false",
    "incompatible container": "a value of another kind",
    "not Optional": "another value than null",
    "Unexpected type annotation": "a value without interval(...) inside a list",
}


def refusal(text: str) -> str | None:
    """Return in one line what was typed, why it is refused, and the way out; None if unknown.

    Args:
        text: What Hydra says.

    """
    return said_of(text, _KNOWN)


def said_of(text: str, known: Sequence[Saying]) -> str | None:
    """Return what the first pattern that is found in a text has to say of it; None for none."""
    for pattern, say in known:
        if found := pattern.search(text):
            return say(found)
    return None


def _no_such_value(found: re.Match[str]) -> str:
    key, value, reason = found[1].lstrip("+"), found[2], found[3]
    expected = next((kind for mark, kind in _KINDS.items() if mark in reason), "another value")
    known = default_of(key)
    if expected == _KINDS["incompatible container"]:
        expected = "a list" if isinstance(known, list) else "a node of keys"
    return f"{key} must be {expected}, got {value}; {_example(key, value, known)}"


def _example(key: str, value: str, known: Any) -> str:
    if isinstance(known, dict):
        return f"type {key}.NAME=VALUE for each key of it"
    if known == []:
        return f"try {write_for_shell(key, ['A', 'B'])}"
    if known is None:
        known = 3600 if key.endswith("timeout") else "VALUE"
    return f"try {write_for_shell(key, _whole(value, like=known))}"


def _whole(value: str, *, like: Any) -> Any:
    """Return the integer that was typed as a float, 1e3, else the known value."""
    try:
        number = float(value)
    except ValueError:
        return like
    whole = number.is_integer() and isinstance(like, int) and not isinstance(like, bool)
    return int(number) if whole else like


def _several(found: re.Match[str]) -> str:
    line = found[1]
    key, _, value = line.partition("=")
    if (bare := re.sub(r"\\([\[\](){}])", r"\1", line)) != line:
        return f"the backslashes of {line} are part of what came; type {shlex.quote(bare)}"
    point = value.replace(",", ".", 1)
    number = re.fullmatch(r"[+-]?\d+\.\d+(e[+-]?\d+)?", point, re.IGNORECASE)
    decimal = f"{key}={point} for one number, " if number else ""
    return (
        f"{line} is several values, which a multirun takes one after the other; type {decimal}"
        f"{shlex.quote(f'{key}=[{value}]')} for a list, or add --multirun for a run with each"
    )


def _sweep_of_one(found: re.Match[str]) -> str:
    line = found[1]
    return (
        f"{line} is a range of values, and this command is a single run; "
        f"add -m {_SEARCH} for a search (one of {', '.join(options_of('hparams_search'))}), "
        f"or --multirun with {line.partition('=')[0]}=A,B for a run with each value"
    )


def _interval_without_search(found: re.Match[str]) -> str:
    chosen = [a for a in sys.argv[1:] if a.startswith("hparams_search=")]
    if chosen:
        return f"{chosen[-1]} chooses no search; write - _base into its defaults"
    typed = (arg for arg in sys.argv[1:] if "interval(" in arg and "=" in arg)
    line = next(typed, "interval(LOW,HIGH)")
    return (
        f"{line} is drawn from by a search, and this command has none; add {_SEARCH} "
        f"(one of {', '.join(options_of('hparams_search'))}), or type {line.partition('=')[0]}=A,B"
    )


def _there_already(found: re.Match[str]) -> str:
    key = found[1]
    value = next((a.partition("=")[2] for a in sys.argv if a.startswith(f"+{key}=")), "VALUE")
    return f"+ adds a key, and {key} is there already; type {key}={value}"


def _chosen_twice(found: re.Match[str]) -> str:
    group = found[1].lstrip("+")
    marks = (f"+{group}=", f"++{group}=")
    typed = (argument.lstrip("+") for argument in sys.argv[1:] if argument.startswith(marks))
    instead = next(typed, f"{group}=OPTION")
    return f"{group} has its option already, and + would add a second one; type {instead}"


def _of_hydra(found: re.Match[str]) -> str:
    key = found[1].partition("=")[0]
    return (
        f"{found[1]}: a command is one search or multirun, and sweeping over {key} is not "
        f"supported; type one value, {key}=VALUE, and the others in commands of their own"
    )


def _gone(found: re.Match[str]) -> str | None:
    key = found[1]
    if taken := [argument for argument in sys.argv[1:] if argument.startswith("~")]:
        return f"{', '.join(taken)} leaves no {key}, which is needed; leave {taken[0]} out"
    return f"the config has no key {key!r}, which is needed; +{key}=VALUE adds it"


def _needed(found: re.Match[str]) -> str:
    key, needing = found[1], found[2] or "another key"
    if f"~{key}" in sys.argv:
        return f"~{key} leaves no {key!r}, which {needing} needs; leave ~{key} out"
    return f"{needing} takes its value from {key!r}, which is not there; +{key}=VALUE adds it"


def _no_folder(found: re.Match[str]) -> str:
    return (
        f"--config-dir={found[1]}: there is no such folder; "
        "type the one that holds the config, or leave it out"
    )


def _mode(found: re.Match[str]) -> str:
    return f"hydra.mode must be RUN or MULTIRUN, got {found[1]!r}; try hydra.mode=MULTIRUN, or -m"


def _no_resolver(found: re.Match[str]) -> str:
    return (
        f"a config uses ${{{found[1]}:...}}, which nothing registers; write one of OmegaConf's, "
        "such as ${oc.env:NAME}, or register it in train.py"
    )


def _to_be_given(found: re.Match[str]) -> str:
    key = found[1]
    return f"{key} is ??? in the config, a value that is to be given; type {key}=VALUE"


def _no_option(found: re.Match[str]) -> str:
    group = found[1]
    options = ", ".join(options_of(group)) or "OPTION"
    return f"an option of {group} is to be chosen; try {group}={options}"


def _for_itself(found: re.Match[str]) -> str:
    key = found[1] or "KEY"
    said = f"{found[1] or 'a key'} stands for itself, at once or by the keys that it names"
    return f"{said}; type {key}=VALUE, without ${{...}}"


def _no_node(found: re.Match[str]) -> str:
    return (
        f"a {found[1]} stands where a class with its arguments belongs; type "
        "KEY._target_=PACKAGE.CLASS, or choose an option of its group, GROUP=OPTION"
    )


_KNOWN: tuple[Saying, ...] = (
    (re.compile(r"Error merging override ([^\s=]+)=(.*)\n+(.*)"), _no_such_value),
    (re.compile(r"Ambiguous value for argument '(.*)'"), _several),
    (re.compile(r"Sweep parameters '(.*)' requires --multirun"), _sweep_of_one),
    (re.compile(r"BasicSweeper does not support sweep type"), _interval_without_search),
    (re.compile(r"An item is already at '([^']+)'"), _there_already),
    (re.compile(r"(\S+) appears more than once in the final defaults list"), _chosen_twice),
    (re.compile(r"force-add of config groups is not supported: '(\S+?)="), _chosen_twice),
    (re.compile(r"Sweeping over Hydra's configuration is not supported : '(.*)'"), _of_hydra),
    (re.compile(r"Key '([^']+)' is not in struct"), _gone),
    (re.compile(r"Interpolation key '([^']+)' not found(?s:.*full_key: (\S+))?"), _needed),
    (re.compile(r"Additional config directory '(.*)' not found"), _no_folder),
    (re.compile(r"Invalid hydra.mode '(.*)'"), _mode),
    (re.compile(r"Missing mandatory value: (\S+)"), _to_be_given),
    (re.compile(r"You must specify '([^']+)'"), _no_option),
    (re.compile(r"Recursive interpolation detected(?s:.*?full_key: (\S+))?"), _for_itself),
    (re.compile(r"Unsupported interpolation type (\w+)"), _no_resolver),
    (re.compile(r"Cannot instantiate config of type (\w+)"), _no_node),
)
