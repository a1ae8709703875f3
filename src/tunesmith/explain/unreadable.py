"""Say why Hydra cannot read what was typed, and how to type it."""

import re
import shlex
import sys
from collections.abc import Sequence
from difflib import get_close_matches

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote
from hydra.errors import HydraException

from tunesmith.explain.keys import options_of
from tunesmith.overrides import SWEEPS, quote_for_shell, write_for_shell, write_value

_WHILE_EVALUATING = re.compile(r"\w+ while evaluating '((\w+)\(.*)': (.*)", re.DOTALL)
_EXTRANEOUS = re.compile(r"(?:extraneous|mismatched) input '([^']+)'")
# A value that is more than one text.
_COMPOUND = re.compile(r"\w+\(|[\[{]")
_COLON = re.compile(r"(\w+(?:\.\w+)*):\s*(\S+)")
_PAIR = re.compile(r"([\w.+/]+)=(?:interval)?\(([^,;()]+)[,;]([^,;()]+)\)")
_SUGGEST = re.compile(r"suggest_(\w+)")
_CLOSING = {"(": ")", "[": "]", "{": "}"}


def unreadable(override: str, reason: str) -> str:
    """Return in one line what is wrong with an override, and what to type instead.

    Args:
        override: What was typed, or stands in `hydra.sweeper.params`.
        reason: What Hydra's parser says, if nothing better is known.

    """
    key, equals, _ = override.partition("=")
    if not equals:
        return _no_pair(override, sys.argv[1:])
    if (bare := _without_quotes(override)) is not None:
        return f"the quotes of {override} are part of what came; type {quote_for_shell(bare)}"
    if _error(f"{key}=1") is not None:
        return f"cannot read the key {key!r} of {override}; type KEY=VALUE, such as seed=1"
    if (whole := _joined(override, sys.argv[1:])) is not None:
        return f"{override!r} ends at a blank, where the shell cuts; type {shlex.quote(whole)}"
    if (at_home := override.removeprefix(f"{key}=~")).startswith("/"):
        return f'~ is not expanded within a word, as in {override}; type "{key}=$HOME{at_home}"'
    said, way_out = _trouble(override, reason)
    if found := _SUGGEST.search(override):
        way_out = shlex.quote(f"{key}={_of_optuna(found[1])}")
        return f"cannot read {override}: {found[0]} is Optuna's; type {way_out}"
    if (ranged := _as_range(override)) is not None:
        return f"cannot read {override}: {said}; for a range type {ranged}"
    if ",," in override and _error(once := re.sub(",+", ",", override)) is None:
        return f"cannot read the value of {override}: between two commas is nothing; type {once}"
    if override.endswith(","):
        way_out = f"type {override.rstrip(',')}"
        return f"cannot read the value of {override}: it ends with a comma; {way_out}"
    if (repaired := _repaired_override(override)) is not None:
        way_out = f"type {' '.join(_repaired_with(override, repaired, sys.argv[1:]))}"
    return f"cannot read the value of {override}: {said}; {way_out}"


def _as_range(override: str) -> str | None:
    """Return what `KEY=(LOW,HIGH)` and `KEY=interval(LOW;HIGH)` mean to say; None for another."""
    found = _PAIR.fullmatch(override)
    if found is None:
        return None
    written = SWEEPS["interval"].replace("LOW", found[2]).replace("HIGH", found[3])
    return quote_for_shell(f"{found[1]}={written}")


def _without_quotes(override: str) -> str | None:
    """Return an override without the quotes that a shell left around it; None if it has none."""
    if len(override) < 2 or override[0] != override[-1] or override[0] not in "'\"":
        return None
    bare = override[1:-1]
    return bare if _error(bare) is None else None


def _repaired_with(override: str, repaired: str, arguments: Sequence[str]) -> list[str]:
    """Return the repaired override among those beside it that Hydra cannot read either."""
    if override not in arguments:
        return [repaired]
    broken = [one for one in arguments if "=" in one and _error(one) is not None]
    return [typed for one in broken if (typed := _repaired_override(one)) is not None]


def _repaired_override(override: str) -> str | None:
    key, _, value = override.partition("=")
    repaired = _repaired(key, value)
    return None if repaired is None else shlex.quote(f"{key}={repaired}")


def _no_pair(argument: str, arguments: Sequence[str]) -> str:
    """Say of an argument without `=` which of its neighbours it may belong to."""
    said = f"{argument!r} is no KEY=VALUE"
    if argument == "help":
        return f"{said}; type --help"
    at = arguments.index(argument) if argument in arguments else 0
    before, after = arguments[at - 1 : at], arguments[at + 1 : at + 2]
    if meant := _without_blanks(argument, before=before, after=arguments[at + 1 : at + 3]):
        return f"{said}; type {shlex.quote(meant)}, without blanks around the ="
    if found := _COLON.fullmatch(argument):
        return f"{said}; type {found[1]}={found[2]}"
    if groups := _groups_with(argument):
        choices = " or ".join(f"{group}={argument}" for group in groups)
        return f"{said}; type {choices}, or {shlex.quote(argument)}=VALUE"
    if before and "=" in before[0]:
        key, _, value = before[0].partition("=")
        whole = write_for_shell(key, f"{value} {argument}")
        return f"{said}; for one value with a blank type {whole}"
    if after and "=" not in after[0] and not after[0].startswith("-"):
        return f"{said}; type {shlex.quote(f'{argument}={after[0]}')}"
    return f"{said}; type {shlex.quote(argument)}=VALUE"


def _without_blanks(argument: str, *, before: Sequence[str], after: Sequence[str]) -> str | None:
    """Return what `KEY = VALUE`, `KEY= VALUE` or `KEY =VALUE` means."""
    if before and before[0].endswith("=") and len(before[0]) > 1:
        return before[0] + argument
    if after[:1] == ["="] and len(after) > 1:
        return f"{argument}={after[1]}"
    if after and after[0].startswith("=") and len(after[0]) > 1:
        return argument + after[0]
    return None


def _groups_with(option: str) -> list[str]:
    return [
        group for group in ("hparams_search", "model", "objective") if option in options_of(group)
    ]


def _joined(override: str, arguments: Sequence[str]) -> str | None:
    """Return an override with what the shell cut off it at a blank; None if that does not help."""
    if override not in arguments:
        return None
    at = arguments.index(override)
    for end in range(at + 2, min(at + 8, len(arguments)) + 1):
        whole = " ".join(arguments[at:end])
        if _error(whole) is None and "=" not in whole.partition("=")[2]:
            return whole
    return None


def _trouble(override: str, reason: str) -> tuple[str, str]:
    """Return what is wrong, and the general way out."""
    way_out = """try 'KEY="VALUE"', a text in quotes of its own inside those of the shell"""
    error = _error(override)
    if error is None:
        return reason, way_out
    if found := _WHILE_EVALUATING.match(str(error)):
        call, function, said = found.groups()
        if function == "interval" and "log" in call:
            function = "tag"
        if function not in SWEEPS and (meant := _of_optuna(function)) is not None:
            way_out = "type " + shlex.quote("=".join((override.partition("=")[0], meant)))
        elif close := get_close_matches(function, SWEEPS, n=1):
            way_out = f"try {override.partition('=')[0]}={SWEEPS[close[0]]}"
        return f"{call}: {said.splitlines()[0]}", way_out
    if (character := _offending(override, error)) is not None:
        ends = character in _CLOSING.values()
        return f"{character!r} {'closes nothing' if ends else 'must stand in quotes'}", way_out
    if getattr(getattr(error.__cause__, "offendingToken", None), "text", "") == "<EOF>":
        return "it ends before its brackets are closed", way_out
    return " ".join(str(error).split()), way_out


def _of_optuna(function: str) -> str | None:
    """Return Hydra's grammar for what other libraries call a range by."""
    if "categorical" in function:
        return SWEEPS["choice"]
    if "log" in function:
        return SWEEPS["tag"]
    if "int" in function:
        return SWEEPS["int"]
    return SWEEPS["interval"] if function in ("float", "uniform", "linspace") else None


def _offending(override: str, error: HydraException) -> str | None:
    """Return the character at which Hydra's parser gave up."""
    cause = error.__cause__
    if (start := getattr(cause, "startIndex", None)) is not None:
        return override[start]
    if found := _EXTRANEOUS.search(str(error)):
        return found[1].strip()[:1]
    return None


def _error(override: str) -> HydraException | None:
    try:
        OverridesParser.create().parse_rule(override, "override")
    except HydraException as error:
        return error
    return None


def _repaired(key: str, value: str) -> str | None:
    """Return a value that Hydra reads, made of the one that it does not; None if that is hard."""
    attempts = [_with_quoted_elements(value)]
    if not _COMPOUND.match(value):
        attempts.append(_quoted(value))
    attempts.append(value + _missing_brackets(value))
    return next((one for one in attempts if one != value and _error(f"{key}={one}") is None), None)


def _with_quoted_elements(value: str) -> str:
    separators = r",()[]{}:" if "{" in value else r",()[]{}"
    parts = re.split(f"([{re.escape(separators)}])", value)
    return "".join(
        part
        if part in separators or not part.strip() or _error(f"key={part}") is None
        else _quoted(part.strip())
        for part in parts
    )


def _quoted(text: str) -> str:
    return write_value(text, quote=Quote.double)


def _missing_brackets(value: str) -> str:
    open_ones: list[str] = []
    for character in value:
        if character in _CLOSING:
            open_ones.append(_CLOSING[character])
        elif open_ones and character == open_ones[-1]:
            open_ones.pop()
    return "".join(reversed(open_ones))
