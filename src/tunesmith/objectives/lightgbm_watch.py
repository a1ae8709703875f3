"""Follow a LightGBM fit round by round: record its metrics, report to the trial, prune."""

import logging
import math
from typing import Any

import numpy as np
from optuna import Trial, TrialPruned

from tunesmith.objectives.lightgbm_parameters import OUR_NAMES
from tunesmith.scores import MAXIMIZED, Task, score
from tunesmith.tracking import Run

log = logging.getLogger(__name__)


class WatchRounds:
    """A LightGBM callback: records the metrics and reports to the trial.

    The fit stops by TrialPruned where the trial's pruner says so.

    Args:
        run: What the metrics are recorded in.
        trial: The trial to report to.
        metric: What is reported; None for several metrics, for which Optuna does not prune.
        prune: Whether the trial's pruner is obeyed.
        every: How many rounds lie between two reports.
        weighs: Whether rows weigh differently in what LightGBM computes, which is named so then.

    """

    # LightGBM calls its early stopping, 30, last.
    order = 20
    before_iteration = False

    def __init__(
        self,
        *,
        run: Run,
        trial: Trial | None,
        metric: str | None,
        prune: bool,
        every: int,
        weighs: bool,
    ) -> None:
        self.run = run
        self.trial = trial
        self.metric = metric
        self.prune = prune
        self.every = every
        self.prefix = "weighted_" if weighs else ""

    def __call__(self, env: Any) -> None:
        """Look at one round."""
        number = env.iteration + 1
        if number % self.every != 0:
            return
        known = {
            f"{part}/{self._name(name)}": float(value)
            for part, name, value, *_ in env.evaluation_result_list
        }
        self.run.log_metrics(known, step=number)
        log.info("round %d: %s", number, known)
        if "val/mse" in known:
            known["val/rmse"] = math.sqrt(known["val/mse"])
        if self.trial is not None and self.metric in known:
            self._report(self.trial, known[self.metric], number=number)

    def _name(self, native: str) -> str:
        ours = OUR_NAMES.get(native)
        return native if ours is None else f"{self.prefix}{ours}"

    def _report(self, trial: Trial, value: float, *, number: int) -> None:
        trial.report(value, step=number)
        if self.prune and trial.should_prune():
            raise TrialPruned(f"pruned at round {number}: {self.metric} was {value:.4g}")


class ScoreRounds:
    """A metric of LightGBM's `feval`: one that it does not compute itself, every so many rounds.

    It is given the predictions of the rows that are watched, once a round. (A booster with linear
    trees must not predict while it is trained: LightGBM 4.7 crashes.)

    Args:
        name: The metric, by our name.
        task: The kind of problem.
        every: How many rounds lie between two values.

    """

    def __init__(self, name: str, *, task: Task, every: int) -> None:
        self.name = name
        self.task = task
        self.every = every
        self._round = 0
        self._last = math.nan

    def __call__(self, predicted: Any, data: Any) -> tuple[str, float, bool]:
        """Return the metric as of the last round where it was due, with whether more is better."""
        self._round += 1
        if self._round % self.every == 0:
            self._last = self._score(predicted, data)
        return self.name, self._last, self.name in MAXIMIZED

    def _score(self, predicted: Any, data: Any) -> float:
        shares = of_each_class(predicted) if self.task is Task.BINARY else predicted
        true = data.get_label()
        if self.task.is_of_classes:
            true = true.astype(np.int64)
        return score(self.task, true, shares)[self.name]


def of_each_class(positive: Any) -> Any:
    """Return the probability of both classes, (n, 2), from that of the positive one, (n,)."""
    return np.column_stack([1 - positive, positive])
