"""The demo model: an MLP of variable depth, its LightningModule and learning-rate schedules."""

from tunesmith.models.mlp import MLP, MLPRegressor

__all__ = ["MLP", "MLPRegressor"]
