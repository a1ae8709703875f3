"""Ticks that people read: powers of ten, whole numbers, and the axis of a parameter."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial

_MOST_TICKS = 6
_MOST_WHOLE = 8
_LEAST_PLAIN, _MOST_PLAIN = -3, 4
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LONGEST = 18
_BESIDE = 0.04
_JITTER = 0.25


def log_ticks(low: float, high: float) -> dict[str, Any]:
    """Return the ticks of a logarithmic axis: powers of ten, of less than two decades 1, 2, 5."""
    decades = math.log10(high / low)
    if decades >= 2:
        step = max(1, math.ceil(decades / _MOST_TICKS))
        # Plotly writes powers a quarter larger, and turns them where they come close.
        look = {"tickfont": {"size": 10.5}, "tickangle": 0}
        return {"type": "log", "dtick": step, "exponentformat": "power", **look}
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    shown = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
    shown = [value for value in shown if low <= value <= high]
    if len(shown) < 2:
        return {"type": "log", "nticks": 4}
    return {"type": "log", "tickvals": shown, "ticktext": [f"{value:g}" for value in shown]}


def power_text(power: int) -> str:
    """Write a power of ten, without markup: 0.01, but 10⁻⁵."""
    if _LEAST_PLAIN <= power <= _MOST_PLAIN:
        return f"{10.0**power:g}"
    return f"10{str(power).translate(_SUPERSCRIPTS)}"


def whole_ticks(low: float, high: float) -> dict[str, Any]:
    """Return the ticks of an axis of whole numbers."""
    if high - low <= _MOST_WHOLE:
        return {"dtick": 1, "tick0": 0, "tickformat": "d"}
    return {"nticks": _MOST_TICKS, "tickformat": "d"}


@dataclass(frozen=True)
class ParamAxis:
    """The axis of a parameter: the range that was searched, or its choices in their order."""

    name: str
    low: float
    high: float
    is_log: bool = False
    is_whole: bool = False
    choices: Sequence[str] = ()

    @classmethod
    def of(cls, name: str, trials: Sequence[FrozenTrial]) -> "ParamAxis":
        """Return the axis of a parameter that some of the trials have."""
        dists = list({repr(d): d for t in trials if (d := t.distributions.get(name))}.values())
        numeric = [d for d in dists if isinstance(d, FloatDistribution | IntDistribution)]
        if len(numeric) < len(dists):
            return cls._of_choices(name, dists, trials)
        low, high = min(d.low for d in numeric), max(d.high for d in numeric)
        is_log = any(d.log for d in numeric) and low > 0
        is_whole = all(isinstance(d, IntDistribution) for d in numeric)
        return cls(name, low, high, is_log, is_whole)

    @classmethod
    def _of_choices(
        cls, name: str, dists: Sequence[BaseDistribution], trials: Sequence[FrozenTrial]
    ) -> "ParamAxis":
        offered = [str(c) for d in dists for c in getattr(d, "choices", ())]
        drawn = [str(t.params[name]) for t in trials if name in t.params]
        choices = list(dict.fromkeys([*offered, *drawn]))
        return cls(name, 0, len(choices) - 1, choices=choices)

    @property
    def is_ordered(self) -> bool:
        """Whether it has an order and an extent, so that between two values there is a third."""
        return not self.choices and not self._has_few and self.low < self.high

    @property
    def _has_few(self) -> bool:
        return bool(self.choices) or (self.is_whole and self.high - self.low <= _MOST_WHOLE)

    def position(self, trial: FrozenTrial) -> float:
        """Return where a trial stands on the axis."""
        value = trial.params[self.name]
        return self.choices.index(str(value)) if self.choices else float(value)

    def units(self, trials: Sequence[FrozenTrial]) -> npt.NDArray[np.float64]:
        """Return where trials stand between the axis's ends, 0 ... 1."""
        found = np.array([self.position(t) for t in trials], dtype=float)
        low, high = self.low, self.high
        if self.is_log:
            found, low, high = np.log(found), math.log(low), math.log(high)
        return np.asarray((found - low) / ((high - low) or 1.0))

    def values(self, units: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the values at positions 0 ... 1."""
        if self.is_log:
            return np.asarray(self.low * (self.high / self.low) ** units)
        return np.asarray(self.low + (self.high - self.low) * units)

    def scattered(self, trials: Sequence[FrozenTrial]) -> npt.NDArray[np.float64]:
        """Return where trials are drawn: those of one choice, or of few, a little apart."""
        found = np.array([self.position(t) for t in trials], dtype=float)
        if not self._has_few:
            return found
        apart = np.random.default_rng(0).uniform(-_JITTER, _JITTER, len(found))
        return np.asarray(found + apart)

    def layout(self) -> dict[str, Any]:
        """Return the layout of the axis."""
        title = {"title": {"text": self.name}}
        if self.choices:
            texts = [shortened(choice) for choice in self.choices]
            ticks = {"tickvals": list(range(len(texts))), "ticktext": texts}
            return {**title, **ticks, "range": [-0.6, len(texts) - 0.4]}
        if self.is_log and not self._has_few:
            wide = _wider(math.log10(self.low), math.log10(self.high))
            return {**title, "range": wide, **log_ticks(self.low, self.high)}
        whole = whole_ticks(self.low, self.high) if self.is_whole else {"nticks": _MOST_TICKS}
        ends = [self.low - 0.6, self.high + 0.6] if self._has_few else _wider(self.low, self.high)
        return {**title, "range": ends, **whole}


def _wider(low: float, high: float) -> list[float]:
    beside = _BESIDE * (high - low) or 0.5
    return [low - beside, high + beside]


def shortened(text: str) -> str:
    """Return a text as a tick shows it."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
