"""The smallest objective: a parabola in one variable."""

from omegaconf import DictConfig

from tunesmith.errors import InvalidArgument
from tunesmith.objectives.marks import ignoring, refusing


def _check_x(cfg: DictConfig) -> None:
    x = cfg.objective.x
    if not isinstance(x, int | float) or isinstance(x, bool):
        raise InvalidArgument("objective.x", "a number", x, example=0.5)


@ignoring("data", "model", "optimizer", "scheduler", "trainer", "callbacks")
@refusing(_check_x)
def quadratic(cfg: DictConfig) -> float:
    """Return y = (x - 2)^2 at x = objective.x, the smallest objective to try a search with.

    >>> quadratic(DictConfig({"objective": {"x": 5}}))
    9.0

    """
    return float((cfg.objective.x - 2) ** 2)
