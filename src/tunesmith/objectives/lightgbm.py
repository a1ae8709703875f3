"""The objective of gradient-boosted trees: fit LightGBM on the rows of a tabular data module."""

import contextlib
import copy
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from omegaconf import DictConfig, open_dict

from tunesmith.context import Context, current_context
from tunesmith.data import TabularDataModule
from tunesmith.freed_memory import returned_at_once
from tunesmith.objectives.fit_plots import named_bars
from tunesmith.objectives.lightgbm_checks import check_boosting, import_lightgbm
from tunesmith.objectives.lightgbm_parameters import not_watched, parameters_of_fit
from tunesmith.objectives.lightgbm_watch import ScoreRounds, WatchRounds, of_each_class
from tunesmith.objectives.linear_leaves import Limits, held_within, limits_of
from tunesmith.objectives.objective import FittedModel, Objective, Predictor
from tunesmith.objectives.tabular_fit import (
    TabularFitted,
    TabularPredictor,
    arrays,
    row_weights,
    tabular_data,
)
from tunesmith.paths import RunPaths

log = logging.getLogger(__name__)

MOST_FEATURES = 30
# Of at most so many numbers nobody need know where they were.
SMALL = 1_000_000


class LightGBM(Objective):
    """Fits LightGBM with the parameters of `model` on `data`, a TabularDataModule.

    A single run also computes the metrics on the test rows, and leaves its model and the importance
    of its features in its folder. A trial of a search does neither; `keep_model=true` keeps its
    model.

    Args:
        report_every: The number of rounds from one report to the trial to the next.

    """

    takes_infinity = False

    def __init__(self, *, report_every: int = 20) -> None:
        self.report_every = report_every

    def evaluate(self, cfg: DictConfig) -> dict[str, float]:
        """Train once and return the metrics of the best round, `train/...` and `val/...`.

        `rounds` among them is the number of that round; a single run has `test/...` too.

        Raises:
            TrialPruned: The search's pruner stops the trial.

        """
        context = current_context()
        datamodule = tabular_data(cfg)
        booster = self._boosted(cfg, datamodule, context)
        fitted = BoostedTrees(booster, datamodule)
        metrics = {**fitted.scores("train"), **fitted.scores("val"), "rounds": fitted.rounds}
        if context.keeps_model(cfg):
            booster.save_model(context.paths.booster)
        if context.is_trial:
            return metrics
        _log_fit(fitted, context)
        return metrics | fitted.test()

    def _boosted(self, cfg: DictConfig, data: TabularDataModule, context: Context) -> Any:
        """Return the Booster of the training rows; in a fold some of them tell how many rounds."""
        stopping = data.without_held_out() if cfg.model.get("early_stopping_round") else data
        booster = _train(cfg, stopping, context=context, report_every=self.report_every)
        if stopping is data:
            return booster
        fixed = self.on_all_rows(cfg, {"rounds": booster.best_iteration})
        # A copy of the rows; the other fit needs as much again.
        del stopping, booster
        return _train_unwatched(fixed, data)

    def check(self, cfg: DictConfig) -> None:
        """Make the data and a model without trees.

        Raises:
            InvalidConfig: A value is refused; the message names its key.

        """
        check_boosting(cfg, report_every=self.report_every)

    def on_all_rows(self, cfg: DictConfig, metrics: Mapping[str, float]) -> DictConfig:
        """Return the config of a fit with the `rounds` of the metrics, without early stopping."""
        changed = copy.deepcopy(cfg)
        with open_dict(changed):
            changed.model.num_iterations = max(1, round(metrics["rounds"]))
            changed.model.early_stopping_round = None
        return changed

    def restore(self, cfg: DictConfig, folder: Path) -> FittedModel:
        """Load the model from a run's folder, with the data of its config."""
        booster = import_lightgbm().Booster(model_file=RunPaths(folder).booster)
        return BoostedTrees(booster, tabular_data(cfg))


class BoostedTrees(TabularFitted):
    """A Booster with its TabularDataModule."""

    def __init__(self, booster: Any, datamodule: TabularDataModule) -> None:
        super().__init__(datamodule)
        self.booster = booster
        self._limits = limits_of(booster, datamodule)

    @property
    def rounds(self) -> int:
        """The rounds up to the best one; a model that was saved holds no others."""
        best: int = self.booster.best_iteration
        return best if best > 0 else int(self.booster.current_iteration())

    def predictions(self, x: Any) -> Any:
        """Return predicted numbers, (n,), or the probability of each class, (n, n_classes)."""
        predicted = _predictions(self.booster, x, n_classes=len(self._datamodule.labels))
        return held_within(predicted, self._limits)

    def predictor(self) -> Predictor:
        """Return the Booster with the preprocessing of its data if there is any."""
        data = self._datamodule
        return BoostedPredictor(self.booster, data.preprocessing, data.labels, limits=self._limits)

    def importance(self) -> go.Figure:
        """Return how much each feature lowered the training error, the strongest on top."""
        gains = self.booster.feature_importance("gain")
        preprocessing = self._datamodule.preprocessing
        names = (
            [f"x{i}" for i in range(len(gains))]
            if preprocessing is None
            else list(preprocessing.get_feature_names_out())
        )
        strongest = np.argsort(gains, kind="stable")[: -MOST_FEATURES - 1 : -1]
        bars = named_bars([names[i] for i in strongest], gains[strongest])
        return bars.update_layout(title="Feature importance", xaxis_title="total gain")


class BoostedPredictor(TabularPredictor):
    """Predicts by a Booster.

    Args:
        booster: The Booster.
        preprocessing: What turns raw rows into x; None where they are x already.
        labels: The classes; empty for numbers.
        limits: Between which numbers it predicts; None for any.

    """

    requirements = ("lightgbm",)
    # Those that were pickled by 0.1.0 know of none.
    limits: Limits | None = None

    def __init__(
        self,
        booster: Any,
        preprocessing: Any,
        labels: Sequence[Any] = (),
        *,
        limits: Limits | None = None,
    ) -> None:
        super().__init__(preprocessing, labels)
        self.booster = booster
        self.limits = limits

    def predictions(self, x: Any) -> Any:
        """Return predicted numbers, (n,), or the probability of each class, (n, n_classes)."""
        predicted = _predictions(self.booster, x, n_classes=len(self.labels))
        return held_within(predicted, self.limits)


def _predictions(booster: Any, x: Any, *, n_classes: int) -> Any:
    predicted = booster.predict(x)
    # Of two classes LightGBM gives that of the second.
    return of_each_class(predicted) if n_classes == 2 else predicted


def _train(
    cfg: DictConfig, datamodule: TabularDataModule, *, context: Context, report_every: int
) -> Any:
    lightgbm, params = import_lightgbm(), parameters_of_fit(cfg, datamodule)
    train, watched = _dataset(datamodule, params), {}
    if len(datamodule.val[1]):
        # They end the fit, and weigh as the others do.
        x, y = arrays(datamodule, "val")
        watched["val"] = train.create_valid(x, y, weight=row_weights(datamodule, y))
    if not context.is_trial:  # a trial saves the time
        watched["train"] = train
    watch = WatchRounds(
        run=context.run,
        trial=context.trial,
        metric=cfg.metric.name if isinstance(cfg.metric.name, str) else None,
        prune=cfg.prune,
        every=report_every,
        weighs=datamodule.class_weights is not None,
    )
    further = not_watched(cfg, datamodule) if context.is_trial else None
    return lightgbm.train(
        params,
        train,
        num_boost_round=cfg.model.num_iterations,
        valid_sets=list(watched.values()),
        valid_names=list(watched),
        feval=further and ScoreRounds(further, task=datamodule.task, every=report_every),
        callbacks=[watch],
    )


def _train_unwatched(cfg: DictConfig, datamodule: TabularDataModule) -> Any:
    params = parameters_of_fit(cfg, datamodule)
    train = _dataset(datamodule, params)
    return import_lightgbm().train(params, train, cfg.model.num_iterations)


def _dataset(datamodule: TabularDataModule, params: dict[str, Any]) -> Any:
    """Return the training rows in bins; while these are made, they are what takes most memory."""
    lightgbm = import_lightgbm()
    lightgbm.register_logger(log)
    x, y = arrays(datamodule, "train")
    rows = lightgbm.Dataset(
        x,
        y,
        weight=row_weights(datamodule, y),
        categorical_feature=list(datamodule.categorical) or "auto",
        params=params,
    )
    with returned_at_once() if x.size > SMALL else contextlib.nullcontext():
        return rows.construct()


def _log_fit(fitted: BoostedTrees, context: Context) -> None:
    paths = context.paths
    context.run.log_artifact(paths.booster)
    fitted.log_plots(context)
    fitted.importance().write_html(paths.feature_importance, include_plotlyjs=True)
    context.run.log_artifact(paths.feature_importance)
