"""What each trial reported while it ran: grey, and the best in colour."""

import math
from collections.abc import Iterator, Sequence

import optuna
import plotly.graph_objects as go
from optuna.trial import FrozenTrial, TrialState

from tunesmith.report.axes import Scale, last_value, scale_of
from tunesmith.report.drawn import sampled
from tunesmith.report.figure import BEST, FAINT, Panel, Plot, figure_of
from tunesmith.report.ticks import whole_ticks
from tunesmith.study import finished, leaders, sign

_MOST_CURVES = 100
_MOST_POINTS = 100


def intermediate_values(study: optuna.Study, name: str) -> Iterator[Plot]:
    """Draw what each trial reported."""
    curves = [t for t in finished(study) if len(t.intermediate_values) > 1]
    if not curves:
        return
    kept = _kept(study, curves)
    values = [v for t in kept for v in t.intermediate_values.values()]
    scale = scale_of(values, maximizes=sign(study) < 0)
    best = next((t for t in leaders(study) if len(t.intermediate_values) > 1), None)
    grey = [t for t in kept if best is None or t.number != best.number]
    traces = [_lines(grey, scale, "trials"), _ends(grey, scale)]
    if best is not None:
        traces.append(_best(best))
    steps = [step for t in kept for step in t.intermediate_values]
    first, last = min(steps), max(steps)
    beside = 0.02 * (last - first) or 0.5
    shown = [first - beside, last + beside]
    axis = {"title": {"text": "step"}, "range": shown, **whole_ticks(first, last)}
    figure = figure_of(traces, xaxis=axis, yaxis=scale.axis(name))
    yield Plot(
        "Intermediate values", _caption(curves, kept, scale), [Panel("intermediate", figure)]
    )


def _kept(study: optuna.Study, curves: Sequence[FrozenTrial]) -> Sequence[FrozenTrial]:
    """Return the curves that are drawn: all, or the best ones and as many of the others."""
    if len(curves) <= _MOST_CURVES:
        return curves
    half = _MOST_CURVES // 2
    best = [t for t in leaders(study) if len(t.intermediate_values) > 1][:half]
    known = {t.number for t in best}
    others = [t for t in curves if t.number not in known]
    return [*best, *sampled(others, _MOST_CURVES - len(best))]


def _caption(curves: Sequence[FrozenTrial], kept: Sequence[FrozenTrial], scale: Scale) -> str:
    said = (
        "What each trial reported, by epoch or repetition: the best one in colour, hollow where "
        "the pruner stopped one."
    )
    if len(kept) < len(curves):
        said += (
            f" Drawn: the best {_MOST_CURVES // 2} and a random {_MOST_CURVES // 2} of "
            f"{len(curves):,} trials."
        )
    if scale.note:
        said += " The axis leaves out the worst values."
    return said


def _points(trial: FrozenTrial) -> list[tuple[int, float]]:
    """Return the reported values by step, of many evenly some and the last one."""
    reported = sorted(trial.intermediate_values.items())
    step = math.ceil(len(reported) / _MOST_POINTS)
    kept = reported[::step]
    return kept if kept[-1] == reported[-1] else [*kept, reported[-1]]


def _lines(trials: Sequence[FrozenTrial], scale: Scale, name: str) -> go.Scatter:
    """Return all lines as one trace, which is drawn quickly: a gap between two."""
    x: list[int | None] = []
    y: list[float | None] = []
    said: list[str] = []
    for trial in trials:
        points = _points(trial)
        x += [*(step for step, _ in points), None]
        y += [*(_drawable(value, scale) for _, value in points), None]
        said += [f"trial {trial.number}"] * (len(points) + 1)
    return go.Scatter(
        x=x,
        y=y,
        text=said,
        mode="lines",
        line={"color": FAINT, "width": 1},
        opacity=0.6,
        name=name,
        hovertemplate="%{text}<br>step %{x}: %{y:.6~g}<extra></extra>",
    )


def _drawable(value: float, scale: Scale) -> float | None:
    return value if math.isfinite(value) and (value > 0 or not scale.is_log) else None


def _ends(trials: Sequence[FrozenTrial], scale: Scale) -> go.Scatter:
    stopped = [t for t in trials if t.state == TrialState.PRUNED and last_value(t) is not None]
    return go.Scatter(
        x=[max(t.intermediate_values) for t in stopped],
        y=[last_value(t) for t in stopped],
        text=[f"trial {t.number}" for t in stopped],
        mode="markers",
        marker={"symbol": "circle-open", "size": 7, "color": FAINT, "line": {"width": 1.4}},
        name="pruned",
        hovertemplate="%{text}<br>pruned at step %{x}: %{y:.6~g}<extra></extra>",
    )


def _best(trial: FrozenTrial) -> go.Scatter:
    points = _points(trial)
    return go.Scatter(
        x=[step for step, _ in points],
        y=[value for _, value in points],
        mode="lines",
        line={"color": BEST, "width": 2.5},
        name=f"best, trial {trial.number}",
    )
