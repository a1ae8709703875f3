"""Rules about the number of trials: the best came early, or the search still improves."""

import math

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from tunesmith.advice.advice import Advice, number
from tunesmith.advice.sample import Array
from tunesmith.study import finished, loss, sign

_MIN_TRIALS = 40
# A pruned trial shows no better value: so many must have been measured in vain after the best.
_MIN_VAIN = 8

# From such a ratio on, values are compared by their orders of magnitude.
_ORDERS = 100


def advise_trials(study: optuna.Study, *, noisy: bool) -> list[Advice]:
    """Advise fewer trials, or more; silent when neither is clear.

    `noisy` says that the good trials differ by noise: any of them is then as good as the best.
    """
    trials = finished(study)
    if len(trials) < _MIN_TRIALS:
        return []
    losses = np.array([_loss_or_inf(study, t) for t in trials])
    if not np.isfinite(losses[: len(losses) // 4]).any():
        return []
    advice = _fewer(losses, noisy=noisy) or _more(losses, sign=sign(study))
    return [advice] if advice else []


def _loss_or_inf(study: optuna.Study, trial: FrozenTrial) -> float:
    is_finite = trial.state == TrialState.COMPLETE and math.isfinite(trial.value or 0.0)
    return loss(study)(trial) if is_finite else math.inf


def _fewer(losses: Array, *, noisy: bool) -> Advice | None:
    count, best = len(losses), float(losses.min())
    started = losses[: max(10, count // 10)]
    gain = float(np.median(started[np.isfinite(started)])) - best
    # Good: among the best trials of all, and with all but 1 % of the whole gain.
    rank = max(2, round((0.15 if noisy else 0.05) * count))
    bar = min(float(np.sort(losses)[rank]), best + 0.01 * gain, _on_log_scale(best, gain))
    first = int(np.argmax(losses <= bar)) + 1
    enough = max(30, 10 * math.ceil(1.5 * first / 10))
    vain = int(np.isfinite(losses[first:]).sum())
    if gain <= 0 or enough > 0.6 * count or vain < _MIN_VAIN:
        return None
    return Advice(
        rule="fewer-trials",
        sentence=f"The best was nearly reached early: about {enough:,} trials would have done",
        evidence=f"the first {first:,} of {count:,} trials brought "
        f"{_share(float(losses[:first].min()) - best, gain)}",
        n_trials=enough,
    )


def _on_log_scale(best: float, gain: float) -> float:
    """Return what is near the best where the gain is one of orders of magnitude, else infinity."""
    if best <= 0 or best + gain < _ORDERS * best:
        return math.inf
    return float(best * math.sqrt(10))


def _share(missing: float, gain: float) -> str:
    if missing <= 0:
        return "the best of all"
    return f"all but {max(0.1, 100 * missing / gain):.1f} % of the gain"


def _more(losses: Array, *, sign: float) -> Advice | None:
    count = len(losses)
    course = np.minimum.accumulate(losses)
    quarter, late, last = course[count // 4], course[3 * count // 4], course[-1]
    steps = int(np.sum(np.diff(course[3 * count // 4 :]) < 0))
    finite = losses[np.isfinite(losses)]
    visible = 0.01 * (float(np.median(finite)) - last)
    if steps < 3 or late - last < max(0.2 * (quarter - last), visible):
        return None
    return Advice(
        rule="go-on",
        sentence="The search was still improving at its end: go on, "
        f"to {2 * count:,} trials in all",
        evidence=f"{steps} improvements in the last quarter, from {number(sign * late)} to "
        f"{number(sign * last)}",
        n_trials=2 * count,
    )
