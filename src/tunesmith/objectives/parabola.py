"""The smallest objective: a parabola in one variable."""

from omegaconf import DictConfig


def quadratic(cfg: DictConfig) -> float:
    """Return y = (x - 2)^2 at x = objective.x."""
    return float((cfg.objective.x - 2) ** 2)
