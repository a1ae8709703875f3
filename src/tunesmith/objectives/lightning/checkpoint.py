"""Checkpoints of a fit: where they go, which is the best, and what resumes from one."""

import pickle
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.optim import Optimizer

from tunesmith.errors import InvalidArgument, InvalidConfig


def check_checkpoint(path: str, model: LightningModule, *, max_epochs: int) -> None:
    """Raise InvalidConfig unless the file's weights fit the model and epochs are left to train.

    The weights are not read, only their shapes; the model's may be on the meta device.
    """
    if not Path(path).is_file():
        raise _refusal(path, "is a folder" if Path(path).is_dir() else "does not exist")
    if not is_zipfile(path):
        raise _refusal(path, "is no checkpoint")
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        there = _shapes(saved["state_dict"])
        epochs = saved["loops"]["fit_loop"]["epoch_progress"]["current"]["processed"]
    except (pickle.UnpicklingError, RuntimeError, KeyError, TypeError, EOFError) as error:
        reason = str(error).strip().splitlines()[0]
        raise _refusal(path, f"cannot be read ({reason})") from error
    here = _shapes(model.state_dict())
    for name in [*here, *there]:
        if here.get(name) != there.get(name):
            found = f"has {there.get(name, 'no')} as {name}, the model {here.get(name, 'none')}"
            raise _refusal(path, f"{found}; it needs its own run's model")
    if epochs >= max_epochs:
        raise InvalidConfig(
            f"ckpt_path={path} has {epochs} epochs already, got trainer.max_epochs={max_epochs}; "
            f"try trainer.max_epochs={2 * epochs}"
        )


def keep_best(monitor: str, *, mode: str, filename: str = "best") -> ModelCheckpoint:
    """Return the callback that keeps the checkpoint of the best validation."""
    # Without a counter: a fit in the folder of an earlier one replaces its file.
    return ModelCheckpoint(
        monitor=monitor, mode=mode, filename=filename, enable_version_counter=False
    )


def best_of(callbacks: Iterable[Callback], monitor: str) -> ModelCheckpoint | None:
    """Return the callback that keeps the best validation by this metric, if there is one."""
    of_metric = (
        known
        for known in callbacks
        if isinstance(known, ModelCheckpoint) and known.monitor == monitor
    )
    return next(of_metric, None)


def write_below(folder: Path, callbacks: Iterable[Callback]) -> None:
    """Give checkpoints a folder: Lightning's own choice hangs on the names of the loggers."""
    for known in callbacks:
        if isinstance(known, ModelCheckpoint) and known.dirpath is None:
            known.dirpath = str(folder)


def save_model(trainer: Trainer, path: Path, *, best_by: str | None) -> None:
    """Write the fitted model's checkpoint.

    Args:
        trainer: The Trainer after its fit.
        path: The file.
        best_by: The metric whose best validation is meant: the model is given its weights. None for
            the last epoch's.

    """
    kept = None if best_by is None else best_of(trainer.checkpoint_callbacks, best_by)
    source = "" if kept is None else kept.best_model_path
    if not source:  # fast_dev_run keeps no best one
        trainer.save_checkpoint(path)
        return
    if trainer.is_global_zero:
        shutil.copyfile(source, path)
    # weights_only is off: this very process has written the file.
    saved = torch.load(source, map_location="cpu", weights_only=False)
    trainer.lightning_module.load_state_dict(saved["state_dict"])


def _shapes(weights: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in weights.items() if hasattr(value, "shape")}


def _refusal(path: str, reason: str) -> InvalidArgument:
    return InvalidArgument(
        "ckpt_path", "a checkpoint file that fits", path, detail=f"which {reason}"
    )


class ResumeFromCheckpoint(Callback):
    """Makes a fit that resumes from a checkpoint obey its own config.

    A checkpoint brings the optimizer's settings along with its state. A schedule goes on as it was
    begun.

    Args:
        settings: The optimizer's settings by the config: they win where the rate is constant.

    Raises:
        InvalidConfig: The fit begins, and the checkpoint is of another kind of optimizer, or of a
            schedule over another number of steps.

    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compare with, or replace, what was restored."""
        for optimizer in trainer.optimizers:
            _check_optimizer(optimizer)
        for config in trainer.lr_scheduler_configs:
            _check_schedule(config.scheduler, steps=int(trainer.estimated_stepping_batches))
        for optimizer in trainer.optimizers:
            # A model of several groups gives them rates of its own.
            if not trainer.lr_scheduler_configs and len(optimizer.param_groups) == 1:
                optimizer.param_groups[0].update(self.settings)


def _check_optimizer(optimizer: Optimizer) -> None:
    missing = sorted(optimizer.defaults.keys() - optimizer.param_groups[0].keys())
    if missing:
        raise InvalidConfig(
            f"ckpt_path is of another optimizer than {type(optimizer).__name__}: it has no "
            f"{', '.join(missing)}; try the optimizer of its run"
        )


def _check_schedule(schedule: Any, *, steps: int) -> None:
    before = getattr(schedule, "total_steps", getattr(schedule, "T_max", steps))
    if "initial_lr" not in schedule.optimizer.param_groups[0]:
        before = 0
    if before != steps:
        raise InvalidConfig(
            f"ckpt_path is of a schedule over {before} steps, this fit has {steps}; "
            "try scheduler=constant, or scheduler and trainer.max_epochs of its run"
        )
