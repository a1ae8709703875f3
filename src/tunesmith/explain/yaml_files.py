"""Say what is wrong in a config file that YAML, or Hydra's defaults list, cannot take."""

import re
import sys
from difflib import get_close_matches
from pathlib import Path

import yaml

from tunesmith.explain.keys import groups, options_of, own_configs
from tunesmith.explain.refusals import Saying, said_of
from tunesmith.paths import shown


def unreadable_yaml(error: Exception) -> str | None:
    """Return in one line which file is no YAML and where; None if that is not the mistake."""
    if isinstance(error, UnicodeDecodeError):
        return _other_encoding()
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return None
    mark = error.problem_mark
    line = mark.line + 1
    said, way_out = error.problem or "", "correct it there"
    if "cannot start any token" in said and "\t" in _line(Path(mark.name), line):
        said, way_out = "a tab stands where YAML wants blanks", "indent by blanks"
    elif "expected key" in said:
        said, way_out = "it is indented unlike the lines above", "align it with its neighbours"
    elif said.startswith("found duplicate key"):
        way_out = "leave one of them out"
    return f"{shown(Path(mark.name))}:{line} is no YAML: {said}; {way_out}"


def misused_defaults(text: str) -> str | None:
    """Return in one line what is wrong with a defaults list of the user's own; None if nothing is.

    Args:
        text: What Hydra says.

    """
    return said_of(text, _KNOWN)


def _line(file: Path, number: int) -> str:
    lines = file.read_text(errors="replace").splitlines() if file.is_file() else []
    return lines[number - 1] if number <= len(lines) else ""


def _other_encoding() -> str | None:
    for file in sorted(own_configs().rglob("*.yaml")):
        try:
            file.read_text("utf-8")
        except UnicodeDecodeError:
            return f"{shown(file)} is not written in UTF-8; save it as UTF-8"
    return None


def _file(config: str) -> str:
    return shown(own_configs() / f"{config}.yaml")


def _no_group(found: re.Match[str]) -> str:
    config, option, group = found.groups()
    return (
        f"the defaults of {_file(config)} override {option!r}, and there is no group {group}; "
        f"{_meant(group)}"
    )


def _meant(group: str) -> str:
    known = [one for one in groups() if one.startswith("hydra") is group.startswith("hydra")]
    close = get_close_matches(group, known, n=1)
    return f"did you mean {close[0]}?" if close else f"the groups are {', '.join(known)}"


def _without_override(found: re.Match[str]) -> str:
    group, option, config = found.groups()
    return (
        f"the defaults of {_file(config)} choose {group} a second time; "
        f"write - override /{group}: {option}"
    )


def _no_config(found: re.Match[str]) -> str | None:
    config, group, option = found.groups()
    is_typed = any(typed.partition("=")[2].endswith(option) for typed in sys.argv[1:])
    if is_typed or options_of(group):
        return None  # That the option is unknown is said with its neighbours.
    return (
        f"the defaults of {_file(config)} name {group}/{option}, which is not there; "
        f"{_meant(group)}"
    )


def _no_mapping(found: re.Match[str]) -> str:
    return f"{_file(found[1])} must hold KEY: VALUE, got a list or a text; write model: {{...}}"


_KNOWN: tuple[Saying, ...] = (
    (
        re.compile(
            r"In '([^']+)': Invalid Defaults List override '/?([^']+)'(?s:.*)Default for '([^']+)'"
        ),
        _no_group,
    ),
    (
        re.compile(
            r"Multiple values for ([\w/]+)(?s:.*)Conflicting choices: '([^']+)' from '([^']+)'"
        ),
        _without_override,
    ),
    (re.compile(r"In '([^']+)': Could not find '([^']+)/([^'/]+)'"), _no_config),
    (re.compile(r"In '([^']+)': \w+ raised(?s:.*)incompatible container types"), _no_mapping),
)
