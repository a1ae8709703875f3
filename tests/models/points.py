"""A logger that keeps what a fit logs."""

from argparse import Namespace
from typing import Any

from lightning.pytorch.loggers import Logger


class Points(Logger):
    """Holds the values of each metric, in the order of the epochs."""

    name = "points"
    version = None

    def __init__(self) -> None:
        super().__init__()
        self.curves: dict[str, list[float]] = {}

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        for name, value in metrics.items():
            if name != "epoch":
                self.curves.setdefault(name, []).append(value)

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *_: Any, **__: Any) -> None:
        pass
