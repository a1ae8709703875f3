"""One piece of advice: what to do, why, and the overrides that do it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tunesmith.overrides import write_value

# Tells of a change of the space, value by parameter, whether it can be searched.
Accepts: TypeAlias = Callable[[Mapping[str, str]], bool]

# Writes a parameter's value, as the study keeps it, in Hydra's grammar.
Write: TypeAlias = Callable[[str, Any], str]


@dataclass(frozen=True)
class Advice:
    """One piece of advice for the next search.

    Attributes:
        rule: The id of the rule that gave it, such as "fewer-trials"; it stays the same.
        sentence: What to do, without a full stop.
        evidence: What of the study it rests on, without a full stop.
        changes: New values by parameter, in Hydra's sweep grammar: {"lr": "interval(0.1,1)"}.
        n_trials: The new total of trials; None if the advice is not about their number.

    """

    rule: str
    sentence: str
    evidence: str
    changes: Mapping[str, str] = field(default_factory=dict)
    n_trials: int | None = None


def accept_all(changes: Mapping[str, str]) -> bool:
    """Return True: nothing is known of what cannot be searched."""
    return True


def write_kept(name: str, value: Any) -> str:
    """Write a value of any parameter for what it is in the study."""
    return write_value(value)


def number(value: float) -> str:
    """Write a number as people read it: four significant digits at most."""
    return f"{value:.4g}"
