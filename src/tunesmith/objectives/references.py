"""What models that nobody tuned come to on the rows of a table: what a search has to beat."""

import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf

from tunesmith.data import TabularDataModule
from tunesmith.objectives.objective import told_data
from tunesmith.objectives.tabular_fit import arrays, row_weights
from tunesmith.scores import score

PARTS = ("val", "test")


def score_references(cfg: DictConfig) -> dict[str, dict[str, float]]:
    """Return the metrics of simple models by their names, fitted on the training rows.

    The mean, or the shares of the classes; ridge or logistic regression; LightGBM with its
    defaults, where it is installed. All see the same rows as a trial, with categories one-hot
    encoded.

    Args:
        cfg: The whole composed config, which was checked.

    Returns:
        For each model its metrics, named `val/...` and `test/...`; nothing unless the data are a
        table.

    """
    data = told_data(cfg)
    if not isinstance(data, TabularDataModule):
        return {}
    if data.categorical:
        data = told_data(_one_hot(cfg))
        assert isinstance(data, TabularDataModule)
    data.setup("fit")
    x, y = arrays(data, "train")
    weights = row_weights(data, "train")
    with warnings.catch_warnings():
        # Of columns that are constant in some rows, and of names that arrays have not.
        warnings.simplefilter("ignore")
        models = _models(data.task.is_of_classes, n_threads=cfg.get("n_threads"))
        # Its penalty is chosen by cross-validation, in which rows weigh the same.
        fitted = {name: model.fit(x, y, sample_weight=weights) for name, model in models.items()}
        return {name: _scores(model, data) for name, model in fitted.items()}


def _one_hot(cfg: DictConfig) -> DictConfig:
    one_hot = cfg.copy()
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


def _scores(model: Any, data: TabularDataModule) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in PARTS:
        x, y = arrays(data, part)
        predicted = model.predict_proba(x) if data.task.is_of_classes else model.predict(x)
        scores = score(data.task, y, predicted)
        found |= {f"{part}/{name}": value for name, value in scores.items()}
    return found
