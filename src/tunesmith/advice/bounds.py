"""Rules about ranges: widen a bound the good trials crowd against, narrow a side they never use."""

from dataclasses import dataclass

import numpy as np
from optuna.distributions import IntDistribution

from tunesmith.advice import surface
from tunesmith.advice.advice import Accepts, Advice, number
from tunesmith.advice.ranges import Numeric, from_unit, to_unit, with_bounds
from tunesmith.advice.sample import Sample
from tunesmith.overrides import quote_for_shell, write_sweep, write_value


@dataclass(frozen=True)
class _Keep:
    """What a narrowed range must hold: the best trials and a margin on either side.

    Shares are of the trials, margin and cut are in units of the range. `least_tried` is the share
    of all trials that must have tried what is cut off.
    """

    good_share: float
    least_good: int
    least_margin: float
    least_cut: float
    least_tried: float


# A smooth loss is known well between the trials; elsewhere another valley may hide.
_SMOOTH = _Keep(good_share=0.1, least_good=6, least_margin=0.02, least_cut=0.05, least_tried=0.0)
_ROUGH = _Keep(good_share=0.4, least_good=10, least_margin=0.08, least_cut=0.15, least_tried=0.15)


@dataclass(frozen=True)
class _Side:
    """What happens to one bound: its new position in units of the old range, and why."""

    rule: str
    position: float
    where: str
    evidence: str


def advise_bounds(sample: Sample, *, accepts: Accepts) -> list[Advice]:
    """Widen and narrow; both ends of a parameter share one new range, and one sentence.

    Where the wider range is not accepted, the bounds stay that would have been widened.
    """
    advice = (_advise_parameter(sample, name, accepts=accepts) for name in sample.numeric)
    return [piece for piece in advice if piece]


def _advise_parameter(sample: Sample, name: str, *, accepts: Accepts) -> Advice | None:
    lower, upper = (_side(sample, name, upper=upper) for upper in (False, True))
    tried = [(lower, upper), (_if_narrower(lower), upper), (lower, _if_narrower(upper))]
    tried.append((_if_narrower(lower), _if_narrower(upper)))
    for pair in tried:
        advice = _new_range(sample.numeric[name], name, *pair)
        if advice is None or accepts(advice.changes):
            return advice
    return None


def _if_narrower(side: _Side | None) -> _Side | None:
    return side if side is not None and side.rule == "narrow" else None


def _new_range(dist: Numeric, name: str, lower: _Side | None, upper: _Side | None) -> Advice | None:
    low = from_unit(lower.position, dist) if lower else dist.low
    high = from_unit(upper.position, dist) if upper else dist.high
    new = with_bounds(dist, low, high)
    if new == dist:
        return None
    value = write_value(new.low) if new.single() else write_sweep(new)
    sides = [side for side in (lower, upper) if side]
    return _sentence(name, value, sides)


def _sentence(name: str, value: str, sides: list[_Side]) -> Advice:
    widened = " and the ".join(side.where for side in sides if side.rule == "widen")
    narrowed = " or ".join(side.where for side in sides if side.rule == "narrow")
    if widened and narrowed:
        said = f"crowd against the {widened} bound of {name}, and never use it {narrowed}: shift it"
    elif widened:
        said = f"crowd against the {widened} bound of {name}: widen it"
    else:
        said = f"never use {name} {narrowed}: narrow it"
    return Advice(
        rule="widen" if widened else "narrow",
        sentence=f"The good trials {said}, {quote_for_shell(f'{name}={value}')}",
        evidence="; ".join(side.evidence for side in sides),
        changes={name: value},
    )


def _side(sample: Sample, name: str, *, upper: bool) -> _Side | None:
    return _widened(sample, name, upper=upper) or _narrowed(sample, name, upper=upper)


def _widened(sample: Sample, name: str, *, upper: bool) -> _Side | None:
    dist = sample.numeric[name]
    target = _beyond(dist, upper=upper)
    if target is None or not _crowds(sample, name, upper=upper):
        return None
    bound, word = (dist.high, "upper") if upper else (dist.low, "lower")
    leading = sample.leading_units(name)
    near = int(np.sum((1 - leading if upper else leading) <= 0.25))
    best = number(sample.trials[0].params[name])
    return _Side(
        rule="widen",
        position=_log_unit(target, dist) if dist.log else to_unit(target, dist),
        where=word,
        evidence=f"{near} of the best {len(leading)} trials lie in the quarter of the range next "
        f"to {number(bound)}, the best at {best}, and values get no worse before it{sample.note}",
    )


def _log_unit(value: float, dist: Numeric) -> float:
    return float(np.log(value / dist.low) / np.log(dist.high / dist.low))


def _crowds(sample: Sample, name: str, *, upper: bool) -> bool:
    """Tell whether the optimum of `name` most likely lies beyond the bound.

    Where a surface describes the better trials well, every near fit must still fall at the bound.
    Where noise between the good trials hides the shape, the crowd itself must sit at the bound.
    """
    leading = sample.leading_units(name)
    gaps = 1 - leading if upper else leading
    if np.median(gaps) > 0.16 or gaps[0] > 0.2:
        return False
    if not surface.is_noisy(sample):
        near = [surface.local(sample, share) for share in (0.4, 0.6)]
        return min(fit.outward_share(name, upper=upper) for fit in near) >= 0.95
    at_bound, spread = gaps.min() <= 0.03, gaps.max() <= 0.4
    outward = surface.overall(sample).outward_share(name, upper=upper)
    return bool(at_bound and spread and outward >= 0.7)


def _beyond(dist: Numeric, *, upper: bool) -> float | None:
    """Return a bound further out, or None at a natural end: 0, an integer 1, a share of 1."""
    share = (
        dist.low >= 0 and dist.high <= 1 and not dist.log and not isinstance(dist, IntDistribution)
    )
    span = dist.high - dist.low
    if upper:
        if share:
            return None if dist.high == 1 else min(dist.high + span, (1 + dist.high) / 2)
        if dist.log:
            return float(dist.high * _factor(dist))
        return float(dist.high * 2 if dist.low > 0 else dist.high + 0.6 * span)
    if dist.low == 0 or (isinstance(dist, IntDistribution) and dist.low == 1):
        return None
    if dist.log:
        lowest = 1 if isinstance(dist, IntDistribution) else 0
        return float(max(lowest, dist.low / _factor(dist)))
    if dist.low > 0:
        return float(max(1, dist.low // 4) if isinstance(dist, IntDistribution) else dist.low / 4)
    return float(dist.low - 0.6 * span)


def _factor(dist: Numeric) -> float:
    return float(min(10.0, max(2.0, (dist.high / dist.low) ** 0.5)))


def _narrowed(sample: Sample, name: str, *, upper: bool) -> _Side | None:
    dist, units = sample.numeric[name], sample.units[name]
    smooth = surface.is_smooth(sample)
    keep = _SMOOTH if smooth else _ROUGH
    good = units[: max(keep.least_good, round(keep.good_share * len(units)))]
    margin = max(keep.least_margin, 0.25 * float(np.ptp(good)))
    edge = float(min(1, good.max() + margin) if upper else max(0, good.min() - margin))
    tried = [*units, *(to_unit(t.params[name], dist) for t in sample.pruned)]
    beyond = sum(u > edge if upper else u < edge for u in tried)
    cut = 1 - edge if upper else edge
    if cut < keep.least_cut or beyond < max(3, keep.least_tried * len(tried)):
        return None
    if smooth and _still_falls(sample, name, upper=upper, edge=edge):
        return None
    where = f"{'above' if upper else 'below'} {number(from_unit(edge, dist))}"
    return _Side(
        rule="narrow",
        position=edge,
        where=where,
        evidence=f"{beyond} trials lie {where}, none of them among the best {len(good)}"
        + sample.note,
    )


def _still_falls(sample: Sample, name: str, *, upper: bool, edge: float) -> bool:
    near = surface.local(sample, 0.4)
    return near.outward_share(name, upper=upper, at=edge) > 0.05
