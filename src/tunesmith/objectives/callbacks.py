"""Lightning callbacks of a trial: report and prune, stop on divergence, show the epochs."""

import logging
import math
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from optuna import TrialPruned
from optuna.trial import Trial
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

log = logging.getLogger(__name__)


class WatchFit(Callback):
    """Stops a fit that diverged; logs each validation, and reports it to the trial if there is one.

    The fit stops, by TrialPruned with the reason, at the end of an epoch whose training loss is NaN
    or infinite, or where the trial's pruner says so, unless `prune` is false. Reported is `metric`,
    at epochs from 1; None for several metrics, for which Optuna does not prune.

    One callback does it all: Lightning's way through its callbacks costs as much as they do.
    """

    def __init__(self, *, trial: Trial | None, metric: str | None, prune: bool) -> None:
        self.trial = trial
        self.metric = metric
        self.prune = prune
        self._loss = torch.zeros(())

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Remember the last loss; NaN and infinity stay in the weights that it made."""
        if outputs is not None:
            self._loss = outputs["loss"] if isinstance(outputs, dict) else outputs

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
        epoch, metrics = trainer.current_epoch + 1, trainer.callback_metrics
        known = ", ".join(f"{name} {float(value):.5g}" for name, value in sorted(metrics.items()))
        log.info("epoch %d: %s", epoch, known)
        if self.trial is not None and self.metric in metrics:
            self._report(self.trial, float(metrics[self.metric]), epoch=epoch)

    def _report(self, trial: Trial, value: float, *, epoch: int) -> None:
        if not math.isfinite(value):
            return
        trial.report(value, step=epoch)
        if self.prune and trial.should_prune():
            raise TrialPruned(f"pruned at epoch {epoch}: {self.metric} was {value:.4g}")


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
