"""The smallest objective: a parabola in one variable."""

from omegaconf import DictConfig

from tunesmith.errors import InvalidArgument
from tunesmith.objectives.objective import ignoring


@ignoring("data", "model", "optimizer", "scheduler", "trainer", "callbacks")
def quadratic(cfg: DictConfig) -> float:
    """Return y = (x - 2)^2 at x = objective.x.

    Raises:
        InvalidArgument: It is no number.

    """
    x = cfg.objective.x
    if not isinstance(x, int | float) or isinstance(x, bool):
        raise InvalidArgument("objective.x", "a number", x, example=0.5)
    return float((x - 2) ** 2)
