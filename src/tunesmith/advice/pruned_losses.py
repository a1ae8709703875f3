"""What pruned trials would have come to: each keeps the rank in which it was stopped."""

import math
from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np
from optuna.trial import FrozenTrial

# So many trials are leaders in any case: a stopped trial is not known to be one of them.
LEAST_LEADERS = 6


def estimated_losses(
    complete: Sequence[FrozenTrial],
    stopped: Sequence[FrozenTrial],
    *,
    loss: Callable[[FrozenTrial], float],
    sign: float,
) -> dict[int, float]:
    """Return losses by trial number, measured for COMPLETE trials and estimated for stopped ones.

    A stopped trial keeps its rank among the trials that went on beyond its last step, as successive
    halving supposes: Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and
    Hyperparameter Optimization" (2016). The latest steps come first, and an estimate then stands in
    for its trial. `sign` turns an intermediate value into a loss. Trials without a finite last
    value are left out, and so is every stopped trial where few are COMPLETE.
    """
    losses = {trial.number: loss(trial) for trial in complete}
    if len(complete) < LEAST_LEADERS:
        return losses
    leading = sorted(losses.values())[LEAST_LEADERS - 1]
    peers = list(complete)
    valued = [t for t in stopped if math.isfinite(_last_value(t))]
    for step, group in groupby(sorted(valued, key=_last_step, reverse=True), key=_last_step):
        level = [t for t in peers if math.isfinite(_value_at(t, step))]
        if not level:
            continue
        before = sorted(sign * _value_at(t, step) for t in level)
        after = sorted(losses[t.number] for t in level)
        for trial in group:
            final = float(np.interp(sign * _last_value(trial), before, after))
            losses[trial.number] = max(leading, final)
            peers.append(trial)
    return losses


def _last_step(trial: FrozenTrial) -> int:
    assert trial.last_step is not None
    return trial.last_step


def _last_value(trial: FrozenTrial) -> float:
    values = trial.intermediate_values
    return values[_last_step(trial)] if values else math.nan


def _value_at(trial: FrozenTrial, step: int) -> float:
    """Return the value at `step` or the step nearest to it, NaN where the trial reported none."""
    values = trial.intermediate_values
    if step not in values and values:
        step = min(values, key=lambda s: abs(s - step))
    return values.get(step, math.nan)
