"""What a single fit leaves behind: its checkpoint, learning curve and predicted versus true."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import torch
from lightning.pytorch import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.profilers import PassThroughProfiler, Profiler, SimpleProfiler

from tunesmith.context import Context
from tunesmith.objectives.class_predictions import log_class_plots
from tunesmith.tracking import curves_of

MAX_POINTS = 2000
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
    model = trainer.lightning_module
    for path, figure in (
        (paths.learning_curve, _learning_curve(trainer)),
        (paths.predicted_versus_true, _predicted_versus_true(model, datamodule)),
    ):
        if figure is not None:
            figure.write_html(path, include_plotlyjs=True)
            run.log_artifact(path)
    if labels := getattr(datamodule, "labels", ()):
        _log_classes(model, datamodule, labels=labels, context=context)


def _log_classes(
    model: LightningModule,
    datamodule: LightningDataModule,
    *,
    labels: Sequence[Any],
    context: Context,
) -> None:
    x, true = next(iter(datamodule.val_dataloader()))
    model.eval()
    with torch.no_grad():
        predicted = model(x.to(model.device, model.dtype))
    if isinstance(predicted, torch.Tensor) and predicted.shape == (len(x), len(labels)):
        shares = predicted.float().cpu().numpy()
        log_class_plots(true.numpy(), shares, labels, paths=context.paths, run=context.run)


def _write_profile(profiler: Profiler, *, path: Path) -> None:
    """Write the profiler's table and say what took longest."""
    path.write_text(profiler.summary())
    if isinstance(profiler, SimpleProfiler):
        seconds = {action: sum(calls) for action, calls in profiler.recorded_durations.items()}
        longest = sorted(seconds, key=lambda action: -seconds[action])[:N_LONGEST]
        said = ", ".join(f"{name.rsplit('.', 1)[-1]} {seconds[name]:.2f} s" for name in longest)
        print(f"profile    {said}; the rest: {path.name}")


def _learning_curve(trainer: Trainer) -> go.Figure | None:
    curves = curves_of(trainer).items()
    fitted = {name: points for name, points in curves if not name.startswith("test/")}
    if not fitted:
        return None
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


def _predicted_versus_true(
    model: LightningModule, datamodule: LightningDataModule
) -> go.Figure | None:
    batch = next(iter(datamodule.val_dataloader()))
    if not _is_regression(batch) or type(model).forward is LightningModule.forward:
        return None
    x, true = batch
    model.eval()
    with torch.no_grad():
        predicted = model(x.to(model.device, model.dtype))
    if not isinstance(predicted, torch.Tensor) or predicted.shape != true.shape:
        return None
    return _scatter(true[:MAX_POINTS, 0], predicted[:MAX_POINTS, 0].float().cpu())


def _scatter(true: torch.Tensor, predicted: torch.Tensor) -> go.Figure:
    ends = [float(true.min()), float(true.max())]
    points = go.Scattergl(
        x=true.tolist(),
        y=predicted.tolist(),
        mode="markers",
        marker={"size": 4},
        name="validation rows",
    )
    line = go.Scatter(x=ends, y=ends, mode="lines", name="predicted = true")
    return go.Figure([points, line]).update_layout(
        title="Predicted versus true, validation rows",
        xaxis_title="true",
        yaxis_title="predicted",
        template="simple_white",
    )
