"""What a single fit leaves behind: its checkpoint, learning curve and predicted versus true."""

from pathlib import Path

import plotly.graph_objects as go
import torch
from lightning.pytorch import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.profilers import PassThroughProfiler, Profiler, SimpleProfiler

from tunesmith.tracking import current_run
from tunesmith.tracking.lightning import curves_of

CHECKPOINT = "checkpoint.ckpt"
MAX_POINTS = 2000
N_LONGEST = 5


def log_fit(trainer: Trainer, datamodule: LightningDataModule, *, folder: Path) -> None:
    """Record the checkpoint, write plots into the run's folder and record them.

    With a profiler, its table too. The plots are interactive and show without a network. A model
    without a learning curve, or one that does not predict one number a row, goes without that plot.
    """
    run = current_run()
    run.log_artifact(folder / CHECKPOINT)
    # Lightning sets the attribute out of mypy's sight.
    _write_profile(trainer.profiler, path=folder / "profile.txt")  # type: ignore[attr-defined]
    figures = {
        "learning_curve": _learning_curve(trainer),
        "predicted_vs_true": _predicted_versus_true(trainer.lightning_module, datamodule),
    }
    for name, figure in figures.items():
        if figure is not None:
            path = folder / f"{name}.html"
            figure.write_html(path, include_plotlyjs=True)
            run.log_artifact(path)


def _write_profile(profiler: Profiler, *, path: Path) -> None:
    """Write the profiler's table, if there is one, and say what took longest."""
    if isinstance(profiler, PassThroughProfiler):
        return
    path.write_text(profiler.summary())
    current_run().log_artifact(path)
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
    """Whether a batch is rows of real numbers, and one real number for each."""
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
    predicted = predicted.float().cpu()
    shown = slice(0, MAX_POINTS)
    ends = [float(true[shown].min()), float(true[shown].max())]
    figure = go.Figure(
        [
            go.Scattergl(
                x=true[shown, 0].tolist(),
                y=predicted[shown, 0].tolist(),
                mode="markers",
                marker={"size": 4},
                name="validation rows",
            ),
            go.Scatter(x=ends, y=ends, mode="lines", name="predicted = true"),
        ]
    )
    return figure.update_layout(
        title="Predicted versus true, validation rows",
        xaxis_title="true",
        yaxis_title="predicted",
        template="simple_white",
    )
