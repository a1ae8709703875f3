"""The values of the trials: one after the other, and over each parameter."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from optuna.trial import FrozenTrial

from tunesmith.report.axes import Objective
from tunesmith.report.drawn import MOST, Drawn, drawn_of, marks
from tunesmith.report.figure import BEST, Panel, Plot, figure_of
from tunesmith.report.ticks import ParamAxis, whole_ticks
from tunesmith.study import is_multi_objective

# Of each kind: over all panels, and at least in each of them.
_MOST_POINTS, _LEAST = 6000, 200


def history(objective: Objective) -> Iterator[Plot]:
    """Draw the value of every trial, and of one objective the best so far."""
    several = is_multi_objective(objective.study)
    drawn = drawn_of(objective)
    traces = marks(objective, drawn, _numbers)
    last = max(t.number for t in (*drawn.complete, *drawn.pruned, *drawn.lost))
    if not several:
        traces.append(_best_so_far(objective, last))
    beside = 0.02 * last + 0.5
    axis = {"title": {"text": "trial"}, "range": [-beside, last + beside], **whole_ticks(0, last)}
    figure = figure_of(traces, xaxis=axis, yaxis=objective.scale.axis(objective.name))
    caption = (
        "Points are trials."
        if several
        else "Points are trials, the line is the best so far. A line that is flat for long says "
        "that fewer trials would have done; one that still moves says to go on."
    )
    caption += drawn.note + objective.scale.note
    title = f"History{objective.label}"
    yield Plot(title, caption, [Panel(f"history{objective.suffix}", figure)], half=several)


def _numbers(trials: Sequence[FrozenTrial]) -> Any:
    return np.array([t.number for t in trials])


def _best_so_far(objective: Objective, last: int) -> go.Scatter:
    x: list[int] = []
    y: list[float] = []
    for trial in sorted(objective.trials, key=lambda t: t.number):
        value = objective.target(trial)
        if not y or (value > y[-1] if objective.maximizes else value < y[-1]):
            x.append(trial.number)
            y.append(value)
    return go.Scatter(
        x=[*x, last],
        y=[*y, y[-1]],
        mode="lines",
        line={"shape": "hv", "color": BEST, "width": 2},
        name="best so far",
        hoverinfo="skip",
    )


def slices(objective: Objective) -> Iterator[Plot]:
    """Draw the value over each parameter, a panel for each."""
    names = list(dict.fromkeys(name for t in objective.trials for name in t.params))
    # A browser draws each point by itself, in every panel.
    drawn = drawn_of(objective, most=min(MOST, max(_LEAST, _MOST_POINTS // max(1, len(names)))))
    trials = [*drawn.complete, *drawn.pruned, *drawn.lost]
    panels = [
        Panel(f"slice{objective.suffix}-{i}", _slice(objective, drawn, ParamAxis.of(name, trials)))
        for i, name in enumerate(names)
    ]
    if panels:
        caption = (
            "One panel for each parameter, over the range that was searched; stronger points are "
            "later trials, the diamond is the best. Good points that crowd against an edge ask for "
            "a wider range, good points in one spot for a narrower one."
        )
        caption += drawn.note + objective.scale.note
        yield Plot(f"Slices{objective.label}", caption, panels)


def _slice(objective: Objective, drawn: Drawn, axis: ParamAxis) -> go.Figure:
    traces = marks(objective, drawn.having(axis.name), axis.scattered, drawn_over=axis.name)
    values = objective.scale.axis(objective.name)
    return figure_of(traces, xaxis=axis.layout(), yaxis=values, showlegend=False, height=280)
