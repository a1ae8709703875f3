"""The objective of scikit-learn: fit any of its estimators on the rows of a tabular data module."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import joblib
from hydra.utils import instantiate
from omegaconf import DictConfig
from sklearn.base import is_classifier
from sklearn.utils.validation import has_fit_parameter

from tunesmith.config import resolve_function, told_of_data
from tunesmith.context import current_context
from tunesmith.data import TabularDataModule
from tunesmith.errors import InvalidConfig
from tunesmith.objectives.metrics import check_metrics
from tunesmith.objectives.naming_group import naming_group
from tunesmith.objectives.objective import FittedModel, Objective, Predictor
from tunesmith.objectives.tabular_fit import (
    TabularFitted,
    TabularPredictor,
    arrays,
    refuse_codes,
    row_weights,
    tabular_data,
)
from tunesmith.paths import RunPaths


class ScikitLearn(Objective):
    """Fits the estimator that `model` names on a tabular `data`.

    Of classes it has to give probabilities. A single run is also tested, and leaves its model in
    its folder; a trial of a search is neither, unless `keep_model` keeps the model.
    """

    takes_infinity = False

    def evaluate(self, cfg: DictConfig) -> dict[str, float]:
        """Fit once and return the metrics on the training and the validation rows."""
        context, data = current_context(), tabular_data(cfg)
        model, (x, y) = _model(cfg, data), arrays(data, "train")
        weights = row_weights(data, "train")
        model.fit(x, y, **({} if weights is None else {"sample_weight": weights}))
        fitted = ScikitLearnFitted(model, data)
        metrics = {**fitted.scores("train"), **fitted.scores("val")}
        if context.keeps_model(cfg):
            joblib.dump(model, context.paths.estimator)
        if context.is_trial:
            return metrics
        context.run.log_artifact(context.paths.estimator)
        fitted.log_plots(context)
        return metrics | fitted.test()

    def check(self, cfg: DictConfig) -> None:
        """Make the data and the estimator.

        Raises:
            InvalidConfig: A value is refused; the message names its key.

        """
        if cfg.model is None or "_target_" not in cfg.model:
            raise InvalidConfig(
                "objective=sklearn needs a model with a _target_, an estimator of scikit-learn; "
                "try model=linear"
            )
        _check_is_estimator(cfg.model._target_)
        with naming_group("data"):
            data = instantiate(cfg.data)
        if not isinstance(data, TabularDataModule):
            raise InvalidConfig(
                f"objective=sklearn takes a TabularDataModule, got {cfg.data._target_}; "
                "try data=cubic"
            )
        refuse_codes(data, objective="sklearn")
        parts = ("val", "train", "test")
        names = [f"{part}/{name}" for part in parts for name in data.task.metrics]
        check_metrics(cfg, names, datamodule=data)
        if cfg.ckpt_path is not None:
            raise InvalidConfig("objective=sklearn does not continue a model; try ckpt_path=null")
        with naming_group("model"):
            _check_model(_model(cfg, data), data, target=cfg.model._target_)

    def on_all_rows(self, cfg: DictConfig, metrics: Mapping[str, float]) -> DictConfig:
        """Return the same config: nothing of a fit depends on rows to validate with."""
        return copy.deepcopy(cfg)

    def restore(self, cfg: DictConfig, folder: Path) -> FittedModel:
        """Return the model that lies in the folder, with the data of its config."""
        return ScikitLearnFitted(joblib.load(RunPaths(folder).estimator), tabular_data(cfg))


class ScikitLearnFitted(TabularFitted):
    """An estimator with its TabularDataModule."""

    def __init__(self, model: Any, datamodule: TabularDataModule) -> None:
        super().__init__(datamodule)
        self.model = model

    def predictions(self, x: Any) -> Any:
        """Return predicted numbers, (n,), or the probability of each class, (n, n_classes)."""
        return _predictions(self.model, x)

    def predictor(self) -> Predictor:
        """Return the estimator with the preprocessing of its data if there is any."""
        data = self._datamodule
        return ScikitLearnPredictor(self.model, data.preprocessing, data.labels)


class ScikitLearnPredictor(TabularPredictor):
    """Predicts by an estimator."""

    def __init__(self, model: Any, preprocessing: Any, labels: Sequence[Any] = ()) -> None:
        super().__init__(preprocessing, labels)
        self.model = model

    def predictions(self, x: Any) -> Any:
        """Return predicted numbers, (n,), or the probability of each class, (n, n_classes)."""
        return _predictions(self.model, x)


def _predictions(model: Any, x: Any) -> Any:
    return model.predict_proba(x) if is_classifier(model) else model.predict(x)


def _model(cfg: DictConfig, data: TabularDataModule) -> Any:
    return instantiate(cfg.model, **told_of_data(cfg.model._target_, data.model_arguments))


def _check_is_estimator(target: str) -> None:
    function = resolve_function(target)
    # Hydra wraps what it resolves.
    kind = getattr(function, "func", function)
    if isinstance(kind, type) and not hasattr(kind, "fit"):
        raise InvalidConfig(
            f"objective=sklearn takes an estimator of scikit-learn as its model, got "
            f"model._target_={target}; try model=linear, or objective=lightning"
        )


def _check_model(model: Any, data: TabularDataModule, *, target: str) -> None:
    """Raise InvalidConfig unless an estimator predicts what the data have."""
    wanted = "predict_proba" if data.task.is_of_classes else "predict"
    if is_classifier(model) is not data.task.is_of_classes or not hasattr(model, wanted):
        kind = "of classes, with probabilities" if data.task.is_of_classes else "of numbers"
        raise InvalidConfig(
            f"model._target_={target} is no estimator {kind}, which the data need; try model=linear"
        )
    if data.class_weights is not None and not has_fit_parameter(model, "sample_weight"):
        raise InvalidConfig(f"model._target_={target} takes no weights; try data.class_weight=null")
    # scikit-learn looks at its parameters only when it fits.
    check = getattr(model, "_validate_params", None)
    if check is not None:
        check()
