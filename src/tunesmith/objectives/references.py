"""What models that nobody tuned come to on the rows of a table: what a search has to beat."""

import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from statistics import fmean
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf

from tunesmith.config import has_key
from tunesmith.data import TabularDataModule
from tunesmith.objectives.delivery import is_of_all_rows, with_all_rows
from tunesmith.objectives.objective import told_data
from tunesmith.objectives.parts import n_folds, parts_of
from tunesmith.objectives.tabular_fit import arrays, row_weights
from tunesmith.scores import score


def score_references(cfg: DictConfig) -> dict[str, dict[str, float]]:
    """Return what models without tuning reach on a table: what a search has to beat.

    The models are the mean, or the shares of the classes; ridge or logistic regression; and
    LightGBM with its defaults, if it is installed. They are fitted on the same rows as a trial, in
    the same folds, with categories one-hot encoded. The metrics on the test rows are of a fit on
    the rows that the winner is refitted on.

    Args:
        cfg: The whole composed config, which was checked.

    Returns:
        The metrics of each model by its name, `val/...` and `test/...`; empty unless `data` is a
        TabularDataModule.

    """
    if not isinstance(told_data(cfg), TabularDataModule):
        return {}
    cfg = _one_hot(cfg)
    judged = [part.cfg for part in parts_of(cfg)] if n_folds(cfg) else [cfg]
    delivered = with_all_rows(cfg) if is_of_all_rows(cfg) else judged[0]
    with warnings.catch_warnings():
        # Of columns that are constant in some rows, and of names that arrays have not.
        warnings.simplefilter("ignore")
        validated = [_fit_and_score(one, "val") for one in judged]
        tested = _fit_and_score(delivered, "test")
    return {name: _mean([one[name] for one in validated]) | tested[name] for name in tested}


def _fit_and_score(cfg: DictConfig, part: str) -> dict[str, dict[str, float]]:
    """Return each model's metrics on the rows to validate with, or to test with."""
    data = told_data(cfg)
    data.setup("fit")
    x, y = arrays(data, "train")
    weights = row_weights(data, y)
    models = _models(data.task.is_of_classes, n_threads=cfg.get("n_threads"))
    # Its penalty is chosen by cross-validation, in which rows weigh the same.
    fitted = {name: model.fit(x, y, sample_weight=weights) for name, model in models.items()}
    return {name: _scores(model, data, part) for name, model in fitted.items()}


def _mean(scores: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: fmean(one[name] for one in scores) for name in scores[0]}


def _one_hot(cfg: DictConfig) -> DictConfig:
    one_hot = cfg.copy()
    if has_key(one_hot, "data.categories"):
        OmegaConf.update(one_hot, "data.categories", "onehot")
    return one_hot


def _models(is_of_classes: bool, *, n_threads: int | None) -> dict[str, Any]:
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.linear_model import LogisticRegression, RidgeCV

    models: dict[str, Any] = (
        {
            "the shares of the classes": DummyClassifier(strategy="prior"),
            "logistic regression": LogisticRegression(max_iter=2000),
        }
        if is_of_classes
        else {
            "the mean": DummyRegressor(),
            "ridge regression": RidgeCV(alphas=np.logspace(-3, 3, 25)),
        }
    )
    if find_spec("lightgbm") is not None:
        from lightgbm import LGBMClassifier, LGBMRegressor  # here: an extra

        kind = LGBMClassifier if is_of_classes else LGBMRegressor
        models["LightGBM as it is"] = kind(random_state=0, n_jobs=n_threads, verbosity=-1)
    return models


def _scores(model: Any, data: TabularDataModule, part: str) -> dict[str, float]:
    x, y = arrays(data, part)
    predicted = model.predict_proba(x) if data.task.is_of_classes else model.predict(x)
    return {f"{part}/{name}": value for name, value in score(data.task, y, predicted).items()}
