"""Optuna's distributions as unit intervals (for the rules) and in Hydra's sweep grammar."""

import math
import re
from decimal import Decimal

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

Numeric = FloatDistribution | IntDistribution

_PLAIN_WORD = re.compile(r"[A-Za-z_][\w./-]*")
_NOT_A_STRING = {"null", "true", "false", "nan", "inf"}


def to_unit(value: float, dist: Numeric) -> float:
    """Position of `value` in [low, high], 0 ... 1, on the distribution's own (log) scale."""
    low, high, x = (math.log(v) if dist.log else float(v) for v in (dist.low, dist.high, value))
    return 0.5 if high == low else (x - low) / (high - low)


def from_unit(unit: float, dist: Numeric) -> float:
    """Value at position `unit`; positions beyond 0 ... 1 extrapolate on the same scale."""
    if dist.log:
        low, high = math.log(dist.low), math.log(dist.high)
        return math.exp(low + unit * (high - low))
    return dist.low + unit * (dist.high - dist.low)


def with_bounds(dist: Numeric, low: float, high: float) -> Numeric:
    """`dist` over [low, high], the bounds rounded outwards to two digits, or to whole steps."""
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


def sweep(dist: BaseDistribution) -> str:
    """`dist` as the value of a Hydra sweep override, e.g. `tag(log,interval(1e-05,0.1))`."""
    match dist:
        case CategoricalDistribution():
            return f"choice({','.join(plain(choice) for choice in dist.choices)})"
        case IntDistribution(step=1):
            interval = f"int(interval({dist.low},{dist.high}))"
            return f"tag(log,{interval})" if dist.log else interval
        case IntDistribution():
            return f"range({dist.low},{dist.high + 1},{dist.step})"
        case FloatDistribution(step=float(step)):
            # Hydra's stop is exclusive, Optuna's high is not.
            stop = Decimal(str(dist.high)) + Decimal(str(step)) / 2
            return f"range({dist.low!r},{float(stop)!r},{step!r})"
        case FloatDistribution():
            interval = f"interval({dist.low!r},{dist.high!r})"
            return f"tag(log,{interval})" if dist.log else interval
    raise ValueError(
        f"expected a float, integer or categorical distribution, got {dist!r}; "
        "leave this parameter out of the new space"
    )


def plain(value: object) -> str:
    """Write one value in Hydra's grammar, quoted where a bare word would mean something else."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return repr(value)
    if _PLAIN_WORD.fullmatch(value) and value.lower() not in _NOT_A_STRING:
        return value
    escaped = value.replace("'", "\\'")
    return f"'{escaped}'"
