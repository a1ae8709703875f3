"""Refuse a config that an estimator cannot fit, before it is tried."""

import copy
import re
import warnings
from typing import Any

import numpy as np
from hydra.utils import instantiate
from omegaconf import DictConfig
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from tunesmith.config import resolve_function
from tunesmith.data import TabularDataModule
from tunesmith.errors import InvalidConfig
from tunesmith.group_mistakes import naming_group
from tunesmith.objectives.estimators import (
    PATIENCE,
    ROUNDS,
    make_estimator,
    parameters_of,
    quiet,
    said,
)
from tunesmith.objectives.metrics import check_metrics
from tunesmith.objectives.tabular_fit import refuse_codes
from tunesmith.validate import require_integer, require_seed

# Made-up rows, enough for three classes and more.
N_CHECKED = 100
UNUSED = re.compile(r'"(\w+)"')


def check_estimation(cfg: DictConfig) -> None:
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
            f"objective=sklearn takes a TabularDataModule, got {cfg.data._target_}; try data=cubic"
        )
    refuse_codes(data, objective="sklearn")
    parts = ("val", "train", "test")
    names = [f"{part}/{name}" for part in parts for name in data.task.metrics]
    check_metrics(cfg, names, datamodule=data)
    if cfg.ckpt_path is not None:
        raise InvalidConfig("objective=sklearn does not continue a model; try ckpt_path=null")
    require_integer("n_threads", cfg.n_threads, minimum=1, example=1, optional=True)
    require_seed("seed", cfg.seed, example=0, optional=True)
    with naming_group("model"):
        _check_model(make_estimator(cfg, data), data, target=cfg.model._target_)


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
    # One of the user's own may not say what it is.
    kinds = ("classifier",) if data.task.is_of_classes else ("regressor", None)
    if get_tags(model).estimator_type not in kinds or not hasattr(model, wanted):
        kind = "of classes, with probabilities" if data.task.is_of_classes else "of numbers"
        raise InvalidConfig(
            f"model._target_={target} is no estimator {kind}, which the data need; try model=linear"
        )
    if data.class_weights is not None and not has_fit_parameter(model, "sample_weight"):
        raise InvalidConfig(f"model._target_={target} takes no weights; try data.class_weight=null")
    _check_no_patience_within(model, target=target)
    # scikit-learn looks at its parameters only when it fits.
    if hasattr(model, "_parameter_constraints"):
        model._validate_params()
    elif has_fit_parameter(model, "eval_set"):
        _check_booster(model, n_classes=len(data.labels))


def _check_no_patience_within(model: Any, *, target: str) -> None:
    """Raise InvalidConfig for early stopping where rows to stop by cannot be handed in."""
    for name, value in parameters_of(model).items():
        if value is not None and "__" in name and name.rpartition("__")[2] in PATIENCE:
            raise InvalidConfig(
                f"{name}={value} stops no fit early within {target}; leave it out, or make the "
                "estimator itself the model"
            )


def _check_booster(model: Any, *, n_classes: int) -> None:
    """Fit one round to made-up rows: XGBoost and CatBoost look at their parameters only then."""
    known = parameters_of(model)
    found = [name for name in ROUNDS if name in known]
    name = next((one for one in found if known[one] is not None), found[0])
    require_integer(f"{name}", known[name], minimum=1, example=100, optional=True)
    rows = np.arange(N_CHECKED, dtype=np.float64)
    tried = copy.deepcopy(model).set_params(**{name: 1})
    x, y = rows[:, None], rows % n_classes if n_classes else rows
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            tried.fit(x, y, eval_set=[(x, y)], **quiet(tried))
        except Exception as error:  # CatBoost's own is known to CatBoost only.
            raise ValueError(f"{type(model).__name__} refuses it: {said(error)}") from error
    unused = set(UNUSED.findall("\n".join(str(one.message) for one in warned)))
    # Of its own parameters some are not used by some kinds of boosters.
    if unknown := sorted(unused & set(getattr(model, "kwargs", None) or {})):
        raise InvalidConfig(
            f"{type(model).__name__} has no parameter {unknown[0]}; leave it out with "
            f"'~model.{unknown[0]}'"
        )
