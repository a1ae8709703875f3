"""What models of tables share once they are fitted: scores, predictions for raw rows, plots."""

import copy
import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from hydra.utils import instantiate
from omegaconf import DictConfig

from tunesmith.context import Context
from tunesmith.data import TabularDataModule
from tunesmith.errors import InvalidConfig
from tunesmith.objectives.class_predictions import class_plots, class_table
from tunesmith.objectives.fit_plots import log_plots, predicted_versus_true
from tunesmith.objectives.objective import FittedModel, Predictor
from tunesmith.scores import score


def tabular_data(cfg: DictConfig) -> TabularDataModule:
    """Return the config's data, drawn or read."""
    datamodule: TabularDataModule = instantiate(cfg.data)
    datamodule.prepare_data()
    datamodule.setup("fit")
    return datamodule


def arrays(datamodule: TabularDataModule, part: str) -> tuple[Any, Any]:
    """Return x and y of train, val or test: y is numbers, or indices of classes, (n,)."""
    x, y = getattr(datamodule, part)
    return x.numpy(), y.numpy() if datamodule.task.is_of_classes else y[:, 0].double().numpy()


def row_weights(datamodule: TabularDataModule, y: Any) -> Any:
    """Return what rows of these classes weigh, (n,); None where all rows weigh the same."""
    return None if datamodule.class_weights is None else np.take(datamodule.class_weights, y)


def refuse_codes(datamodule: Any, *, objective: str) -> None:
    """Raise InvalidConfig where categories are codes, for an objective that takes them as sizes."""
    if getattr(datamodule, "categorical", ()):
        raise InvalidConfig(
            f"objective={objective} takes categories one-hot encoded, got data.categories=codes; "
            "try data.categories=onehot, or objective=lightgbm"
        )


class TabularFitted(FittedModel):
    """A fitted model with its TabularDataModule.

    Args:
        datamodule: The data that it was fitted on.

    """

    def __init__(self, datamodule: TabularDataModule) -> None:
        self._datamodule = datamodule

    @abstractmethod
    def predictions(self, x: Any) -> Any:
        """Return predicted numbers, (n,), or the probability of each class, (n, n_classes)."""

    def scores(self, part: str) -> dict[str, float]:
        """Return the metrics on the rows of train, val or test, as far as they are defined."""
        x, y = arrays(self._datamodule, part)
        if not len(y):
            return {}
        known = score(self._datamodule.task, y, self.predictions(x))
        return {f"{part}/{name}": value for name, value in known.items() if not math.isnan(value)}

    def test(self) -> dict[str, float]:
        """Return the metrics on the test rows."""
        return self.scores("test")

    def example(self) -> Any:
        """Return the data's own example."""
        return self._datamodule.example

    def log_plots(self, context: Context) -> None:
        """Leave the plots of the validation rows."""
        data, paths = self._datamodule, context.paths
        x, true = arrays(data, "val")
        predicted = self.predictions(x)
        plots = (
            class_plots(true, predicted, data.labels, paths=paths)
            if data.labels
            else {paths.predicted_versus_true: predicted_versus_true(true, predicted)}
        )
        log_plots(plots, context=context)
        # here: the first epoch must not wait for scikit-learn
        from tunesmith.objectives.importance import log_importance

        log_importance(self.predictor(), data, context=context)


class TabularPredictor(Predictor):
    """Predicts (n, 1) from raw rows, of classes a table.

    Args:
        preprocessing: What turns raw rows into x; None where they are x already.
        labels: The classes; empty for numbers.

    """

    preprocessing: Any = None
    # Those that were pickled by 0.1.0 know of none.
    labels: Sequence[Any] = ()

    def __init__(self, preprocessing: Any, labels: Sequence[Any] = ()) -> None:
        self.preprocessing = preprocessing
        self.labels = labels

    @abstractmethod
    def predictions(self, x: Any) -> Any:
        """Return predicted numbers, (n,), or the probability of each class, (n, n_classes)."""

    def of_numbers(self) -> "TabularPredictor":
        """Return the same for rows that are x already."""
        bare = copy.copy(self)
        bare.preprocessing = None
        return bare

    def predict(self, rows: Any) -> Any:
        """Return the predictions, (n, 1), or a table of classes and their probabilities."""
        x = rows if self.preprocessing is None else self.preprocessing.transform(rows)
        predicted = self.predictions(np.asarray(x, dtype=np.float32))
        return class_table(self.labels, predicted) if self.labels else predicted.reshape(-1, 1)
