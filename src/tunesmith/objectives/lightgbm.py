"""The objective of gradient-boosted trees: fit LightGBM on the rows of a tabular data module."""

import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from hydra.utils import instantiate
from omegaconf import DictConfig
from optuna import Trial, TrialPruned

from tunesmith.context import Context, current_context
from tunesmith.data import TabularDataModule
from tunesmith.objectives.lightgbm_checks import check_boosting, import_lightgbm, parameters_of
from tunesmith.objectives.objective import FittedModel, Objective, Predictor
from tunesmith.paths import RunPaths
from tunesmith.tracking import Run

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
        """Train once and return the errors of the best round.

        Raises:
            TrialPruned: The trial's pruner says so.

        """
        context = current_context()
        datamodule = _data(cfg)
        booster = _train(cfg, datamodule, context=context, report_every=self.report_every)
        fitted = BoostedTrees(booster, datamodule)
        metrics = {**fitted.errors("train"), **fitted.errors("val"), "rounds": fitted.rounds}
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

    def errors(self, part: str) -> dict[str, float]:
        """Return the mean squared error and its root on the rows of train, val or test."""
        x, y = _arrays(self._datamodule, part)
        mse = float(np.mean((self.booster.predict(x) - y) ** 2))
        return {f"{part}/mse": mse, f"{part}/rmse": math.sqrt(mse)}

    def test(self) -> dict[str, float]:
        """Return the errors on the test rows."""
        return self.errors("test")

    def predictor(self) -> Predictor:
        """Return the Booster with the preprocessing of its data if there is any."""
        return BoostedPredictor(self.booster, self._datamodule.preprocessing)

    def example(self) -> Any:
        """Return the data's own example."""
        return self._datamodule.example

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
    """Predicts (n, 1) from raw rows."""

    requirements = ("lightgbm",)

    def __init__(self, booster: Any, preprocessing: Any) -> None:
        self.booster = booster
        self.preprocessing = preprocessing

    def predict(self, rows: Any) -> Any:
        """Return the predictions, (n, 1)."""
        x = rows if self.preprocessing is None else self.preprocessing.transform(rows)
        return self.booster.predict(np.asarray(x, dtype=np.float32)).reshape(-1, 1)


class WatchRounds:
    """A LightGBM callback: records the errors and reports to the trial.

    The fit stops by TrialPruned where the trial's pruner says so.

    Args:
        run: What the errors are recorded in.
        trial: The trial to report to.
        metric: What is reported; None for several metrics, for which Optuna does not prune.
        prune: Whether the trial's pruner is obeyed.
        every: How many rounds lie between two reports.

    """

    # LightGBM calls its early stopping, 30, last.
    order = 20
    before_iteration = False

    def __init__(
        self, *, run: Run, trial: Trial | None, metric: str | None, prune: bool, every: int
    ) -> None:
        self.run = run
        self.trial = trial
        self.metric = metric
        self.prune = prune
        self.every = every

    def __call__(self, env: Any) -> None:
        """Look at one round."""
        number = env.iteration + 1
        if number % self.every != 0:
            return
        errors = {f"{name}/mse": float(mse) for name, _, mse, *_ in env.evaluation_result_list}
        self.run.log_metrics(errors, step=number)
        log.info("round %d: %s", number, errors)
        known = {**errors, "val/rmse": math.sqrt(errors["val/mse"])}
        if self.trial is not None and self.metric in known:
            self._report(self.trial, known[self.metric], number=number)

    def _report(self, trial: Trial, value: float, *, number: int) -> None:
        trial.report(value, step=number)
        if self.prune and trial.should_prune():
            raise TrialPruned(f"pruned at round {number}: {self.metric} was {value:.4g}")


def _train(
    cfg: DictConfig, datamodule: TabularDataModule, *, context: Context, report_every: int
) -> Any:
    lightgbm = import_lightgbm()
    lightgbm.register_logger(log)
    train = lightgbm.Dataset(*_arrays(datamodule, "train"))
    watched = {"val": train.create_valid(*_arrays(datamodule, "val"))}
    if not context.is_trial:  # a trial saves the time
        watched["train"] = train
    watch = WatchRounds(
        run=context.run,
        trial=context.trial,
        metric=cfg.metric.name if isinstance(cfg.metric.name, str) else None,
        prune=cfg.prune,
        every=report_every,
    )
    return lightgbm.train(
        parameters_of(cfg),
        train,
        num_boost_round=cfg.model.num_iterations,
        valid_sets=list(watched.values()),
        valid_names=list(watched),
        callbacks=[watch],
    )


def _log_fit(fitted: BoostedTrees, context: Context) -> None:
    paths = context.paths
    context.run.log_artifact(paths.booster)
    fitted.importance().write_html(paths.feature_importance, include_plotlyjs=True)
    context.run.log_artifact(paths.feature_importance)


def _data(cfg: DictConfig) -> TabularDataModule:
    datamodule: TabularDataModule = instantiate(cfg.data)
    datamodule.prepare_data()
    datamodule.setup("fit")
    return datamodule


def _arrays(datamodule: TabularDataModule, part: str) -> tuple[Any, Any]:
    x, y = getattr(datamodule, part)
    return x.numpy(), y[:, 0].double().numpy()
