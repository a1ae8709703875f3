"""What a single fit leaves behind: its checkpoint, learning curve and predicted versus true."""

from pathlib import Path

import plotly.graph_objects as go
import torch
from lightning.pytorch import LightningDataModule, LightningModule, Trainer

from tunesmith.tracking import current_run
from tunesmith.tracking.lightning import RunLogger

CHECKPOINT = "checkpoint.ckpt"
MAX_POINTS = 2000


def log_fit(
    trainer: Trainer, model: LightningModule, datamodule: LightningDataModule, *, folder: Path
) -> None:
    """Record the checkpoint, and write plots into the run's folder and record them.

    The plots are interactive and show without a network. A model without a learning curve, or one
    that does not predict one number a row, goes without that plot.
    """
    run = current_run()
    run.log_artifact(folder / CHECKPOINT)
    figures = {
        "learning_curve": _learning_curve(trainer),
        "predicted_vs_true": _predicted_versus_true(model, datamodule),
    }
    for name, figure in figures.items():
        if figure is not None:
            path = folder / f"{name}.html"
            figure.write_html(path, include_plotlyjs=True)
            run.log_artifact(path)


def _learning_curve(trainer: Trainer) -> go.Figure | None:
    curves = next(
        (logger.curves for logger in trainer.loggers if isinstance(logger, RunLogger)), {}
    )
    fitted = {name: points for name, points in curves.items() if not name.startswith("test/")}
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


def _predicted_versus_true(
    model: LightningModule, datamodule: LightningDataModule
) -> go.Figure | None:
    batch = next(iter(datamodule.val_dataloader()))
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        return None
    model.eval()
    with torch.no_grad():
        predicted = model(batch[0].to(model.device))
    true = batch[1]
    if not isinstance(predicted, torch.Tensor) or predicted.shape != true.shape:
        return None
    if true.ndim != 2 or true.shape[1] != 1:
        return None
    predicted = predicted.cpu()
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
