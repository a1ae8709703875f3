"""The objective of scikit-learn: fit any estimator on the rows of a tabular data module."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import joblib
from omegaconf import DictConfig
from sklearn.base import is_classifier

from tunesmith.context import current_context
from tunesmith.data import TabularDataModule
from tunesmith.objectives.estimator_checks import check_estimation
from tunesmith.objectives.estimators import (
    fit_estimator,
    fix_rounds,
    make_estimator,
    packages_of,
    rounds_of,
    stops_early,
)
from tunesmith.objectives.objective import FittedModel, Objective, Predictor
from tunesmith.objectives.tabular_fit import TabularFitted, TabularPredictor, tabular_data
from tunesmith.paths import RunPaths


class ScikitLearn(Objective):
    """Fits the estimator that `model` names on `data`, a TabularDataModule.

    The estimator has scikit-learn's interface, as those of XGBoost and CatBoost have; a classifier
    needs `predict_proba`. A single run also computes the metrics on the test rows and leaves its
    model in its folder. A trial of a search does neither; `keep_model=true` keeps its model.

    """

    takes_infinity = False

    def evaluate(self, cfg: DictConfig) -> dict[str, float]:
        """Fit once and return the metrics `train/...` and `val/...`, in a single run `test/...`."""
        context, data = current_context(), tabular_data(cfg)
        model = self._estimator(cfg, data)
        fit_estimator(model, data, n_threads=cfg.n_threads)
        fitted = ScikitLearnFitted(model, data)
        metrics = {**fitted.scores("train"), **fitted.scores("val"), **fitted.rounds()}
        if context.keeps_model(cfg):
            joblib.dump(model, context.paths.estimator)
        if context.is_trial:
            return metrics
        context.run.log_artifact(context.paths.estimator)
        fitted.log_plots(context)
        return metrics | fitted.test()

    def _estimator(self, cfg: DictConfig, data: TabularDataModule) -> Any:
        """Return the estimator to fit; in a fold some training rows tell how many rounds first."""
        model = make_estimator(cfg, data)
        if not stops_early(model) or (stopping := data.without_held_out()) is data:
            return model
        fit_estimator(model, stopping, n_threads=cfg.n_threads)
        return make_estimator(self.on_all_rows(cfg, {"rounds": rounds_of(model) or 1}), data)

    def check(self, cfg: DictConfig) -> None:
        """Make the data and the estimator without fitting it.

        Raises:
            InvalidConfig: A value is refused; the message names its key.

        """
        check_estimation(cfg)

    def on_all_rows(self, cfg: DictConfig, metrics: Mapping[str, float]) -> DictConfig:
        """Return the config, with the `rounds` of the metrics if the estimator stops early."""
        changed = copy.deepcopy(cfg)
        model = make_estimator(cfg, tabular_data(cfg))
        if stops_early(model):
            fix_rounds(changed.model, model, rounds=max(1, round(metrics["rounds"])))
        return changed

    def restore(self, cfg: DictConfig, folder: Path) -> FittedModel:
        """Load the estimator from a run's folder, with the data of its config."""
        return ScikitLearnFitted(joblib.load(RunPaths(folder).estimator), tabular_data(cfg))


class ScikitLearnFitted(TabularFitted):
    """An estimator with its TabularDataModule."""

    def __init__(self, model: Any, datamodule: TabularDataModule) -> None:
        super().__init__(datamodule)
        self.model = model

    def predictions(self, x: Any) -> Any:
        """Return predicted numbers, (n,), or the probability of each class, (n, n_classes)."""
        return _predictions(self.model, x)

    def rounds(self) -> dict[str, float]:
        """Return the metric `rounds` of a model that was boosted in rounds, else nothing."""
        rounds = rounds_of(self.model)
        return {} if rounds is None else {"rounds": rounds}

    def predictor(self) -> Predictor:
        """Return the estimator with the preprocessing of its data if there is any."""
        data = self._datamodule
        return ScikitLearnPredictor(self.model, data.preprocessing, data.labels)


class ScikitLearnPredictor(TabularPredictor):
    """Predicts by an estimator."""

    def __init__(self, model: Any, preprocessing: Any, labels: Sequence[Any] = ()) -> None:
        super().__init__(preprocessing, labels)
        self.model = model
        self.requirements = packages_of(model)

    def predictions(self, x: Any) -> Any:
        """Return predicted numbers, (n,), or the probability of each class, (n, n_classes)."""
        return _predictions(self.model, x)


def _predictions(model: Any, x: Any) -> Any:
    return model.predict_proba(x) if is_classifier(model) else model.predict(x)
