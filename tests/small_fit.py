"""A LightningModule of a line, for fits that take no time; as a script, one by two processes."""

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import optuna
import torch
from lightning.pytorch import LightningModule, Trainer
from torch.utils.data import DataLoader, TensorDataset

from tunesmith import PruneTrial
from tunesmith.study import running


class Line(LightningModule):
    """y = w x; `val/loss` is `loss` at each validation."""

    def __init__(self, loss: float = 1.0) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.loss = loss

    def training_step(self, batch: Any) -> torch.Tensor:
        return self.layer(batch[0]).square().mean()

    def validation_step(self, batch: Any) -> None:
        self.log("val/loss", self.loss, sync_dist=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.01)


def rows() -> DataLoader[Any]:
    return DataLoader(TensorDataset(torch.ones(8, 1)), batch_size=2)


def trainer(callback: PruneTrial, folder: Path, **settings: Any) -> Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    given = {"accelerator": "cpu", "devices": 1, "max_epochs": 2, "enable_checkpointing": False}
    return Trainer(callbacks=[callback], default_root_dir=folder, **quiet | given | settings)


def fit_as_a_pair(folder: Path, *, upper: float) -> None:
    """Fit by two processes, of which the first alone has a trial; each leaves how it ended."""
    rank = int(os.environ.get("LOCAL_RANK", 0))
    study = optuna.create_study(pruner=optuna.pruners.ThresholdPruner(upper=upper))
    trial = study.ask() if rank == 0 else None
    ended = "fitted"
    try:
        with nullcontext() if trial is None else running(trial):
            pair = trainer(PruneTrial("val/loss"), folder, devices=2, strategy="ddp")
            pair.fit(Line(), rows(), rows())
    except (optuna.TrialPruned, SystemExit) as error:
        ended = f"{type(error).__name__}: {error}"
    reported = None if trial is None else study.trials[0].intermediate_values
    (folder / f"{rank}.txt").write_text(f"{ended} {reported}")


if __name__ == "__main__":
    fit_as_a_pair(Path(sys.argv[1]), upper=float(sys.argv[2]))
