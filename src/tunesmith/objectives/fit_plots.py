"""The plots of a fit: files of its folder, and of the report where it is a search's winner."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunesmith.context import Context
from tunesmith.freed_memory import release_freed_memory

if TYPE_CHECKING:
    import plotly.graph_objects as go

MAX_POINTS = 2000


def log_plots(plots: "Mapping[Path, go.Figure]", *, context: Context) -> None:
    """Write plots into the run's folder, record them, and keep them for a search's report.

    They are interactive and show without a network.

    Args:
        plots: Each figure by its file.
        context: The run.

    """
    # What a fit took and freed; Plotly's text would come on top of that.
    release_freed_memory()
    kept = context.paths.plots
    shown = json.loads(kept.read_text("utf-8")) if kept.is_file() else {}
    for path, figure in plots.items():
        figure.write_html(path, include_plotlyjs=True)
        context.run.log_artifact(path)
        shown[figure.layout.title.text] = figure.to_json()
    kept.write_text(json.dumps(shown), encoding="utf-8")


def predicted_versus_true(true: Any, predicted: Any) -> "go.Figure":
    """Return the plot of predicted and true numbers, (n,) both, with the residuals below."""
    import plotly.graph_objects as go  # here: the first epoch must not wait for it

    true, predicted = true[:MAX_POINTS], predicted[:MAX_POINTS]
    ends = [float(true.min()), float(true.max())]
    points = go.Scattergl(
        x=true.tolist(),
        y=predicted.tolist(),
        mode="markers",
        marker={"size": 4},
        name="validation rows",
    )
    line = go.Scatter(x=ends, y=ends, mode="lines", name="predicted = true")
    residuals = go.Scattergl(
        x=true.tolist(),
        y=(predicted - true).tolist(),
        mode="markers",
        marker={"size": 4, "color": "rgb(127, 127, 127)"},
        name="predicted - true",
        yaxis="y2",
    )
    return go.Figure([points, line, residuals]).update_layout(
        title="Predicted versus true, validation rows",
        xaxis={"title": {"text": "true"}, "anchor": "y2"},
        yaxis={"title": {"text": "predicted"}, "domain": [0.36, 1]},
        yaxis2={"title": {"text": "residual"}, "domain": [0, 0.28], "zeroline": True},
        template="simple_white",
    )
