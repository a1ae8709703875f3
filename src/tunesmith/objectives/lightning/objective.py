"""The objective of deep learning: fit a LightningModule on a DataModule with a plain Trainer."""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import LightningDataModule, LightningModule, Trainer, seed_everything
from lightning.pytorch.utilities.model_helpers import is_overridden
from omegaconf import DictConfig
from optuna import Trial

from tunesmith.context import current_context
from tunesmith.errors import InvalidConfig, nearest
from tunesmith.freed_memory import keep_freed_memory
from tunesmith.objectives.lightning.build import (
    build_data,
    build_model,
    build_trainer,
    build_watch,
    data_of_fit,
    without_validation,
)
from tunesmith.objectives.lightning.callbacks import WatchFit
from tunesmith.objectives.lightning.checkpoint import save_model
from tunesmith.objectives.lightning.checks import check_fit, processes_of
from tunesmith.objectives.lightning.figures import log_fit
from tunesmith.objectives.lightning.fitted import LightningFitted, trainer_of_fitted
from tunesmith.objectives.objective import FittedModel, Objective
from tunesmith.paths import RunPaths
from tunesmith.study import TrialRecord
from tunesmith.tracking import curves_of

# Lightning prints through handlers of its own; its messages belong into the run's log.
for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
    logging.getLogger(name).handlers.clear()
    logging.getLogger(name).propagate = True


class Lightning(Objective):
    """Fits the config's `model` on its `data` with its `trainer` and `callbacks`.

    `model` is any LightningModule and `data` any LightningDataModule. If the data module has a
    property `model_arguments`, a dict, the model gets those items that its constructor takes.
    If the model has a list `metric_names` of all that it logs, a mistyped `metric.name` is refused
    before the fit.

    A single run also computes the metrics on the test rows, and leaves its checkpoint and plots in
    its folder. A trial of a search does not, so that nothing of the test rows leaks into the
    search; `keep_model=true` keeps its checkpoint. The weights that are tested and kept are those
    that the returned value belongs to.
    """

    takes_infinity = False

    def evaluate(self, cfg: DictConfig) -> dict[str, float]:
        """Train once, and return the metrics of the last validation, or of the best (`metric.at`).

        Among them are `epochs`, and `model/parameters`, the number of trained parameters.

        Raises:
            Diverged: The training loss is infinite or NaN.
            TrialPruned: The search's pruner stops the trial.
            InvalidConfig: A callback watches what the model does not log.

        """
        context = current_context()
        datamodule, model = _seeded(cfg)
        fitted_on = data_of_fit(cfg, datamodule)
        holds_out, at_best = fitted_on is not datamodule, cfg.metric.at == "best"
        watch = build_watch(cfg, context, keeps_weights=holds_out and at_best)
        trainer = build_trainer(cfg, watch, context)
        _fit(trainer, model, fitted_on, ckpt_path=cfg.ckpt_path, trial=context.trial)
        metrics = _validated(cfg, trainer, fitted_on, watch=watch)
        if holds_out:
            metrics |= _held_out(cfg, model, datamodule, weights=watch.weights)
        metrics["model/parameters"] = _n_parameters(model)
        if context.keeps_model(cfg):
            best_by = cfg.metric.name if at_best else None
            save_model(trainer, context.paths.checkpoint, best_by=best_by)
        metrics["epochs"] = trainer.current_epoch
        if not context.is_trial:
            metrics |= _tested(trainer, datamodule)
            if context.is_first:
                log_fit(trainer, datamodule, context=context)
        return metrics

    def check(self, cfg: DictConfig) -> None:
        """Make the data, model, optimizer and callbacks of a config without training.

        Raises:
            InvalidConfig: One of them refuses its values; the message names the key.

        """
        check_fit(cfg)

    def n_processes(self, cfg: DictConfig) -> int:
        """Return the number of the Trainer's processes, this one included."""
        return processes_of(cfg)

    def on_all_rows(self, cfg: DictConfig, metrics: Mapping[str, float]) -> DictConfig | None:
        """Return the config of a fit with the `epochs` of the metrics, on the same schedule.

        None where the fit continues another one (`ckpt_path`), is a trial of the code
        (`fast_dev_run`, `overfit_batches`), or is computed by several processes.
        """
        trainer = cfg.trainer
        is_try = trainer.get("fast_dev_run") or trainer.get("overfit_batches")
        if cfg.ckpt_path is not None or is_try or processes_of(cfg) > 1:
            return None
        return without_validation(cfg, epochs=round(metrics.get("best_epoch", metrics["epochs"])))

    def restore(self, cfg: DictConfig, folder: Path) -> FittedModel:
        """Load the model from the checkpoint in a run's folder, with the data of its config."""
        datamodule = build_data(cfg)
        model = build_model(cfg, datamodule)
        checkpoint = torch.load(RunPaths(folder).checkpoint, map_location="cpu", weights_only=True)
        model.load_state_dict(checkpoint["state_dict"])
        return LightningFitted(model, datamodule, accelerator=cfg.trainer.accelerator)


def _seeded(cfg: DictConfig) -> tuple[LightningDataModule, LightningModule]:
    if cfg.n_threads is not None:
        torch.set_num_threads(cfg.n_threads)
    keep_freed_memory()
    # The data is drawn first, the weights continue its random stream, unless reseeded.
    datamodule = build_data(cfg)
    if cfg.seed is not None:
        seed_everything(cfg.seed, workers=True, verbose=False)
    return datamodule, build_model(cfg, datamodule)


def _fit(
    trainer: Trainer,
    model: LightningModule,
    datamodule: LightningDataModule,
    *,
    ckpt_path: str | None,
    trial: Trial | None,
) -> None:
    try:
        with _naming_the_unlogged(trainer):
            trainer.fit(model, datamodule=datamodule, ckpt_path=ckpt_path, weights_only=True)
    finally:
        if trial is not None:
            TrialRecord.write(trial, epochs=trainer.fit_loop.epoch_progress.current.ready)


@contextlib.contextmanager
def _naming_the_unlogged(trainer: Trainer) -> Iterator[None]:
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


def _validated(
    cfg: DictConfig, trainer: Trainer, datamodule: LightningDataModule, *, watch: WatchFit
) -> dict[str, float]:
    """Return the metrics of the validation that `metric.at` names; of the best, its epoch's."""
    if cfg.metric.at == "best" and (best := watch.best) is not None:
        curves = curves_of(trainer).items()
        same = {name: points[best.epoch] for name, points in curves if best.epoch in points}
        return {**same, cfg.metric.name: best.value, "best_epoch": best.epoch}
    metrics = _metrics(trainer)
    if trainer.limit_val_batches == 0:
        return metrics
    if trainer.current_epoch % (trainer.check_val_every_n_epoch or 1) != 0:
        trainer.validate(datamodule=datamodule, model=trainer.lightning_module, verbose=False)
        metrics |= _metrics(trainer)
    return metrics


def _held_out(
    cfg: DictConfig,
    model: LightningModule,
    datamodule: LightningDataModule,
    *,
    weights: dict[str, Any] | None,
) -> dict[str, float]:
    """Return the metrics on rows that the fit has not looked at; with the best weights if any."""
    if weights is not None:
        model.load_state_dict(weights)
    trainer = trainer_of_fitted(cfg.trainer.accelerator)
    trainer.validate(model, datamodule=datamodule, verbose=False)
    return _metrics(trainer)


def _tested(trainer: Trainer, datamodule: LightningDataModule) -> dict[str, float]:
    """Return the metrics on the test rows; none without a test step or rows."""
    model = trainer.lightning_module
    if not is_overridden("test_step", model) or not is_overridden("test_dataloader", datamodule):
        return {}
    trainer.test(model, datamodule=datamodule, verbose=False)
    return _metrics(trainer)


def _metrics(trainer: Trainer) -> dict[str, float]:
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


def _n_parameters(model: LightningModule) -> float:
    return float(sum(p.numel() for p in model.parameters() if p.requires_grad))
