"""Refuse a config that Lightning cannot fit, before it is tried."""

import logging
from types import NoneType
from typing import Any, get_args, get_type_hints

import torch
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from omegaconf import DictConfig, OmegaConf

from tunesmith.errors import InvalidArgument, InvalidConfig
from tunesmith.group_mistakes import naming_group
from tunesmith.log_filter import silenced
from tunesmith.objectives.lightning.build import build_model
from tunesmith.objectives.lightning.checkpoint import check_checkpoint
from tunesmith.objectives.lightning.logged_checks import check_logged
from tunesmith.objectives.lightning.loggers import check_loggers
from tunesmith.objectives.tabular_fit import refuse_codes
from tunesmith.validate import (
    require_choice,
    require_integer,
    require_positive,
    require_seed,
    require_switch,
    require_text,
)


def check_fit(cfg: DictConfig) -> None:
    """Build data, model, optimizer and callbacks of a config without training.

    Raises:
        InvalidConfig: One of them refuses its values; the message names the key.

    """
    _check_model_is_a_module(cfg)
    _check_parts_are_sections(cfg)
    _check_numbers(cfg)
    _check_switches(cfg)
    _check_loggers_elsewhere(cfg)
    _check_metric(cfg)
    with naming_group("data"):
        datamodule: LightningDataModule = instantiate(cfg.data)
    refuse_codes(datamodule, objective="lightning")
    _check_callbacks(cfg)
    check_loggers(cfg.loggers)
    with naming_group("model"):
        model = _build_without_numbers(cfg, datamodule)
        _check_is_a_module(model, target=cfg.model._target_)
    if parameters := list(model.parameters()):
        # Optimizers check their own numbers only when they are made.
        _check_optimizer(cfg, parameters)
    check_logged(cfg, model, datamodule)
    if cfg.ckpt_path is not None:
        require_text("ckpt_path", cfg.ckpt_path, expected="a checkpoint", example=None)
        check_checkpoint(cfg.ckpt_path, model, max_epochs=cfg.trainer.max_epochs)
    _check_accelerator(cfg.trainer.accelerator)


def _check_model_is_a_module(cfg: DictConfig) -> None:
    """Raise InvalidConfig where the model, or a group that its fit needs, is of another objective.

    Groups that an objective does not use, it leaves empty.
    """
    for group in ("data", "model", "trainer"):
        node = OmegaConf.select(cfg, group)
        if not OmegaConf.is_dict(node) or "_target_" not in node:
            raise InvalidConfig(
                f"objective=lightning needs a {group} with a _target_, got "
                f"{'one without' if node else 'none'}; model=lightgbm goes with "
                "objective=lightgbm, a search with hparams_search=lightgbm"
            )


def _check_parts_are_sections(cfg: DictConfig) -> None:
    """Raise InvalidConfig where a model is given a name instead of what a group describes."""
    for group in ("optimizer", "scheduler"):
        node: Any = OmegaConf.select(cfg, group)
        if OmegaConf.is_dict(node) and node and "_target_" not in node:
            raise InvalidConfig(
                f"{group} needs a _target_, got {', '.join(map(str, node))} without one; "
                f"add _target_: torch.optim.CLASS and _partial_: true, or choose {group}=OPTION"
            )
        value = OmegaConf.select(cfg, f"model.{group}")
        if isinstance(value, str | int | float):
            raise InvalidConfig(
                f"model.{group} must be a section of keys, as {group} is, got {value!r}; "
                f"options are chosen by their group, try {group}={value}"
            )


def _check_optimizer(cfg: DictConfig, parameters: list[Any]) -> None:
    with naming_group("optimizer"):
        optimizer = instantiate(cfg.optimizer)(parameters)
    if not isinstance(optimizer, torch.optim.Optimizer):
        kind = type(optimizer).__name__
        raise InvalidConfig(f"optimizer must be one of PyTorch, got {kind}; try optimizer=adam")
    schedule: Any = OmegaConf.select(cfg, "scheduler")
    if OmegaConf.is_dict(schedule) and schedule is not None:
        with naming_group("scheduler"):
            instantiate(schedule)(optimizer, total_steps=100)


def _check_is_a_module(model: object, *, target: str) -> None:
    if isinstance(model, LightningModule):
        return
    way_out = "objective=sklearn" if hasattr(model, "fit") else "model=mlp"
    raise InvalidConfig(f"objective=lightning takes a LightningModule, got {target}; try {way_out}")


def _build_without_numbers(cfg: DictConfig, datamodule: LightningDataModule) -> LightningModule:
    try:
        with torch.device("meta"):
            return build_model(cfg, datamodule)
    except (InstantiationException, RuntimeError):
        # Some models compute with real numbers while they are built.
        return build_model(cfg, datamodule)


def _check_numbers(cfg: DictConfig) -> None:
    for key, minimum, example, optional in (
        ("trainer.max_epochs", 1, 1000, False),
        ("trainer.check_val_every_n_epoch", 1, 100, False),
        ("trainer.num_sanity_val_steps", -1, 0, True),
        ("n_threads", 1, 1, True),
    ):
        value = OmegaConf.select(cfg, key)
        require_integer(key, value, minimum=minimum, example=example, optional=optional)
    require_seed("seed", cfg.seed, example=1, optional=True)
    lr = OmegaConf.select(cfg, "optimizer.lr", default=1.0)
    require_positive("optimizer.lr", lr, example=0.01)
    clip = OmegaConf.select(cfg, "trainer.gradient_clip_val", default=0)
    if clip not in (None, 0):  # 0 clips nothing, as null does.
        require_positive("trainer.gradient_clip_val", clip, example=1.0)


def _check_metric(cfg: DictConfig) -> None:
    if cfg.metric.at not in ("last", "best"):
        raise InvalidArgument("metric.at", "last or best", cfg.metric.at, "last")
    if isinstance(cfg.metric.name, str):
        require_choice("metric.direction", cfg.metric.direction, ("minimize", "maximize"))
    if cfg.metric.at == "last":
        return
    if not isinstance(cfg.metric.name, str):
        raise InvalidConfig(
            f"metric.at=best needs one metric, got metric.name={list(cfg.metric.name)}; "
            "try metric.at=last"
        )
    epochs, every = cfg.trainer.max_epochs, cfg.trainer.check_val_every_n_epoch
    if every > epochs and not OmegaConf.select(cfg, "trainer.fast_dev_run"):
        raise InvalidConfig(
            f"metric.at=best needs a validation during the fit, got trainer.max_epochs={epochs} "
            f"with one every {every}; try trainer.check_val_every_n_epoch=1"
        )


def _check_callbacks(cfg: DictConfig) -> None:
    for name, node in cfg.callbacks.items():
        if isinstance(node, str):
            way_out = f"+callbacks.{name}._target_=lightning.pytorch.callbacks.{node}"
            raise InvalidConfig(f"callbacks.{name} must be a node, got {node!r}; try {way_out}")
        if OmegaConf.is_dict(node) and node and "_target_" not in node:
            raise InvalidConfig(
                f"callbacks.{name} needs a _target_, got {', '.join(map(str, node))} without one; "
                "add _target_: lightning.pytorch.callbacks.CLASS"
            )
        _check_patience(name, node)
        monitor: Any = node.get("monitor") if OmegaConf.is_dict(node) else None
        if OmegaConf.is_list(monitor):
            raise InvalidConfig(
                f"early stopping and checkpoints watch one metric, got {list(monitor)}; "
                "try callbacks=none"
            )
    with naming_group("callbacks"):
        callbacks = instantiate(cfg.callbacks)
    for name, made in callbacks.items():
        if made is not None and not isinstance(made, Callback):
            kind = type(made).__name__
            raise InvalidConfig(
                f"callbacks.{name} must be a callback of Lightning, got {kind}; "
                "leave it out, or try callbacks=early_stopping"
            )


def _check_patience(name: object, node: Any) -> None:
    # Lightning compares it in the fit only.
    if OmegaConf.is_dict(node) and node is not None and "patience" in node:
        require_integer(f"callbacks.{name}.patience", node.patience, minimum=0, example=5)


def processes_of(cfg: DictConfig) -> int:
    """Return by how many processes a config is fitted.

    Raises:
        InvalidConfig: The Trainer refuses its arguments.

    """
    # Lightning says it again of the Trainer that fits.
    with naming_group("trainer"), silenced(logging.WARNING):
        trainer: Trainer = instantiate(cfg.trainer, logger=False, enable_progress_bar=False)
    return trainer.num_devices * trainer.num_nodes


def _check_switches(cfg: DictConfig) -> None:
    """Raise InvalidArgument for a switch of the Trainer, which takes any word as true."""
    for name, hint in get_type_hints(Trainer.__init__).items():
        kinds = {*get_args(hint)} or {hint}
        value = cfg.trainer.get(name)
        if value is not None and kinds <= {bool, NoneType}:
            require_switch(f"trainer.{name}", value)


def _check_loggers_elsewhere(cfg: DictConfig) -> None:
    """Raise InvalidConfig for what the Trainer is given of other parts of the config."""
    for name, group in (("logger", "loggers"), ("callbacks", "callbacks")):
        if cfg.trainer.get(name):
            raise InvalidConfig(
                f"trainer.{name} is not read; leave trainer.{name} out, and type "
                f"+{group}.NAME._target_=PACKAGE.CLASS"
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
