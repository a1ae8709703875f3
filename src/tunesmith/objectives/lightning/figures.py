"""What a single fit leaves behind: its checkpoint, learning curve and predicted versus true."""

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from lightning.pytorch import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.profilers import PassThroughProfiler, Profiler, SimpleProfiler

from tunesmith.context import Context
from tunesmith.objectives.class_predictions import class_plots
from tunesmith.objectives.fit_plots import log_plots, predicted_versus_true
from tunesmith.objectives.lightning.fitted import LightningFitted
from tunesmith.paths import RunPaths
from tunesmith.tracking import curves_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

N_LONGEST = 5


def log_fit(trainer: Trainer, datamodule: LightningDataModule, *, context: Context) -> None:
    """Record the checkpoint, write plots into the run's folder and record them.

    With a profiler, its table too. The plots are interactive and show without a network. A model
    without a learning curve, or one that does not predict one number a row, goes without that plot;
    one of classes that the data name has those of classes.
    """
    run, paths = context.run, context.paths
    run.log_artifact(paths.checkpoint)
    # Lightning sets the attribute out of mypy's sight.
    profiler: Profiler = trainer.profiler  # type: ignore[attr-defined]
    if not isinstance(profiler, PassThroughProfiler):
        _write_profile(profiler, path=paths.profile)
        run.log_artifact(paths.profile)
    if (curve := _learning_curve(trainer)) is not None:
        log_plots({paths.learning_curve: curve}, context=context)
    model = trainer.lightning_module
    log_plots(_of_validation(model, datamodule, paths=paths), context=context)
    fitted = LightningFitted(model, datamodule, accelerator="cpu")
    # here: the first epoch must not wait for scikit-learn
    from tunesmith.objectives.importance import log_importance

    log_importance(fitted.predictor(), datamodule, context=context)


def _of_validation(
    model: LightningModule, datamodule: LightningDataModule, *, paths: RunPaths
) -> "dict[Path, go.Figure]":
    """Return the plots of the validation rows by their files; none where they do not apply."""
    labels = getattr(datamodule, "labels", ())
    batch = next(iter(datamodule.val_dataloader()))
    if type(model).forward is LightningModule.forward or not (labels or _is_regression(batch)):
        return {}
    x, true = batch
    model.eval()
    with torch.no_grad():
        predicted = model(x.to(model.device, model.dtype))
    wanted = (len(x), len(labels)) if labels else true.shape
    if not isinstance(predicted, torch.Tensor) or predicted.shape != wanted:
        return {}
    known = predicted.float().cpu().numpy()
    if labels:
        return class_plots(true.numpy(), known, labels, paths=paths)
    figure = predicted_versus_true(true[:, 0].numpy(), known[:, 0])
    return {paths.predicted_versus_true: figure}


def _write_profile(profiler: Profiler, *, path: Path) -> None:
    """Write the profiler's table and say what took longest."""
    path.write_text(profiler.summary())
    if isinstance(profiler, SimpleProfiler):
        seconds = {action: sum(calls) for action, calls in profiler.recorded_durations.items()}
        longest = sorted(seconds, key=lambda action: -seconds[action])[:N_LONGEST]
        said = ", ".join(f"{name.rsplit('.', 1)[-1]} {seconds[name]:.2f} s" for name in longest)
        print(f"profile    {said}; the rest: {path.name}")


def _learning_curve(trainer: Trainer) -> "go.Figure | None":
    curves = curves_of(trainer).items()
    fitted = {name: points for name, points in curves if not name.startswith("test/")}
    if not fitted:
        return None
    import plotly.graph_objects as go  # here: the first epoch must not wait for it

    figure = go.Figure(
        [
            go.Scatter(x=list(points), y=list(points.values()), name=name, mode="lines+markers")
            for name, points in fitted.items()
        ]
    )
    return figure.update_layout(
        title="Learning curve", xaxis_title="epoch", yaxis_type="log", template="simple_white"
    )


def _is_regression(batch: object) -> bool:
    """Return whether a batch is rows of real numbers, and one real number for each."""
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        return False
    x, y = batch
    if not (isinstance(x, torch.Tensor) and isinstance(y, torch.Tensor)):
        return False
    return x.is_floating_point() and y.is_floating_point() and y.shape[1:] == (1,)
