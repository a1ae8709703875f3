"""Rules that fix a parameter: a choice all good trials share, a parameter that does not matter."""

import math

import numpy as np

from tunesmith.advice import surface
from tunesmith.advice.advice import Advice, Write
from tunesmith.advice.sample import Sample
from tunesmith.overrides import quote_for_shell, write_value

_MIN_TRIED = 4
# Stricter than 5 %: a sampler that follows its leaders draws trials that resemble them.
_MOST_LUCK = 0.02


def advise_choices(sample: Sample, *, write: Write) -> list[Advice]:
    """Fix each choice that all of the best trials share although others were given a chance."""
    advice = (_shared_choice(sample, name, write=write) for name in sample.categorical)
    return [piece for piece in advice if piece]


def _shared_choice(sample: Sample, name: str, *, write: Write) -> Advice | None:
    ranked = [t.params[name] for t in sample.trials]
    tried = [*ranked, *(t.params[name] for t in sample.pruned)]
    choice = ranked[0]
    sharing = next((i for i, c in enumerate(ranked) if c != choice), len(ranked))
    others = [c for c in sample.categorical[name].choices if c != choice]
    rivals = len(tried) - tried.count(choice)
    if sharing < max(6, 0.1 * len(ranked)) or min(tried.count(c) for c in others) < _MIN_TRIED:
        return None
    if _luck(len(tried), rivals, sharing) > _MOST_LUCK:
        return None
    value = write(name, choice)
    return Advice(
        rule="fix-choice",
        sentence=f"All good trials use {quote_for_shell(f'{name}={value}')}: fix it",
        evidence=f"the best {sharing} trials share it; {rivals} of {len(tried)} finished trials "
        f"tried another choice{sample.note}",
        changes={name: value},
    )


def _luck(trials: int, rivals: int, leaders: int) -> float:
    """Return the probability that no rival is a leader by chance (hypergeometric)."""
    return math.comb(trials - rivals, leaders) / math.comb(trials, leaders)


def advise_unimportant(sample: Sample, *, write: Write) -> list[Advice]:
    """Fix each parameter without which a surface explains the losses just as well."""
    if len(sample.dists) < 2 or len(sample.trials) < 40:
        return []
    fits = [surface.local(sample, 0.5), surface.local(sample, 1.0)]
    if min(fit.explained() for fit in fits) < 0.8:
        return []
    idle = [name for name in sample.dists if _is_idle(sample, name, fits)]
    return [_unimportant(sample, name, write=write) for name in idle]


def _is_idle(sample: Sample, name: str, fits: list[surface.Surface]) -> bool:
    losses = [fit.explained() - fit.explained(without=[name]) for fit in fits]
    return max(losses) < 0.001 and _roams(sample, name)


def _roams(sample: Sample, name: str) -> bool:
    if name in sample.categorical:
        leading = [t.params[name] for t in sample.trials[: sample.n_leaders]]
        return len(set(leading)) > 1
    return float(np.ptp(sample.leading_units(name))) > 0.4


def _unimportant(sample: Sample, name: str, *, write: Write) -> Advice:
    best = sample.trials[0].params[name]
    value = write(name, best)
    if name in sample.numeric and isinstance(best, float):
        value = write_value(float(f"{best:.3g}"))
    return Advice(
        rule="fix-unimportant",
        sentence=f"{name} hardly matters: fix it, {quote_for_shell(f'{name}={value}')}",
        evidence="the other parameters explain the values just as well without it, and the good "
        "trials spread over its range" + sample.note,
        changes={name: value},
    )
