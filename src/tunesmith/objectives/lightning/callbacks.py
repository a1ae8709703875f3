"""Lightning callbacks of a trial: report and prune, stop early, keep the best, show the epochs."""

import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.trainer.states import TrainerFn
from optuna import TrialPruned
from optuna.trial import Trial
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

log = logging.getLogger(__name__)

MODES = {"minimize": "min", "maximize": "max"}


@dataclass(frozen=True)
class Best:
    """The best validation of a fit: the metric's value, and the epoch, from 1."""

    value: float
    epoch: int


class WatchFit(Callback):
    """Stops a fit that diverged; logs each validation, and reports it to the trial if there is one.

    The fit stops, by TrialPruned with the reason, at the end of an epoch whose training loss is NaN
    or infinite, or where the trial's pruner says so, unless `prune` is false. Reported is `metric`,
    at epochs from 1; None for several metrics, for which Optuna does not prune. `best` is the best
    validation so far, the first of equals; None before any.

    One callback does it all: Lightning's way through its callbacks costs as much as they do.
    """

    def __init__(
        self, *, trial: Trial | None, metric: str | None, direction: str | None, prune: bool
    ) -> None:
        self.trial = trial
        self.metric = metric
        self.direction = direction
        self.prune = prune
        self.best: Best | None = None
        self._loss = torch.zeros(())

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Remember the last loss; NaN and infinity stay in the weights that it made."""
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        if loss is not None:
            self._loss = loss

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop if the last loss is not finite."""
        loss = float(self._loss)
        if not math.isfinite(loss):
            raise TrialPruned(
                f"diverged: the training loss is {loss} at epoch {trainer.current_epoch + 1}"
            )

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log what is known at this epoch, and report the metric."""
        if trainer.sanity_checking:
            return
        # After the fit, the epoch is that of the last one already.
        fitting = trainer.state.fn == TrainerFn.FITTING
        epoch, metrics = trainer.current_epoch + fitting, trainer.callback_metrics
        known = ", ".join(f"{name} {float(value):.5g}" for name, value in sorted(metrics.items()))
        log.info("epoch %d: %s", epoch, known)
        value = float(metrics.get(self.metric, math.nan)) if self.metric else math.nan
        if not math.isfinite(value):
            return
        if fitting and (self.best is None or self._is_better(value, self.best.value)):
            self.best = Best(value, epoch)
        if self.trial is not None:
            self._report(self.trial, value, epoch=epoch)

    def _is_better(self, value: float, other: float) -> bool:
        return value > other if self.direction == "maximize" else value < other

    def _report(self, trial: Trial, value: float, *, epoch: int) -> None:
        trial.report(value, step=epoch)
        if self.prune and trial.should_prune():
            raise TrialPruned(f"pruned at epoch {epoch}: {self.metric} was {value:.4g}")


class StopEarly(EarlyStopping):
    """Lightning's EarlyStopping on a metric that is minimized or maximized.

    Raises ValueError for a direction of another name or several metrics.
    """

    def __init__(self, *, monitor: str, direction: str, **arguments: Any) -> None:
        super().__init__(monitor, mode=_mode(monitor, direction), **arguments)


class KeepBest(ModelCheckpoint):
    """Keeps the checkpoint of the best validation, `checkpoints/best.ckpt` in the run's folder.

    Further arguments are ModelCheckpoint's. Raises ValueError as StopEarly does.
    """

    def __init__(
        self, *, monitor: str, direction: str, filename: str = "best", **arguments: Any
    ) -> None:
        mode = _mode(monitor, direction)
        # Without a counter: a fit in the folder of an earlier one replaces its file.
        arguments = {"enable_version_counter": False, **arguments}
        super().__init__(monitor=monitor, mode=mode, filename=filename, **arguments)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Choose the folder: Lightning's own choice hangs on the names of the loggers."""
        self.dirpath = self.dirpath or str(Path(trainer.default_root_dir) / "checkpoints")
        super().setup(trainer, pl_module, stage)


def _mode(monitor: Any, direction: Any) -> str:
    if not isinstance(monitor, str):
        raise ValueError(
            f"early stopping and checkpoints watch one metric, got {list(monitor)}; "
            "try callbacks=none"
        )
    if direction not in MODES:
        raise ValueError(
            f"the metric's direction must be minimize or maximize, got {direction!r}; "
            "try metric.direction=minimize"
        )
    return MODES[direction]


class EpochBar(Callback):
    """A bar over epochs with the last metrics; Lightning's own starts anew at every epoch."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("epoch"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.fields[metrics]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("fit", metrics="")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the bar."""
        self._bar.update(self._task, total=trainer.max_epochs)
        self._bar.start()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Move the bar."""
        metrics = "  ".join(
            f"{name} {float(value):.4g}" for name, value in trainer.callback_metrics.items()
        )
        self._bar.update(self._task, advance=1, metrics=metrics)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Take the bar away, after an error too."""
        self._bar.stop()
