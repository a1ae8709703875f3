"""Make the Trainer of a fit: the config's own, with callbacks, loggers and a folder."""

import contextlib
import sys
from collections.abc import Iterator
from inspect import signature

from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig

from tunesmith.errors import InvalidConfig, nearest
from tunesmith.objectives.lightning.callbacks import EpochBar, KeepBest, WatchFit
from tunesmith.objectives.lightning.checkpoint import ResumeFromCheckpoint
from tunesmith.study.trial import current_trial
from tunesmith.tracking import current_run
from tunesmith.tracking.lightning import RunLogger


def keeps_model(cfg: DictConfig) -> bool:
    """A single run leaves its fitted model in its folder, a trial only if it is told to."""
    return current_trial() is None or bool(cfg.keep_model)


def make_watch(cfg: DictConfig) -> WatchFit:
    """The callback that reports to the current trial, if there is one."""
    one = isinstance(cfg.metric.name, str)
    return WatchFit(
        trial=current_trial(),
        metric=cfg.metric.name if one else None,
        direction=cfg.metric.direction if one else None,
        prune=cfg.prune,
    )


def make_trainer(cfg: DictConfig, watch: WatchFit) -> Trainer:
    """The config's Trainer with its callbacks and loggers; its files go to the run's folder."""
    folder = HydraConfig.get().runtime.output_dir
    callbacks = _callbacks(cfg, watch)
    keeps = any(isinstance(callback, Checkpoint) for callback in callbacks)
    trainer: Trainer = instantiate(
        cfg.trainer,
        callbacks=callbacks,
        logger=[RunLogger(current_run()), *_loggers(cfg.loggers, folder)],
        enable_checkpointing=cfg.trainer.enable_checkpointing or keeps,
        enable_progress_bar=False,
        default_root_dir=folder,
    )
    return trainer


def _callbacks(cfg: DictConfig, watch: WatchFit) -> list[Callback]:
    callbacks: list[Callback] = [*instantiate(cfg.callbacks).values(), watch]
    if cfg.ckpt_path is not None:
        obeys = "optimizer" in cfg.model
        callbacks.append(ResumeFromCheckpoint(instantiate(cfg.optimizer).keywords if obeys else {}))
    knows_best = any(isinstance(known, KeepBest) for known in callbacks)
    if cfg.metric.at == "best" and keeps_model(cfg) and not knows_best:
        callbacks.append(KeepBest(monitor=cfg.metric.name, direction=cfg.metric.direction))
    if current_trial() is None and sys.stderr.isatty():
        callbacks.append(EpochBar())
    return callbacks


def _loggers(nodes: DictConfig, folder: str) -> list[Logger]:
    """Loggers write into the run's folder unless their node names a `save_dir`."""
    loggers: list[Logger] = []
    for node in nodes.values():
        make = instantiate(node, _partial_=True)
        here = "save_dir" in signature(make).parameters and "save_dir" not in node
        loggers.append(make(save_dir=folder) if here else make())
    return loggers


@contextlib.contextmanager
def name_the_unlogged(trainer: Trainer) -> Iterator[None]:
    """Say in one line if a callback gave up since its metric was not logged."""
    try:
        yield
    except (MisconfigurationException, RuntimeError) as error:
        known = {str(name) for name in trainer.callback_metrics}
        for callback in (*trainer.early_stopping_callbacks, *trainer.checkpoint_callbacks):
            monitor = getattr(callback, "monitor", None)
            if isinstance(monitor, str) and monitor not in known and monitor in str(error):
                raise InvalidConfig(
                    f"{type(callback).__name__} watches {monitor}, which the model does not log, "
                    f"but {', '.join(sorted(known))}; try metric.name={nearest(monitor, known)}"
                ) from error
        raise
