"""How well a model predicts, by scikit-learn's definitions: the metrics of each kind of problem."""

import warnings
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Task(StrEnum):
    """What is predicted.

    Attributes:
        REGRESSION: A number.
        BINARY: One of two classes.
        MULTICLASS: One of more than two classes.

    """

    REGRESSION = "regression"
    BINARY = "binary"
    MULTICLASS = "multiclass"

    @property
    def is_of_classes(self) -> bool:
        """Whether classes are predicted."""
        return self is not Task.REGRESSION

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of its metrics, the one first that is optimized unless another one is named."""
        return OF_CLASSES if self.is_of_classes else OF_NUMBERS


OF_NUMBERS = ("mse", "rmse", "mae", "r2")
OF_CLASSES = (
    *("log_loss", "accuracy", "balanced_accuracy", "f1_macro", "roc_auc", "average_precision"),
)
# Of all others less is better.
MAXIMIZED = ("r2", *OF_CLASSES[1:])


def score(task: Task, true: Array, predicted: Array) -> dict[str, float]:
    """Return all metrics of a task by their names; NaN where one is not defined for the rows.

    Args:
        task: The kind of problem.
        true: The target, (n,): numbers, or indices of classes.
        predicted: Predicted numbers, (n,), or the probability of each class, (n, n_classes). Of
            two classes the second one is the positive one.

    >>> score(Task.REGRESSION, np.array([1.0, 3.0]), np.array([1.0, 2.0]))
    {'mse': 0.5, 'rmse': 0.7071067811865476, 'mae': 0.5, 'r2': 0.5}

    """
    return (
        _of_classes(task, true, predicted) if task.is_of_classes else _of_numbers(true, predicted)
    )


def _of_numbers(true: Array, predicted: Array) -> dict[str, float]:
    from sklearn.metrics import mean_absolute_error, r2_score  # here: only tables need it

    mse = float(np.mean((predicted - true) ** 2))
    return {
        "mse": mse,
        "rmse": mse**0.5,
        "mae": float(mean_absolute_error(true, predicted)),
        "r2": float(r2_score(true, predicted)) if len(true) > 1 else np.nan,
    }


def _of_classes(task: Task, true: Array, probabilities: Array) -> dict[str, float]:
    from sklearn import metrics  # here: only tables need it

    shares = probabilities.astype(np.float64)
    shares = shares / shares.sum(axis=1, keepdims=True)
    labels = np.arange(shares.shape[1])
    chosen = shares.argmax(axis=1)
    with warnings.catch_warnings():
        # It warns of a class that is predicted and not there.
        warnings.simplefilter("ignore")
        return {
            "log_loss": float(metrics.log_loss(true, shares, labels=labels)),
            "accuracy": float(metrics.accuracy_score(true, chosen)),
            "balanced_accuracy": float(metrics.balanced_accuracy_score(true, chosen)),
            "f1_macro": float(metrics.f1_score(true, chosen, average="macro")),
            **_of_curves(task, true, shares),
        }


def _of_curves(task: Task, true: Array, shares: Array) -> dict[str, float]:
    """Return the areas under curves; of several classes the mean of each one against the rest."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    if len(np.unique(true)) < shares.shape[1]:
        return {"roc_auc": np.nan, "average_precision": np.nan}
    scores = shares[:, 1] if task is Task.BINARY else shares
    several = {} if task is Task.BINARY else {"multi_class": "ovr"}
    return {
        "roc_auc": float(roc_auc_score(true, scores, **several)),
        "average_precision": float(average_precision_score(true, scores)),
    }
