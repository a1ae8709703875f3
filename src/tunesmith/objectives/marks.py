"""Mark plain functions that are objectives with what a class would say of itself."""

from collections.abc import Callable
from typing import Any, TypeVar

from omegaconf import DictConfig

Function = TypeVar("Function", bound=Callable[..., Any])


def ignoring(*groups: str) -> Callable[[Function], Function]:
    """Mark a plain function as one that reads nothing of these groups of the config."""

    def marked(function: Function) -> Function:
        function.__dict__["ignores"] = groups
        return function

    return marked


def refusing(check: Callable[[DictConfig], None]) -> Callable[[Function], Function]:
    """Mark a plain function as one that computes nothing of a config that `check` refuses."""

    def marked(function: Function) -> Function:
        function.__dict__["refused_by"] = check
        return function

    return marked
