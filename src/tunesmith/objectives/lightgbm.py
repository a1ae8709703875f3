"""The objective of gradient-boosted trees: fit LightGBM on the rows of a tabular data module."""

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from hydra.utils import instantiate
from omegaconf import DictConfig

from tunesmith.context import Context, current_context
from tunesmith.data import TabularDataModule
from tunesmith.objectives.class_predictions import class_table, log_class_plots
from tunesmith.objectives.lightgbm_checks import check_boosting, import_lightgbm
from tunesmith.objectives.lightgbm_parameters import not_watched, parameters_of
from tunesmith.objectives.lightgbm_watch import ScoreRounds, WatchRounds, of_each_class
from tunesmith.objectives.objective import FittedModel, Objective, Predictor
from tunesmith.paths import RunPaths
from tunesmith.scores import score

log = logging.getLogger(__name__)

MOST_FEATURES = 30


class LightGBM(Objective):
    """Fits LightGBM with the parameters of `model` on a tabular `data`.

    A single run is also tested, and leaves its model and the importance of its features in its
    folder; a trial of a search is neither, unless `keep_model` keeps the model.

    Args:
        report_every: How many rounds lie between two reports to the trial.

    """

    takes_infinity = False

    def __init__(self, *, report_every: int = 20) -> None:
        self.report_every = report_every

    def evaluate(self, cfg: DictConfig) -> dict[str, float]:
        """Train once and return the metrics of the best round.

        Raises:
            TrialPruned: The trial's pruner says so.

        """
        context = current_context()
        datamodule = _data(cfg)
        booster = _train(cfg, datamodule, context=context, report_every=self.report_every)
        fitted = BoostedTrees(booster, datamodule)
        metrics = {**fitted.scores("train"), **fitted.scores("val"), "rounds": fitted.rounds}
        if context.keeps_model(cfg):
            booster.save_model(context.paths.booster)
        if context.is_trial:
            return metrics
        _log_fit(fitted, context)
        return metrics | fitted.test()

    def check(self, cfg: DictConfig) -> None:
        """Make the data and an empty model.

        Raises:
            InvalidConfig: A value is refused; the message names its key.

        """
        check_boosting(cfg, report_every=self.report_every)

    def restore(self, cfg: DictConfig, folder: Path) -> FittedModel:
        """Return the model that lies in the folder, with the data of its config."""
        booster = import_lightgbm().Booster(model_file=RunPaths(folder).booster)
        return BoostedTrees(booster, _data(cfg))


class BoostedTrees(FittedModel):
    """A Booster with its TabularDataModule."""

    def __init__(self, booster: Any, datamodule: TabularDataModule) -> None:
        self.booster = booster
        self._datamodule = datamodule

    @property
    def rounds(self) -> int:
        """The rounds up to the best one; a model that was saved holds no others."""
        best: int = self.booster.best_iteration
        return best if best > 0 else int(self.booster.current_iteration())

    def scores(self, part: str) -> dict[str, float]:
        """Return the metrics on the rows of train, val or test, as far as they are defined."""
        data = self._datamodule
        x, y = _arrays(data, part)
        known = score(data.task, y, predictions(self.booster, x, n_classes=len(data.labels)))
        return {f"{part}/{name}": value for name, value in known.items() if not math.isnan(value)}

    def test(self) -> dict[str, float]:
        """Return the metrics on the test rows."""
        return self.scores("test")

    def predictor(self) -> Predictor:
        """Return the Booster with the preprocessing of its data if there is any."""
        data = self._datamodule
        return BoostedPredictor(self.booster, data.preprocessing, data.labels)

    def example(self) -> Any:
        """Return the data's own example."""
        return self._datamodule.example

    def log_classes(self, context: Context) -> None:
        """Leave the plots of classes, if it predicts any."""
        if labels := self._datamodule.labels:
            x, true = _arrays(self._datamodule, "val")
            shares = predictions(self.booster, x, n_classes=len(labels))
            log_class_plots(true, shares, labels, paths=context.paths, run=context.run)

    def importance(self) -> go.Figure:
        """Return how much each feature lowered the training error, the strongest on top."""
        gains = self.booster.feature_importance("gain")
        preprocessing = self._datamodule.preprocessing
        names = (
            [f"x{i}" for i in range(len(gains))]
            if preprocessing is None
            else list(preprocessing.get_feature_names_out())
        )
        strongest = np.argsort(gains, kind="stable")[-MOST_FEATURES:]
        bars = go.Bar(
            x=[float(gains[i]) for i in strongest],
            y=[str(names[i]) for i in strongest],
            orientation="h",
        )
        return go.Figure(bars).update_layout(
            title="Feature importance", xaxis_title="total gain", template="simple_white"
        )


class BoostedPredictor(Predictor):
    """Predicts (n, 1) from raw rows, of classes a table."""

    requirements = ("lightgbm",)
    # Those that were pickled by 0.1.0 know of none.
    labels: Sequence[Any] = ()

    def __init__(self, booster: Any, preprocessing: Any, labels: Sequence[Any] = ()) -> None:
        self.booster = booster
        self.preprocessing = preprocessing
        self.labels = labels

    def predict(self, rows: Any) -> Any:
        """Return the predictions, (n, 1), or a table of classes and their probabilities."""
        x = rows if self.preprocessing is None else self.preprocessing.transform(rows)
        x = np.asarray(x, dtype=np.float32)
        predicted = predictions(self.booster, x, n_classes=len(self.labels))
        return class_table(self.labels, predicted) if self.labels else predicted.reshape(-1, 1)


def predictions(booster: Any, x: Any, *, n_classes: int) -> Any:
    """Return predicted numbers, (n,), or the probability of each class, (n, n_classes)."""
    predicted = booster.predict(x)
    # Of two classes LightGBM gives that of the second.
    return of_each_class(predicted) if n_classes == 2 else predicted


def _train(
    cfg: DictConfig, datamodule: TabularDataModule, *, context: Context, report_every: int
) -> Any:
    lightgbm = import_lightgbm()
    lightgbm.register_logger(log)
    train = lightgbm.Dataset(*_arrays(datamodule, "train"), weight=_weights(datamodule, "train"))
    validation = _arrays(datamodule, "val")
    watched = {"val": train.create_valid(*validation, weight=_weights(datamodule, "val"))}
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
        parameters_of(cfg, datamodule),
        train,
        num_boost_round=cfg.model.num_iterations,
        valid_sets=list(watched.values()),
        valid_names=list(watched),
        feval=further and ScoreRounds(further, task=datamodule.task, every=report_every),
        callbacks=[watch],
    )


def _log_fit(fitted: BoostedTrees, context: Context) -> None:
    paths = context.paths
    context.run.log_artifact(paths.booster)
    fitted.importance().write_html(paths.feature_importance, include_plotlyjs=True)
    context.run.log_artifact(paths.feature_importance)
    fitted.log_classes(context)


def _data(cfg: DictConfig) -> TabularDataModule:
    datamodule: TabularDataModule = instantiate(cfg.data)
    datamodule.prepare_data()
    datamodule.setup("fit")
    return datamodule


def _arrays(datamodule: TabularDataModule, part: str) -> tuple[Any, Any]:
    x, y = getattr(datamodule, part)
    return x.numpy(), y.numpy() if datamodule.task.is_of_classes else y[:, 0].double().numpy()


def _weights(datamodule: TabularDataModule, part: str) -> Any:
    """Return what each row weighs; rows to validate with end the fit and weigh as the others do."""
    if datamodule.class_weights is None:
        return None
    return np.take(datamodule.class_weights, _arrays(datamodule, part)[1])
