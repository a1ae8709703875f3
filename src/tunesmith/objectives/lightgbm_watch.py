"""Follow a LightGBM fit round by round: record its metrics, report to the trial, prune."""

import logging
import math
from collections.abc import Callable
from typing import Any

from optuna import Trial, TrialPruned

from tunesmith.objectives.lightgbm_parameters import OUR_NAMES
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
        score: Returns all metrics of the validation rows, for one that LightGBM does not compute.

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
        score: Callable[[Any], dict[str, float]],
    ) -> None:
        self.run = run
        self.trial = trial
        self.metric = metric
        self.prune = prune
        self.every = every
        self.prefix = "weighted_" if weighs else ""
        self.score = score

    def __call__(self, env: Any) -> None:
        """Look at one round."""
        number = env.iteration + 1
        if number % self.every != 0:
            return
        known = {
            f"{part}/{self.prefix}{OUR_NAMES.get(name, name)}": float(value)
            for part, name, value, *_ in env.evaluation_result_list
        }
        self.run.log_metrics(known, step=number)
        log.info("round %d: %s", number, known)
        if self.trial is None or self.metric is None:
            return
        if self.metric == "val/rmse" and "val/mse" in known:
            known["val/rmse"] = math.sqrt(known["val/mse"])
        elif self.metric.startswith("val/") and self.metric not in known:
            known |= self.score(env.model)
        if self.metric in known:
            self._report(self.trial, known[self.metric], number=number)

    def _report(self, trial: Trial, value: float, *, number: int) -> None:
        trial.report(value, step=number)
        if self.prune and trial.should_prune():
            raise TrialPruned(f"pruned at round {number}: {self.metric} was {value:.4g}")
