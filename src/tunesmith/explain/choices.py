"""Say what is wrong with the choice of a config group's option."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override, Transformer
from hydra.errors import HydraException

from tunesmith.errors import InvalidConfig, nearest
from tunesmith.explain.keys import is_needed, options_of

# Several callbacks, experiments or helps for debugging go together.
_OF_ONE_OPTION = {
    *("confirm", "data", "hparams_search", "metric", "model", "objective", "optimizer"),
    *("scheduler", "storage", "tracking", "trainer", "hydra/launcher", "hydra/sweeper"),
    *(f"hydra/sweeper/{part}" for part in ("pruner", "sampler", "terminator")),
}
_NO_NAME = "Config group override must be a string or a list"
_SEVERAL = "must be selected before the sweep starts"


def misused_choice(error: Exception) -> str | None:
    """Return in one line which choice of a group Hydra cannot take; None if that is not it.

    Args:
        error: What Hydra raised: `optimizer=null`, `hparams_search=mlp,quadratic`.

    """
    if _NO_NAME in str(error):
        return next(
            map(_no_name, _choices(of=lambda o: not isinstance(o.value(), str | list))), None
        )
    if _SEVERAL in str(error):
        return next(map(_several, _choices(of=Override.is_sweep_override)), None)
    return None


def check_single_options(arguments: Sequence[str]) -> None:
    """Refuse several options of a group that takes one: Hydra would mix their keys.

    Args:
        arguments: The command line.

    Raises:
        InvalidConfig: The first such choice.

    """
    for argument in arguments:
        group, _, value = argument.lstrip("+").partition("=")
        if "[" not in value or group.partition("@")[0] not in _OF_ONE_OPTION:
            continue
        with contextlib.suppress(HydraException):
            override = OverridesParser.create().parse_override(argument)
            if (listed := _lists_in(override)) and listed[0]:
                raise InvalidConfig(_not_one(argument, group, listed[0]))


def _lists_in(override: Override) -> list[list[str]]:
    values = override.sweep_iterator() if override.is_sweep_override() else [override.value()]
    return [[str(one) for one in value] for value in values if isinstance(value, list)]


def _not_one(argument: str, group: str, listed: Sequence[str]) -> str:
    others = [other for other in listed if other != listed[0]]
    each = f", or -m {group}={','.join(listed)} for a run with each" if others else ""
    if group == "hparams_search":
        each = ", and the others in commands of their own" if others else ""
    return f"{argument}: {group} takes one option; try {group}={listed[0]}{each}"


def _no_name(override: Override) -> str:
    group = override.get_key_element()
    options = options_of(group)
    way_out = "none" if "none" in options else nearest("", options)
    if "none" not in options and not is_needed(group):
        way_out = f"{way_out}, or ~{group} for none"
    return f"{override.input_line}: {group} takes the name of an option; try {group}={way_out}"


def _several(override: Override) -> str:
    group = override.get_key_element()
    is_glob = isinstance(override.value(), Glob)
    names = options_of(group) if is_glob else override.sweep_iterator(transformer=Transformer.str)
    return (
        f"{override.input_line}: a command runs one search; "
        f"try {group}={next(iter(names))}, and the others in commands of their own"
    )


def _choices(*, of: Callable[[Override], bool]) -> Iterator[Override]:
    """Yield the choices of groups on the command line that are of a kind."""
    for argument in sys.argv[1:]:
        with contextlib.suppress(HydraException):
            override = OverridesParser.create().parse_override(argument)
            if options_of(override.get_key_element().lstrip("+~")) and of(override):
                yield override
