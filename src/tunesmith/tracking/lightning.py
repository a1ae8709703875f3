"""Lightning's view of a recorded run."""

from argparse import Namespace
from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.loggers import Logger

from tunesmith.tracking.run import Run


class RunLogger(Logger):
    """A Lightning logger that writes into a run; the step of a point is the epoch, from 1.

    Args:
        run: What records the points.

    Attributes:
        curves: The same points, as {metric: {epoch: value}}.

    """

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.curves: dict[str, dict[int, float]] = {}
        self._fitted = False

    @property
    def name(self) -> str:
        """`tunesmith`, which Lightning uses in paths."""
        return "tunesmith"

    @property
    def version(self) -> str | None:
        """The id of the run."""
        return self.run.id

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Add a point to each metric's curve, at the epoch that Lightning gives as `epoch`."""
        values = dict(metrics)
        epoch = values.pop("epoch", None)
        # Lightning counts from 0 while it fits; afterwards it names the epochs that were done.
        at = (step or 0) if epoch is None else int(epoch) + (not self._fitted)
        for name, value in values.items():
            self.curves.setdefault(name, {})[at] = float(value)
        self.run.log_metrics(values, step=at)

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *_: Any, **__: Any) -> None:
        """Record nothing: the composed config is recorded already."""

    def finalize(self, status: str) -> None:
        """Send what is buffered, at the end of the fit and of a later test.

        `save`, which Lightning calls at every point, sends nothing.
        """
        self._fitted = True
        self.run.flush()


def curves_of(trainer: Trainer) -> dict[str, dict[int, float]]:
    """Return the points that a fit has logged, as {metric: {epoch: value}}.

    It is empty if the Trainer has no RunLogger.
    """
    loggers = (logger for logger in trainer.loggers if isinstance(logger, RunLogger))
    return next((logger.curves for logger in loggers), {})
