"""One piece of advice: what to do, why, and the overrides that do it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Advice:
    """`rule` is a stable id; `changes` maps parameter -> value in Hydra's sweep grammar.

    `n_trials` is a new total of trials where the advice is about their number.
    """

    rule: str
    sentence: str
    evidence: str
    changes: Mapping[str, str] = field(default_factory=dict)
    n_trials: int | None = None


def number(value: float) -> str:
    """Write a number as people read it: four significant digits at most."""
    return f"{value:.4g}"
