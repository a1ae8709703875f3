"""An MLP of variable depth, learning-rate schedules, and linear and kernel models for tables."""

from typing import TYPE_CHECKING

from tunesmith._lazy import load_from

if TYPE_CHECKING:
    from tunesmith.models.classifier import MLPClassifier
    from tunesmith.models.kernel import KernelClassifier, KernelRegressor
    from tunesmith.models.linear import linear_model
    from tunesmith.models.mlp import MLP, MLPRegressor
    from tunesmith.models.schedules import (
        constant_schedule,
        cosine_schedule,
        one_cycle_schedule,
    )

__all__ = [
    "MLP",
    "KernelClassifier",
    "KernelRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "constant_schedule",
    "cosine_schedule",
    "linear_model",
    "one_cycle_schedule",
]

__getattr__ = load_from(
    __name__,
    {
        "KernelClassifier": "kernel",
        "KernelRegressor": "kernel",
        "MLP": "mlp",
        "MLPClassifier": "classifier",
        "MLPRegressor": "mlp",
        "constant_schedule": "schedules",
        "cosine_schedule": "schedules",
        "linear_model": "linear",
        "one_cycle_schedule": "schedules",
    },
)
