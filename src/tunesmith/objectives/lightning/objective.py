"""The objective of deep learning: fit a LightningModule on a DataModule with a plain Trainer."""

import logging
import math
from inspect import signature
from pathlib import Path

import torch
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from lightning.pytorch import LightningDataModule, LightningModule, Trainer, seed_everything
from lightning.pytorch.utilities.model_helpers import is_overridden
from omegaconf import DictConfig, OmegaConf

from tunesmith.config import resolve_function
from tunesmith.errors import InvalidConfig
from tunesmith.objectives.lightning.callbacks import Best
from tunesmith.objectives.lightning.checkpoint import check_checkpoint, save_model
from tunesmith.objectives.lightning.figures import CHECKPOINT, log_fit
from tunesmith.objectives.lightning.memory import keep_freed_memory
from tunesmith.objectives.lightning.trainer import (
    keeps_model,
    make_trainer,
    make_watch,
    name_the_unlogged,
)
from tunesmith.objectives.naming_group import naming_group
from tunesmith.study.trial import current_trial
from tunesmith.tracking.lightning import curves_of

# Lightning prints through handlers of its own; its messages belong into the run's log.
for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
    logging.getLogger(name).handlers.clear()
    logging.getLogger(name).propagate = True


def fit(cfg: DictConfig) -> dict[str, float]:
    """Train once and return the metrics of the last validation, or of the best (`metric.at`).

    `model/parameters` among them counts the parameters that were trained.

    A single run is also tested, and leaves its checkpoint and plots in its folder; a trial of a
    search is neither, so that nothing of the test rows can leak into the search. What is tested and
    left are the weights that the returned value belongs to.

    Raises TrialPruned if the loss diverges or the trial's pruner says so, InvalidConfig if a
    callback watches what the model does not log.
    """
    if cfg.n_threads is not None:
        torch.set_num_threads(cfg.n_threads)
    keep_freed_memory()
    datamodule: LightningDataModule = instantiate(cfg.data)
    # The data is drawn first, the weights continue its random stream, unless reseeded.
    datamodule.prepare_data()
    datamodule.setup("fit")
    if cfg.seed is not None:
        seed_everything(cfg.seed, workers=True, verbose=False)
    model = build_model(cfg, datamodule)
    watch = make_watch(cfg)
    trainer = make_trainer(cfg, watch)
    try:
        with name_the_unlogged(trainer):
            trainer.fit(model, datamodule=datamodule, ckpt_path=cfg.ckpt_path, weights_only=True)
    finally:
        _record_epochs(trainer)
    metrics = _validated(cfg, trainer, datamodule, best=watch.best)
    metrics["model/parameters"] = _n_parameters(model)
    folder = Path(trainer.default_root_dir)
    if keeps_model(cfg):
        save_model(trainer, folder / CHECKPOINT, best=cfg.metric.at == "best")
    if current_trial() is not None:
        return metrics
    if is_overridden("test_step", model) and is_overridden("test_dataloader", datamodule):
        trainer.test(model, datamodule=datamodule, verbose=False)
        metrics |= _metrics(trainer)
    metrics["epochs"] = trainer.current_epoch
    log_fit(trainer, datamodule, folder=folder)
    return metrics


def check(cfg: DictConfig) -> None:
    """Build data, model, optimizer and trainer of a config without training.

    Raises InvalidConfig, naming the key, if one of them refuses its values.
    """
    _check_numbers(cfg)
    with naming_group("data"):
        datamodule: LightningDataModule = instantiate(cfg.data)
    with naming_group("callbacks"):
        instantiate(cfg.callbacks)
    with naming_group("loggers"):
        for node in cfg.loggers.values():
            instantiate(node, _partial_=True)
    with naming_group("model"):
        model = _build_without_numbers(cfg, datamodule)
        if parameters := list(model.parameters()):
            # Optimizers check their own numbers only when they are made.
            instantiate(cfg.optimizer)(parameters)
    if cfg.ckpt_path is not None:
        check_checkpoint(cfg.ckpt_path, model, max_epochs=cfg.trainer.max_epochs)
    _check_accelerator(cfg.trainer.accelerator)


def build_model(cfg: DictConfig, datamodule: LightningDataModule) -> LightningModule:
    """The config's model, told of the data what its constructor asks for."""
    known = getattr(datamodule, "model_arguments", {})
    parameters = signature(resolve_function(cfg.model._target_)).parameters
    if all(parameter.kind != parameter.VAR_KEYWORD for parameter in parameters.values()):
        known = {name: known[name] for name in known if name in parameters}
    model: LightningModule = instantiate(cfg.model, **known)
    return model


def _build_without_numbers(cfg: DictConfig, datamodule: LightningDataModule) -> LightningModule:
    try:
        with torch.device("meta"):
            return build_model(cfg, datamodule)
    except (InstantiationException, RuntimeError):
        # Some models compute with real numbers while they are built.
        return build_model(cfg, datamodule)


def _validated(
    cfg: DictConfig, trainer: Trainer, datamodule: LightningDataModule, *, best: Best | None
) -> dict[str, float]:
    """The metrics of the validation that `metric.at` names; of the best, those of its epoch."""
    if cfg.metric.at == "best" and best is not None:
        curves = curves_of(trainer).items()
        same = {name: points[best.epoch] for name, points in curves if best.epoch in points}
        return {**same, cfg.metric.name: best.value, "best_epoch": best.epoch}
    metrics = _metrics(trainer)
    if trainer.current_epoch % (trainer.check_val_every_n_epoch or 1) != 0:
        trainer.validate(datamodule=datamodule, model=trainer.lightning_module, verbose=False)
        metrics |= _metrics(trainer)
    return metrics


def _metrics(trainer: Trainer) -> dict[str, float]:
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


def _n_parameters(model: LightningModule) -> float:
    return float(sum(p.numel() for p in model.parameters() if p.requires_grad))


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
    _check_metric(cfg)
    lr = OmegaConf.select(cfg, "optimizer.lr", default=1.0)
    if not isinstance(lr, int | float) or not 0 < lr < math.inf:
        raise InvalidConfig(
            f"optimizer.lr must be a positive number, got {lr!r}; try optimizer.lr=0.01"
        )


def _check_metric(cfg: DictConfig) -> None:
    at, epochs, every = (
        cfg.metric.at,
        cfg.trainer.max_epochs,
        cfg.trainer.check_val_every_n_epoch,
    )
    if at not in ("last", "best"):
        raise InvalidConfig(f"metric.at must be last or best, got {at!r}; try metric.at=last")
    if at == "last":
        return
    if not isinstance(cfg.metric.name, str):
        raise InvalidConfig(
            f"metric.at=best needs one metric, got metric.name={list(cfg.metric.name)}; "
            "try metric.at=last"
        )
    if every > epochs and not OmegaConf.select(cfg, "trainer.fast_dev_run"):
        raise InvalidConfig(
            f"metric.at=best needs a validation during the fit, got trainer.max_epochs={epochs} "
            f"with one every {every}; try trainer.check_val_every_n_epoch=1"
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
