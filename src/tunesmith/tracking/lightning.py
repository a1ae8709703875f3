"""Lightning's view of a recorded run."""

from argparse import Namespace
from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.loggers import Logger

from tunesmith.tracking.run import Run


class RunLogger(Logger):
    """Writes what Lightning logs into a run, at epochs (from 1) where Lightning names them.

    `curves` holds the same points: name -> epoch -> value.
    """

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.curves: dict[str, dict[int, float]] = {}
        self._fitted = False

    @property
    def name(self) -> str:
        """Lightning uses the name in paths."""
        return "tunesmith"

    @property
    def version(self) -> str | None:
        """The run's id."""
        return self.run.id

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Add points; Lightning's own `epoch` metric is the step, not a curve."""
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
        """Write what is buffered; `save`, which Lightning calls at every point, does not.

        Lightning calls this first at the end of the fit, then at that of a later test.
        """
        self._fitted = True
        self.run.flush()


def curves_of(trainer: Trainer) -> dict[str, dict[int, float]]:
    """Return the points that a fit has logged, name -> epoch -> value; none with logging off."""
    loggers = (logger for logger in trainer.loggers if isinstance(logger, RunLogger))
    return next((logger.curves for logger in loggers), {})
