"""Say which metrics are optimized, and refuse those that the data's kind of problem has not."""

from collections.abc import Collection
from typing import Any

from omegaconf import DictConfig, OmegaConf

from tunesmith.errors import InvalidArgument, InvalidConfig, nearest
from tunesmith.scores import OF_CLASSES, OF_NUMBERS, Task


def metric_names(cfg: DictConfig) -> list[str]:
    """Return the names of the metrics that a config optimizes, one or several."""
    name = cfg.metric.name
    return list(name) if OmegaConf.is_list(name) else [name]


def check_metrics(cfg: DictConfig, known: Collection[str], *, datamodule: Any) -> None:
    """Raise InvalidConfig for a metric that a fit does not give.

    Args:
        cfg: The whole composed config.
        known: The names of all that it gives.
        datamodule: The data; its `task` tells the kind of problem.

    """
    task = getattr(datamodule, "task", Task.REGRESSION)
    others, theirs = (OF_NUMBERS, "numbers") if task.is_of_classes else (OF_CLASSES, "classes")
    for name in metric_names(cfg):
        if name not in known and str(name).rpartition("/")[2] in others:
            raise InvalidConfig(
                f"metric.name={name} is for a target of {theirs}, and this one is read as "
                f"{_read_as(task, datamodule)}; try metric={task.metrics[0]}{_way_out(task, cfg)}"
            )
        if name not in known:
            close = nearest(str(name), [one for one in known if one.startswith("val/")])
            raise InvalidArgument(
                "metric.name", f"one of {', '.join(known)}", name, close.partition(",")[0]
            )


def _read_as(task: Task, datamodule: Any) -> str:
    return f"{len(datamodule.labels)} classes" if task.is_of_classes else "numbers"


def _way_out(task: Task, cfg: DictConfig) -> str:
    if OmegaConf.select(cfg, "data.task") is None:
        return ""
    return f", or data.task={'regression' if task.is_of_classes else 'multiclass'}"
