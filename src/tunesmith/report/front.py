"""The trials of several objectives, and their front."""

from collections.abc import Iterator, Sequence
from typing import Any

import optuna
import plotly.graph_objects as go
from optuna.trial import FrozenTrial

from tunesmith.report.axes import Objective, spans_decades
from tunesmith.report.drawn import MOST, sampled
from tunesmith.report.figure import BEST, FAINT, Panel, Plot, figure_of
from tunesmith.report.ticks import log_ticks
from tunesmith.report.wording import value_text
from tunesmith.study import leaders

_MOST_OTHERS = 2 * MOST


def pareto_front(study: optuna.Study, objectives: Sequence[Objective]) -> Iterator[Plot]:
    """Draw all trials of two or three objectives, the front in colour."""
    front = leaders(study)
    known = {trial.number for trial in front}
    others = [t for t in objectives[0].trials if t.number not in known]
    kept = sampled(others, _MOST_OTHERS)
    traces = [
        _points("other trials", kept, objectives, {"color": FAINT, "size": 6, "opacity": 0.7}),
        _points("Pareto front", front, objectives, {"color": BEST, "size": 8}),
    ]
    caption = (
        "Each point is a trial. No other trial is better in every objective than those on the "
        "front, which are red; choose among them by what you can give up."
    )
    if len(kept) < len(others):
        caption += f" Drawn beside them: a random {len(kept):,} of {len(others):,} other trials."
    axes = [_axis(one, is_flat=len(objectives) == 2) for one in objectives]
    if len(objectives) == 2:
        layout: dict[str, Any] = {"xaxis": axes[0], "yaxis": axes[1]}
    else:
        layout = {"scene": dict(zip(("xaxis", "yaxis", "zaxis"), axes, strict=True))}
    figure = figure_of(traces, **layout)
    yield Plot("Pareto front", caption, [Panel("pareto", figure)])


def _points(
    name: str, trials: Sequence[FrozenTrial], objectives: Sequence[Objective], marker: Any
) -> Any:
    values = [[objective.target(t) for t in trials] for objective in objectives]
    told = [_told(trial, objectives) for trial in trials]
    look = {"name": name, "mode": "markers", "marker": marker, "text": told, "hoverinfo": "text"}
    if len(objectives) == 3:
        return go.Scatter3d(x=values[0], y=values[1], z=values[2], **look)
    return go.Scatter(x=values[0], y=values[1], cliponaxis=False, **look)


def _told(trial: FrozenTrial, objectives: Sequence[Objective]) -> str:
    values = [f"{one.name} {value_text(one.target(trial))}" for one in objectives]
    params = [f"{name} {value_text(value)}" for name, value in trial.params.items()]
    return "<br>".join([f"trial {trial.number}", *values, *params[:8]])


def _axis(objective: Objective, *, is_flat: bool) -> dict[str, Any]:
    title = {"title": {"text": objective.name}}
    values = [objective.target(t) for t in objective.trials]
    # Sizes and errors trade off by factors: the bend of the front shows on a log scale.
    if is_flat and spans_decades(values, 1):
        return {**title, **log_ticks(min(values), max(values))}
    return title
