"""One figure of the page, its panels, and how all of them look."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

# The page's style sheet says what these are, for bright and for dark screens.
INK = "var(--ink)"
POINT = "var(--point)"
BEST = "var(--best)"
FAINT = "var(--faint)"
EARLY_TO_LATE = [[0, "var(--early)"], [1, "var(--late)"]]
_GRID = "var(--grid)"
_COLOURS = [POINT, BEST, "var(--third)", "var(--fourth)", "var(--fifth)"]

VALUE_SCALE = "Viridis"


@dataclass(frozen=True)
class Panel:
    """One figure of plotly: its key on the page, and its JSON as the page holds it."""

    key: str
    figure: go.Figure
    json: str = ""


@dataclass(frozen=True)
class Plot:
    """A title, a caption that says how to read it, and panels side by side.

    Without panels the caption says why nothing could be drawn. Two plots that are `half` stand
    beside each other; one that needs `min_width` pixels is scrolled where there are less.
    """

    title: str
    caption: str
    panels: Sequence[Panel] = ()
    half: bool = False
    min_width: int | None = None


# What draws a few plots that belong together, and their title.
Part = tuple[str, Callable[[], Iterator[Plot]]]


def figure_of(traces: Sequence[Any], **layout: Any) -> go.Figure:
    """Return a figure of traces, without a template of its own: the page has one for all."""
    return go.Figure(list(traces), layout={"template": None, **layout})


def look() -> go.layout.Template:
    """Return the template of all figures of the page, in colours of its style sheet."""
    axis = {
        "gridcolor": _GRID,
        "linecolor": FAINT,
        "tickcolor": FAINT,
        "zeroline": False,
        "showline": True,
        "ticks": "outside",
        "ticklen": 4,
        "automargin": True,
        "title": {"standoff": 8},
    }
    return go.layout.Template(
        layout={
            "paper_bgcolor": "var(--paper)",
            "plot_bgcolor": "var(--paper)",
            "font": {"family": "system-ui, DejaVu Sans, sans-serif", "size": 13, "color": INK},
            "colorway": _COLOURS,
            "xaxis": axis,
            "yaxis": axis,
            "scene": {
                name: {"gridcolor": _GRID, "backgroundcolor": "var(--paper)", "color": INK}
                for name in ("xaxis", "yaxis", "zaxis")
            },
            "hoverlabel": {"font": {"size": 13}},
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        }
    )
