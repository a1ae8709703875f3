"""The finished trials of a one-objective study as arrays: what the rules of the advice read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState

from tunesmith.report.space import Numeric, to_unit
from tunesmith.report.trials import complete, finished, loss

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """COMPLETE trials, best first, with their losses (smaller is better, also when maximising).

    `dists` holds the parameters that every finished trial has, over one and the same range.
    `pruned` are the trials that were stopped: known to be no leaders.
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
        return max(6, math.ceil(0.15 * len(self.trials)))

    @cached_property
    def units(self) -> dict[str, Array]:
        """Positions 0 ... 1 of the COMPLETE trials in each numeric range, best trial first."""
        return {
            name: np.array([to_unit(t.params[name], dist) for t in self.trials])
            for name, dist in self.numeric.items()
        }

    def leading_units(self, name: str) -> Array:
        """Positions of the good trials in the range of `name`."""
        return self.units[name][: self.n_leaders]

    @property
    def has_spread(self) -> bool:
        """Whether the losses differ: ties say nothing about parameters."""
        worst_leader = self.losses[min(self.n_leaders, len(self.losses) - 1)]
        return bool(np.median(self.losses) > self.losses[0] and self.losses[-1] > worst_leader)


def sample_of(study: optuna.Study) -> Sample:
    """Arrays of a one-objective study; every array is empty for an empty study."""
    ended = finished(study)
    ranked = sorted(complete(study), key=loss(study))
    return Sample(
        dists=steady_space(ended),
        trials=ranked,
        losses=np.array([loss(study)(t) for t in ranked]),
        pruned=[t for t in ended if t.state == TrialState.PRUNED],
    )


def steady_space(trials: Sequence[FrozenTrial]) -> dict[str, BaseDistribution]:
    """Parameters that every trial has, with one and the same distribution of several values."""
    if not trials:
        return {}
    first = trials[0].distributions
    return {
        name: dist
        for name, dist in first.items()
        if not dist.single() and all(t.distributions.get(name) == dist for t in trials)
    }
