"""The rule about trials that diverged or failed: how many, and where they lie."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState

from tunesmith.advice.advice import Advice, number
from tunesmith.overrides import write_value
from tunesmith.study import TrialRecord, params_of, shown

_MIN_FAILED = 5
_MIN_SHARE = 0.1


@dataclass(frozen=True)
class _Region:
    """A part of the space: its name and who lies in it."""

    name: str
    holds: Callable[[FrozenTrial], bool]


def advise_failures(study: optuna.Study) -> list[Advice]:
    """Say how many trials failed or diverged, and in which part of the space they lie."""
    trials = [t for t in shown(study) if t.state.is_finished()]
    failed = {t.number for t in trials if has_failed(t)}
    if len(failed) < _MIN_FAILED or len(failed) < _MIN_SHARE * len(trials):
        return []
    count = f"{len(failed)} of {len(trials)} trials diverged or failed"
    regions = _describe(trials, failed, params_of(study))
    if not regions:
        return [
            Advice("failures", f"{count}, all over the space: look at their logs", _why(trials))
        ]
    inside = [t for t in trials if all(region.holds(t) for region in regions)]
    hits = sum(t.number in failed for t in inside)
    where = " and ".join(region.name for region in regions)
    return [
        Advice(
            rule="failures",
            sentence=f"{count}, {hits} of them where {where}: leave that part out",
            evidence=f"{hits} of the {len(inside)} trials there failed, {len(failed) - hits} of "
            f"the {len(trials) - len(inside)} elsewhere; {_why(trials)}",
        )
    ]


def has_failed(trial: FrozenTrial) -> bool:
    """Return True for a trial that failed or diverged; one that was pruned has done neither."""
    return trial.state == TrialState.FAIL or TrialRecord.of(trial).diverged


def _why(trials: Sequence[FrozenTrial]) -> str:
    failed = [t for t in trials if has_failed(t)]
    reasons = [TrialRecord.of(t).reason or "no reason given" for t in failed]
    common = max(set(reasons), key=reasons.count)
    return f"most often: {common}"


def _describe(
    trials: Sequence[FrozenTrial], failed: set[int], params: Sequence[str]
) -> list[_Region]:
    """Return at most two conditions, each of which makes the failures clearly denser."""
    regions: list[_Region] = []
    inside = list(trials)
    for _ in range(2):
        scored = [(_surprise(inside, failed, r), r) for p in params for r in _regions(inside, p)]
        surprise, region = min(scored, key=lambda pair: pair[0], default=(1.0, None))
        if region is None or surprise > 0.001:
            break
        regions.append(region)
        inside = [t for t in inside if region.holds(t)]
    return regions


def _surprise(trials: Sequence[FrozenTrial], failed: set[int], region: _Region) -> float:
    """Return the probability of so many failures in the region by chance: a hypergeometric tail."""
    inside = [t for t in trials if region.holds(t)]
    hits = sum(t.number in failed for t in inside)
    total, bad, size = len(trials), sum(t.number in failed for t in trials), len(inside)
    ways = sum(
        math.comb(bad, k) * math.comb(total - bad, size - k)
        for k in range(hits, min(bad, size) + 1)
    )
    return ways / math.comb(total, size)


def _regions(trials: Sequence[FrozenTrial], name: str) -> Iterator[_Region]:
    known = [t for t in trials if name in t.params]
    if not known:
        return
    values = {t.params[name] for t in known}
    if isinstance(known[0].distributions[name], CategoricalDistribution):
        for choice in values:
            yield _Region(f"{name}={write_value(choice)}", _equals(name, choice))
        return
    for cut in sorted(values):
        yield _Region(f"{name} >= {number(cut)}", _at_least(name, cut))
        yield _Region(f"{name} <= {number(cut)}", _at_most(name, cut))


def _equals(name: str, choice: object) -> Callable[[FrozenTrial], bool]:
    return lambda trial: name in trial.params and trial.params[name] == choice


def _at_least(name: str, cut: float) -> Callable[[FrozenTrial], bool]:
    return lambda trial: name in trial.params and trial.params[name] >= cut


def _at_most(name: str, cut: float) -> Callable[[FrozenTrial], bool]:
    return lambda trial: name in trial.params and trial.params[name] <= cut
