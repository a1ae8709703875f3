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


class StopOnDivergence(Callback):
    """Stops at the end of the epoch in which the training loss became NaN or infinite.

    Raises TrialPruned with the epoch, so that a sampler learns that this region is bad.
    """

    def __init__(self) -> None:
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


class ReportToTrial(Callback):
    """Reports the metric at every validation, at epochs from 1, and obeys the pruner if `prune`.

    Raises TrialPruned. With several metrics nothing is reported: Optuna prunes only for one.
    """

    def __init__(self, trial: Trial, *, metric: str, prune: bool) -> None:
        self.trial = trial
        self.metric = metric
        self.prune = prune

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report the value of this validation."""
        value = trainer.callback_metrics.get(self.metric)
        if trainer.sanity_checking or value is None or not math.isfinite(float(value)):
            return
        epoch = trainer.current_epoch + 1
        self.trial.report(float(value), step=epoch)
        if self.prune and self.trial.should_prune():
            raise TrialPruned(f"pruned at epoch {epoch}: {self.metric} was {float(value):.4g}")


class LogValidations(Callback):
    """Writes a line of metrics into the log at every validation."""

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log what is known at this epoch."""
        if trainer.sanity_checking:
            return
        metrics = ", ".join(
            f"{name} {float(value):.5g}" for name, value in sorted(trainer.callback_metrics.items())
        )
        log.info("epoch %d: %s", trainer.current_epoch + 1, metrics)


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
