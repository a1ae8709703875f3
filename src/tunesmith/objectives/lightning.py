"""The objective of deep learning: fit a LightningModule on a DataModule with a plain Trainer."""

import contextlib
import logging
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from lightning.pytorch import (
    Callback,
    LightningDataModule,
    LightningModule,
    Trainer,
    seed_everything,
)
from omegaconf import DictConfig, OmegaConf

from tunesmith.errors import InvalidConfig, untrusted
from tunesmith.objectives.callbacks import EpochBar, WatchFit
from tunesmith.objectives.figures import CHECKPOINT, log_fit
from tunesmith.study.trial import current_trial
from tunesmith.tracking import current_run
from tunesmith.tracking.lightning import RunLogger

# Lightning prints through handlers of its own; its messages belong into the run's log.
for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
    logging.getLogger(name).handlers.clear()
    logging.getLogger(name).propagate = True


def fit(cfg: DictConfig) -> dict[str, float]:
    """Train once and return the metrics after the last epoch.

    A single run is also tested, and leaves its checkpoint and two plots in its folder; a trial of a
    search is neither, so that nothing of the test rows can leak into the search.

    Raises TrialPruned if the loss diverges or the trial's pruner says so.
    """
    if cfg.n_threads is not None:
        torch.set_num_threads(cfg.n_threads)
    datamodule: LightningDataModule = instantiate(cfg.data)
    # The data is drawn first, the weights continue its random stream, unless reseeded.
    datamodule.setup("fit")
    if cfg.seed is not None:
        seed_everything(cfg.seed, workers=True, verbose=False)
    model = build_model(cfg, datamodule)
    trainer: Trainer = instantiate(
        cfg.trainer,
        callbacks=_callbacks(cfg),
        logger=[RunLogger(current_run())],
        enable_progress_bar=False,
        default_root_dir=HydraConfig.get().runtime.output_dir,
    )
    try:
        trainer.fit(model, datamodule=datamodule, ckpt_path=cfg.ckpt_path, weights_only=True)
    finally:
        _record_epochs(trainer)
    metrics = _metrics(trainer)
    if trainer.current_epoch % (trainer.check_val_every_n_epoch or 1) != 0:
        trainer.validate(model, datamodule=datamodule, verbose=False)
        metrics |= _metrics(trainer)
    folder = Path(trainer.default_root_dir)
    if current_trial() is None or cfg.keep_model:
        trainer.save_checkpoint(folder / CHECKPOINT)
    if current_trial() is not None:
        return metrics
    trainer.test(model, datamodule=datamodule, verbose=False)
    metrics |= _metrics(trainer)
    metrics["epochs"] = trainer.current_epoch
    log_fit(trainer, model, datamodule, folder=folder)
    return metrics


def check(cfg: DictConfig) -> None:
    """Build data, model, optimizer and trainer of a config without training.

    Raises InvalidConfig, naming the key, if one of them refuses its values.
    """
    _check_numbers(cfg)
    with _blame("data"):
        datamodule: LightningDataModule = instantiate(cfg.data)
    with _blame("callbacks"):
        instantiate(cfg.callbacks)
    with _blame("model"), torch.device("meta"):
        model = build_model(cfg, datamodule)
        # Optimizers check their own numbers only when they are made.
        instantiate(cfg.optimizer)(model.parameters())
    _check_accelerator(cfg.trainer.accelerator)


def build_model(cfg: DictConfig, datamodule: LightningDataModule) -> LightningModule:
    """The config's model, told what it has to know of the data."""
    model: LightningModule = instantiate(cfg.model, **getattr(datamodule, "model_arguments", {}))
    return model


def _callbacks(cfg: DictConfig) -> list[Callback]:
    trial = current_trial()
    metric = cfg.metric.name if isinstance(cfg.metric.name, str) else None
    watch = WatchFit(trial=trial, metric=metric, prune=cfg.prune)
    callbacks = [*instantiate(cfg.callbacks).values(), watch]
    if trial is None and sys.stderr.isatty():
        callbacks.append(EpochBar())
    return callbacks


def _metrics(trainer: Trainer) -> dict[str, float]:
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


def _record_epochs(trainer: Trainer) -> None:
    trial = current_trial()
    if trial is not None:
        trial.set_user_attr("epochs", trainer.fit_loop.epoch_progress.current.ready)


def _check_numbers(cfg: DictConfig) -> None:
    for key, minimum, example in (
        ("trainer.max_epochs", 1, 1000),
        ("trainer.check_val_every_n_epoch", 1, 100),
        ("seed", 0, 1),
        ("n_threads", 1, 1),
    ):
        value = OmegaConf.select(cfg, key)
        optional = key in ("seed", "n_threads")
        if value is None and optional:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            raise InvalidConfig(
                f"{key} must be an integer of at least {minimum}, got {value!r}; "
                f"try {key}={example}"
            )
    lr = OmegaConf.select(cfg, "optimizer.lr", default=1.0)
    if not isinstance(lr, int | float) or not 0 < lr < math.inf:
        raise InvalidConfig(
            f"optimizer.lr must be a positive number, got {lr!r}; try optimizer.lr=0.01"
        )
    if cfg.ckpt_path is not None and not Path(cfg.ckpt_path).is_file():
        raise InvalidConfig(
            f"ckpt_path must be a checkpoint file, got {cfg.ckpt_path!r}, which does not exist; "
            "try ckpt_path=null"
        )


def _check_accelerator(accelerator: str) -> None:
    available = {
        "gpu": torch.cuda.is_available() or torch.backends.mps.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not available.get(accelerator, True):
        raise InvalidConfig(
            f"trainer.accelerator={accelerator}, but this machine has no such device that PyTorch "
            "can use; try trainer=cpu"
        )


@contextlib.contextmanager
def _blame(group: str) -> Iterator[None]:
    """Turn what a constructor refuses into one line that names the config group."""
    try:
        yield
    except (InstantiationException, ValueError, TypeError) as error:
        if refusal := untrusted(str(error)):
            raise InvalidConfig(f"{group}: {refusal}") from error
        cause = error.__cause__ or error
        message = " ".join(str(cause).split())
        # Our own classes open with the argument's name and end with an example of it.
        name = message.split(" ", 1)[0]
        message = message.replace(f"try {name}=", f"try {group}.{name}=")
        owns_name = f"try {group}.{name}=" in message
        raise InvalidConfig(f"{group}{'.' if owns_name else ': '}{message}") from error
