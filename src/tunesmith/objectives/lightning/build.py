"""Build what a fit needs from the config: data, model, callbacks and Trainer."""

import copy
import sys
from contextlib import AbstractContextManager, nullcontext

from hydra.utils import instantiate
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint
from lightning.pytorch.profilers import PassThroughProfiler
from omegaconf import DictConfig, open_dict

from tunesmith.config import lightning_mode, resolve_function, told_of_data
from tunesmith.context import Context, Role
from tunesmith.data import TabularDataModule
from tunesmith.objectives.lightning.callbacks import EpochBar, StopAfterEpochs, WatchFit
from tunesmith.objectives.lightning.checkpoint import (
    ResumeFromCheckpoint,
    best_of,
    keep_best,
    write_below,
)
from tunesmith.objectives.lightning.interruption import StopAfterEpoch
from tunesmith.objectives.lightning.loggers import build_loggers
from tunesmith.tracking import RunLogger


def build_data(cfg: DictConfig) -> LightningDataModule:
    """Return the config's data, drawn or read."""
    datamodule: LightningDataModule = instantiate(cfg.data)
    datamodule.prepare_data()
    datamodule.setup("fit")
    return datamodule


def build_model(cfg: DictConfig, datamodule: LightningDataModule) -> LightningModule:
    """Return the config's model, told of the data what its constructor asks for."""
    known = getattr(datamodule, "model_arguments", {})
    model: LightningModule = instantiate(cfg.model, **told_of_data(cfg.model._target_, known))
    return model


def data_of_fit(cfg: DictConfig, datamodule: LightningDataModule) -> LightningDataModule:
    """Return the data that a fit is given.

    In folds the rows to validate with are held out of it: whatever ends a fit, or chooses one of
    its epochs, looks at others.
    """
    if isinstance(datamodule, TabularDataModule) and _looks_at_validation(cfg):
        return datamodule.without_held_out()
    return datamodule


def _looks_at_validation(cfg: DictConfig) -> bool:
    """Return whether a fit depends on its validations; what only keeps a file of them does not."""
    kinds = [resolve_function(cfg.callbacks[name]._target_) for name in _watching(cfg)]
    return cfg.metric.at == "best" or not all(map(_is_checkpoint, kinds))


def _is_checkpoint(kind: object) -> bool:
    # Hydra wraps what it resolves.
    kind = getattr(kind, "func", kind)
    return isinstance(kind, type) and issubclass(kind, Checkpoint)


def _watching(cfg: DictConfig) -> list[str]:
    return [str(name) for name, node in cfg.callbacks.items() if node and "monitor" in node]


def without_validation(cfg: DictConfig, *, epochs: int) -> DictConfig:
    """Return the config of a fit that ends after so many epochs, whatever it validates to."""
    changed = copy.deepcopy(cfg)
    with open_dict(changed):
        for name in _watching(changed):
            del changed.callbacks[name]
        changed.callbacks.after_epochs = {
            "_target_": f"{StopAfterEpochs.__module__}.{StopAfterEpochs.__name__}",
            "epochs": max(1, epochs),
        }
        changed.trainer.limit_val_batches = 0
        changed.metric.at = "last"
    return changed


def build_watch(cfg: DictConfig, context: Context, *, keeps_weights: bool) -> WatchFit:
    """Return the callback that reports to the trial, if there is one."""
    one = isinstance(cfg.metric.name, str)
    return WatchFit(
        trial=context.trial,
        metric=cfg.metric.name if one else None,
        direction=cfg.metric.direction if one else None,
        prune=cfg.prune,
        keeps_weights=keeps_weights,
    )


def build_trainer(cfg: DictConfig, watch: WatchFit, context: Context) -> Trainer:
    """Return the config's Trainer, whose files go to the run's folder."""
    callbacks = _callbacks(cfg, watch, context)
    write_below(context.paths.checkpoints, callbacks)
    keeps = any(isinstance(callback, Checkpoint) for callback in callbacks)
    folder = str(context.paths.folder)
    trainer: Trainer = instantiate(
        cfg.trainer,
        callbacks=callbacks,
        logger=[RunLogger(context.run), *build_loggers(cfg.loggers, folder)],
        enable_checkpointing=cfg.trainer.enable_checkpointing or keeps,
        enable_progress_bar=False,
        default_root_dir=folder,
    )
    # Lightning's Trainer does not declare the attribute.
    if type(vars(trainer).get("profiler")) is PassThroughProfiler:
        vars(trainer)["profiler"] = _NoProfiler()
    return trainer


class _NoProfiler(PassThroughProfiler):
    """Measures nothing, as Lightning's own, without a new context at each of a step's 60 hooks."""

    _nothing = nullcontext()

    def profile(self, action_name: str) -> AbstractContextManager[None]:  # type: ignore[override]
        return self._nothing


def _callbacks(cfg: DictConfig, watch: WatchFit, context: Context) -> list[Callback]:
    callbacks: list[Callback] = [*instantiate(cfg.callbacks).values(), watch]
    if cfg.ckpt_path is not None:
        obeys = "optimizer" in cfg.model
        callbacks.append(ResumeFromCheckpoint(instantiate(cfg.optimizer).keywords if obeys else {}))
    if cfg.metric.at == "best" and context.keeps_model(cfg):
        callbacks += _best_by_metric(cfg, callbacks)
    if context.role is Role.SINGLE and cfg.repeat == 1:
        callbacks.append(StopAfterEpoch(context.paths.interrupted))
    if not context.is_trial and sys.stderr.isatty():
        callbacks.append(EpochBar())
    return callbacks


def _best_by_metric(cfg: DictConfig, callbacks: list[Callback]) -> list[Callback]:
    """Return what keeps the best weights by the metric, unless a callback does so already."""
    if best_of(callbacks, cfg.metric.name) is not None:
        return []
    # Beside another one's `best.ckpt`.
    others = any(isinstance(known, ModelCheckpoint) for known in callbacks)
    filename = "best-by-metric" if others else "best"
    mode = lightning_mode(cfg.metric.direction)
    return [keep_best(cfg.metric.name, mode=mode, filename=filename)]
