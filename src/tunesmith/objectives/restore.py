"""What a model that release 0.1.0 logged to MLflow is loaded with."""

from tunesmith.objectives.lightning.fitted import LightningPredictor

__all__ = ["LightningPredictor"]
