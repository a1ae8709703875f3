"""Lightning callbacks of a fit: report to the trial and let it be pruned, show the epochs."""

import copy
import logging
import math
from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from optuna import TrialPruned
from optuna.trial import Trial
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tunesmith.study import Diverged

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Best:
    """The best validation of a fit: the metric's value, and the epoch, from 1."""

    value: float
    epoch: int


class WatchFit(Callback):
    """Stops a fit that diverged; logs each validation, and reports it to the trial if there is one.

    The fit stops with the reason at the end of an epoch: by Diverged where the training loss is NaN
    or infinite, by TrialPruned where the trial's pruner says so. `best` is the best validation so
    far, the first of equals; None before any.

    One callback does it all: Lightning's way through its callbacks costs as much as they do.

    Args:
        trial: The trial to report to, at epochs from 1.
        metric: What is reported; None for several metrics, for which Optuna does not prune.
        direction: `minimize` or `maximize`.
        prune: Whether the trial's pruner is obeyed.
        keeps_weights: Whether the weights of the best validation are kept as `weights`.

    """

    def __init__(
        self,
        *,
        trial: Trial | None,
        metric: str | None,
        direction: str | None,
        prune: bool,
        keeps_weights: bool = False,
    ) -> None:
        self.trial = trial
        self.metric = metric
        self.direction = direction
        self.prune = prune
        self.keeps_weights = keeps_weights
        self.best: Best | None = None
        self.weights: dict[str, Any] | None = None
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
            raise Diverged(
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
            if self.keeps_weights:
                self.weights = copy.deepcopy(pl_module.state_dict())
        if self.trial is not None:
            self._report(self.trial, value, epoch=epoch)

    def _is_better(self, value: float, other: float) -> bool:
        return value > other if self.direction == "maximize" else value < other

    def _report(self, trial: Trial, value: float, *, epoch: int) -> None:
        trial.report(value, step=epoch)
        if self.prune and trial.should_prune():
            raise TrialPruned(f"pruned at epoch {epoch}: {self.metric} was {value:.4g}")


class StopAfterEpochs(Callback):
    """End a fit after so many epochs, on a schedule that may be longer.

    Args:
        epochs: The number of epochs.

    """

    def __init__(self, *, epochs: int) -> None:
        self.epochs = epochs

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop if it was the last epoch."""
        if trainer.current_epoch + 1 >= self.epochs:
            trainer.should_stop = True


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
