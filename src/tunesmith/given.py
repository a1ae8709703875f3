"""Refuse a config that leaves a value to be given, or whose values stand for each other."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from tunesmith.errors import InvalidConfig

_MISSING = "???"
_STANDS_FOR = re.compile(r"\$\{(\.*)([\w.]+)\}")


def check_typed(arguments: Sequence[str]) -> None:
    """Refuse an override that gives no value, or its own one.

    Args:
        arguments: The command line.

    Raises:
        InvalidConfig: The first such override.

    """
    pairs = [(argument, *argument.lstrip("+").partition("=")[::2]) for argument in arguments]
    _check_circles({name: value for _, name, value in pairs})
    for argument, name, value in pairs:
        if value.strip("'\"") == _MISSING:
            raise InvalidConfig(
                f"{argument}: {_MISSING} stands for a value that is to be given; "
                f"type {name}=VALUE, or leave {name} out"
            )


def check_given(cfg: DictConfig) -> None:
    """Refuse a value that is still to be given, and one that stands for itself.

    Args:
        cfg: A composed config, whatever of it is read later.

    Raises:
        InvalidConfig: Names the key.

    """
    values = dict(_leaves(OmegaConf.to_container(cfg, resolve=False)))
    for key, value in values.items():
        if value == _MISSING:
            raise InvalidConfig(
                f"{key} is {_MISSING} in the config, a value that is to be given; type {key}=VALUE"
            )
    _check_circles(values)


def _check_circles(values: Mapping[str, Any]) -> None:
    for key in values:
        if circle := _circle([key], values):
            chain = " -> ".join([*circle, circle[0]])
            raise InvalidConfig(
                f"{circle[0]} stands for itself ({chain}); type {circle[0]}=VALUE, without ${{...}}"
            )


def _leaves(node: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(node, Mapping | list):
        yield name, node
        return
    for key, value in node.items() if isinstance(node, Mapping) else enumerate(node):
        yield from _leaves(value, f"{name}.{key}" if name else str(key))


def _circle(keys: list[str], values: Mapping[str, Any]) -> list[str]:
    """Return the keys that lead from one back to itself, empty if none do."""
    value = values[keys[-1]]
    for dots, named in _STANDS_FOR.findall(value) if isinstance(value, str) else ():
        above = keys[-1].split(".")[: -len(dots)] if dots else []
        key = ".".join([*above, named])
        if key in keys:
            return keys[keys.index(key) :]
        if keys[-1].startswith(f"{key}."):
            return [keys[-1], key]
        if key in values and (circle := _circle([*keys, key], values)):
            return circle
    return []
