"""The smallest objective: a parabola in one variable."""

from omegaconf import DictConfig

from tunesmith.objectives.objective import ignoring


@ignoring("data", "model", "optimizer", "scheduler", "trainer", "callbacks")
def quadratic(cfg: DictConfig) -> float:
    """Return y = (x - 2)^2 at x = objective.x."""
    return float((cfg.objective.x - 2) ** 2)
