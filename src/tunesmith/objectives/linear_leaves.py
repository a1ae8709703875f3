"""Hold what leaves with a linear model predict near the training target: they extrapolate."""

from typing import Any

import numpy as np

from tunesmith.data import TabularDataModule
from tunesmith.objectives.tabular_fit import arrays

Limits = tuple[float, float]
# How far beyond the training target, by its range: tails are followed, blow-ups cut off.
MARGIN = 0.1


def limits_of(booster: Any, datamodule: TabularDataModule) -> Limits | None:
    """Return between which values a Booster predicts; None where it needs no limits.

    Args:
        booster: Fitted, or read from a file.
        datamodule: The data that it was fitted on.

    """
    is_linear = "[linear_tree: 1]" in booster.model_to_string(num_iteration=1)
    if not is_linear or datamodule.task.is_of_classes:
        return None
    _, y = arrays(datamodule, "train")
    low, high = float(y.min()), float(y.max())
    return low - MARGIN * (high - low), high + MARGIN * (high - low)


def held_within(predicted: Any, limits: Limits | None) -> Any:
    """Return predictions, those beyond a limit as the limit."""
    return predicted if limits is None else np.clip(predicted, *limits)
