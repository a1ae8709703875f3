"""Optuna's distributions as unit intervals, for the rules."""

import math
from decimal import Decimal

from optuna.distributions import (
    FloatDistribution,
    IntDistribution,
)

Numeric = FloatDistribution | IntDistribution


def to_unit(value: float, dist: Numeric) -> float:
    """Return the position of `value` in [low, high], 0 ... 1, on the own scale of `dist`."""
    low, high, x = (math.log(v) if dist.log else float(v) for v in (dist.low, dist.high, value))
    return 0.5 if high == low else (x - low) / (high - low)


def from_unit(unit: float, dist: Numeric) -> float:
    """Return the value at position `unit`; beyond 0 ... 1 it extrapolates on the same scale."""
    if dist.log:
        low, high = math.log(dist.low), math.log(dist.high)
        return math.exp(low + unit * (high - low))
    return dist.low + unit * (dist.high - dist.low)


def with_bounds(dist: Numeric, low: float, high: float) -> Numeric:
    """Return `dist` over [low, high], the bounds rounded outwards to two digits, or to steps."""
    if isinstance(dist, IntDistribution):
        steps = (math.floor((low - dist.low) / dist.step), math.ceil((high - dist.low) / dist.step))
        first, last = (dist.low + k * dist.step for k in steps)
        return IntDistribution(first, last, log=dist.log, step=dist.step)
    if dist.step is not None:
        grid, origin = Decimal(str(dist.step)), Decimal(str(dist.low))
        start = origin + math.floor((low - dist.low) / dist.step) * grid
        stop = origin + math.ceil((high - dist.low) / dist.step) * grid
        return FloatDistribution(float(start), float(stop), step=dist.step)
    # A bound that stays keeps all its digits.
    span = high - low
    if low != dist.low:
        low = _rounded(low, down=True, log=dist.log, span=span)
    if high != dist.high:
        high = _rounded(high, down=False, log=dist.log, span=span)
    return FloatDistribution(low, high, log=dist.log)


def _rounded(value: float, *, down: bool, log: bool, span: float) -> float:
    size = abs(value) if log else span
    if size == 0:
        return value
    digits = 1 - math.floor(math.log10(size))
    # The tiny tolerance keeps 0.30000000000000004 at 0.3.
    scaled = value * 10.0**digits
    whole = math.floor(scaled + 1e-9) if down else math.ceil(scaled - 1e-9)
    return float(f"{whole}e{-digits}")
