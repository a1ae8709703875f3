"""The plots of a fit: files of its folder, and of the report where it is a search's winner."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunesmith.context import Context
from tunesmith.freed_memory import release_freed_memory

if TYPE_CHECKING:
    import plotly.graph_objects as go

MAX_POINTS = 2000
# Of a longer name both ends are shown: columns are often alike at one of them.
MOST_LETTERS = 26
# A name takes so many pixels; where they lie closer, Plotly leaves every second one out.
HEIGHT_OF_NAME, HEIGHT_BESIDE = 18, 130


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


def named_bars(
    names: Sequence[str], lengths: Sequence[float], *, deviations: Sequence[float] | None = None
) -> "go.Figure":
    """Return a bar for each name, the first one on top; each is told.

    Args:
        names: The names.
        lengths: How long the bars are.
        deviations: What their error bars show, if they have any.

    """
    import plotly.graph_objects as go  # here: the first epoch must not wait for it

    # Plotly begins at the bottom.
    order = slice(None, None, -1)
    names = [str(name) for name in names][order]
    bars = go.Bar(
        x=[float(length) for length in lengths][order],
        y=names,
        error_x=None if deviations is None else {"array": list(deviations)[order]},
        orientation="h",
    )
    return go.Figure(bars).update_layout(
        yaxis={
            "type": "category",
            "automargin": True,
            "tickvals": names,
            "ticktext": [_shortened(name) for name in names],
        },
        height=HEIGHT_BESIDE + HEIGHT_OF_NAME * len(names),
        template="simple_white",
    )


def _shortened(name: str) -> str:
    half = MOST_LETTERS // 2
    return name if len(name) <= MOST_LETTERS else f"{name[:half]}…{name[1 - half :]}"
