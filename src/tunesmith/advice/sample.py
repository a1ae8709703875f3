"""The finished trials of a one-objective study as arrays: what the rules of the advice read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState

from tunesmith.advice.failures import has_failed
from tunesmith.advice.pruned_losses import LEAST_LEADERS, estimated_losses
from tunesmith.advice.ranges import Numeric, to_unit
from tunesmith.study import complete, finished, loss, sign

Array = npt.NDArray[np.float64]

MIN_TRIALS = 25


# Compared by identity: what is computed of one is kept by it.
@dataclass(frozen=True, eq=False)
class Sample:
    """Ranked trials, best first, with their losses (smaller is better, also when maximising).

    These are the COMPLETE trials and, with an estimated loss, those that the pruner stopped.
    `dists` holds the parameters that every finished trial has, over one and the same range.
    `pruned` are the stopped trials without a rank: known to be no leaders.
    """

    dists: dict[str, BaseDistribution]
    trials: Sequence[FrozenTrial]
    losses: Array
    pruned: Sequence[FrozenTrial]

    @property
    def numeric(self) -> dict[str, Numeric]:
        """The parameters with an order."""
        return {k: d for k, d in self.dists.items() if isinstance(d, Numeric)}

    @property
    def categorical(self) -> dict[str, CategoricalDistribution]:
        """The parameters without an order."""
        return {k: d for k, d in self.dists.items() if isinstance(d, CategoricalDistribution)}

    @property
    def n_leaders(self) -> int:
        """How many trials count as good: the best 15 %, at least six."""
        return max(LEAST_LEADERS, math.ceil(0.15 * len(self.trials)))

    @property
    def note(self) -> str:
        """What evidence says of the ranks of pruned trials, empty where none has a rank."""
        ranks = any(t.state == TrialState.PRUNED for t in self.trials)
        return "; pruned trials rank by their last values" if ranks else ""

    @property
    def is_telling(self) -> bool:
        """Whether there are enough trials, and differences, to advise on the space."""
        return len(self.trials) >= MIN_TRIALS and self.has_spread

    def measured(self) -> "Sample":
        """Return the COMPLETE trials alone."""
        known = np.array([t.state == TrialState.COMPLETE for t in self.trials], dtype=bool)
        kept = [t for t in self.trials if t.state == TrialState.COMPLETE]
        rest = [t for t in self.trials if t.state == TrialState.PRUNED]
        return replace(self, trials=kept, losses=self.losses[known], pruned=[*self.pruned, *rest])

    @cached_property
    def units(self) -> dict[str, Array]:
        """Positions 0 ... 1 of the ranked trials in each numeric range, best trial first."""
        return {
            name: np.array([to_unit(t.params[name], dist) for t in self.trials])
            for name, dist in self.numeric.items()
        }

    def leading_units(self, name: str) -> Array:
        """Return the positions of the good trials in the range of `name`."""
        return self.units[name][: self.n_leaders]

    @property
    def has_spread(self) -> bool:
        """Whether the losses differ: ties say nothing about parameters."""
        worst_leader = self.losses[min(self.n_leaders, len(self.losses) - 1)]
        return bool(np.median(self.losses) > self.losses[0] and self.losses[-1] > worst_leader)


def sample_of(study: optuna.Study) -> Sample:
    """Return the arrays of a one-objective study; every array is empty for an empty study."""
    ended, done = finished(study), complete(study)
    pruned = [t for t in ended if t.state == TrialState.PRUNED]
    losses = estimated_losses(
        done,
        [t for t in pruned if not has_failed(t)],
        loss=loss(study),
        sign=sign(study),
    )
    # COMPLETE trials come first in a tie.
    ranked = [t for t in (*done, *pruned) if t.number in losses]
    ranked.sort(key=lambda t: losses[t.number])
    return Sample(
        dists=steady_space(ended),
        trials=ranked,
        losses=np.array([losses[t.number] for t in ranked]),
        pruned=[t for t in pruned if t.number not in losses],
    )


def steady_space(trials: Sequence[FrozenTrial]) -> dict[str, BaseDistribution]:
    """Return the distributions that are the same in every trial, by parameter.

    Distributions of a single value are left out.
    """
    if not trials:
        return {}
    first = trials[0].distributions
    return {
        name: dist
        for name, dist in first.items()
        if not dist.single() and all(t.distributions.get(name) == dist for t in trials)
    }
