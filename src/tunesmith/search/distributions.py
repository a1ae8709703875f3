"""Read Hydra's ranges and intervals as Optuna's distributions."""

from decimal import Decimal
from math import isfinite
from typing import Any

from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep, Transformer
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)


def read_distribution(override: Override) -> BaseDistribution:
    """Return what a sweep that is no choice draws from.

    Hydra's `interval(1,4)` is a real number, `int(interval(1,4))` an integer from 1 to 4, and
    `range(1,4)` one of 1, 2, 3: its stop is exclusive, as Python's.

    Raises:
        ValueError: The sweep holds no value, or one that its scale does not take.

    """
    sweep = override.value()
    if isinstance(sweep, IntervalSweep):
        return _interval(sweep)
    assert isinstance(sweep, RangeSweep)
    is_shuffled, sweep.shuffle = sweep.shuffle, False  # Every worker has to read the same.
    if sweep.step == 0:
        raise ValueError("a range needs a step other than 0")
    values: list[Any] = list(override.sweep_iterator(transformer=Transformer.encode))
    if not values:
        raise ValueError("the range holds no value")
    if is_shuffled or sweep.transformers:
        return CategoricalDistribution(values)
    if all(isinstance(value, int) for value in values):
        return IntDistribution(min(values), max(values), step=abs(int(sweep.step)))
    return _stepped(values, step=abs(sweep.step))


def _interval(sweep: IntervalSweep) -> BaseDistribution:
    low, high, log = sweep.start, sweep.end, "log" in sweep.tags
    assert low is not None
    assert high is not None
    if not (isfinite(low) and isfinite(high)):
        raise ValueError("both ends of an interval must be finite")
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(float(low), float(high), log=log)


def _stepped(values: list[Any], *, step: Any) -> BaseDistribution:
    """Return the distribution over these values, as choices where its own would be others."""
    low, high = float(min(values)), float(max(values))
    width = Decimal(str(high)) - Decimal(str(low))
    if width % Decimal(str(step)) == 0:
        return FloatDistribution(low, high, step=float(step))
    return CategoricalDistribution([float(value) for value in values])


def every_value(distribution: BaseDistribution) -> list[Any]:
    """Return all values of a distribution.

    Raises:
        ValueError: It is continuous.

    """
    match distribution:
        case CategoricalDistribution():
            return list(distribution.choices)
        case IntDistribution():
            return list(range(distribution.low, distribution.high + 1, distribution.step))
        case FloatDistribution(step=float(step)):
            low, width = Decimal(str(distribution.low)), Decimal(str(step))
            count = int((Decimal(str(distribution.high)) - low) / width) + 1
            return [float(low + i * width) for i in range(count)]
    raise ValueError(f"expected a discrete distribution, got {distribution!r}")
