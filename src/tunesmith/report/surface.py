"""The values over several parameters at once: two of them as a map, many as lines."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from optuna.trial import FrozenTrial

from tunesmith.report.axes import Objective
from tunesmith.report.drawn import drawn_of, sampled
from tunesmith.report.figure import INK, VALUE_SCALE, Panel, Plot, figure_of
from tunesmith.report.importance import most_important
from tunesmith.report.ticks import ParamAxis, power_text, shortened

Array = npt.NDArray[np.float64]

_LEAST_FOR_MAP = 10
_UNITS = np.linspace(0, 1, 80)
_MANY = 300
# In shares of the axes: how far a trial tells of its surroundings, and how far it is no more near.
_REACH, _NEAR = 0.05, 0.1
_MOST_LINES = 1000
_MOST_AXES = 8
# So wide that eight fit into the page.
_WIDTH_OF_AXIS = 112


def contour(objective: Objective) -> Iterator[Plot]:
    """Draw the value over the two most important parameters."""
    if len(objective.params) < 2 or len(objective.trials) < _LEAST_FOR_MAP:
        return
    drawn = drawn_of(objective)
    axes = [ParamAxis.of(name, drawn.complete) for name in most_important(objective)]
    ordered = [axis for axis in axes if axis.is_ordered]
    is_map = len(ordered) >= 2
    axes = (ordered if is_map else axes)[:2]
    positions = _positions(objective, drawn.complete)
    cells = _cells(positions, drawn.complete, axes) if is_map else positions
    traces = [_trials(objective, drawn.complete, axes, cells, has_scale=not is_map)]
    if is_map:
        traces.insert(0, _map(objective, cells, axes))
    figure = figure_of(traces, xaxis=axes[0].layout(), yaxis=axes[1].layout(), showlegend=False)
    kind = " of those with an order and many values" if is_map else ""
    caption = f"The two most important parameters{kind}; points are complete trials. "
    caption += (
        "The colour between them is the mean of the trials near by; where there is none, it is "
        "left blank."
        if is_map
        else "The colour is the value."
    )
    yield Plot(
        f"{axes[0].name} against {axes[1].name}{objective.label}",
        caption + drawn.thinned,
        [Panel(f"contour{objective.suffix}", figure)],
    )


def _cells(positions: Array, trials: Sequence[FrozenTrial], axes: Sequence[ParamAxis]) -> Array:
    x, y = (axis.units(trials) for axis in axes)
    return smoothed(x, y, positions, _UNITS)


def _map(objective: Objective, cells: Array, axes: Sequence[ParamAxis]) -> Any:
    return go.Contour(
        x=axes[0].values(_UNITS),
        y=axes[1].values(_UNITS),
        z=[[None if math.isnan(value) else value for value in row] for row in cells],
        colorscale=VALUE_SCALE,
        reversescale=not objective.maximizes,
        contours={"coloring": "fill"},
        line={"width": 0},
        ncontours=14,
        colorbar=_colorbar(objective, cells),
        hoverinfo="skip",
    )


def smoothed(x: Array, y: Array, z: Array, units: Array) -> Array:
    """Return the mean of the near values of z for each cell, (rows of y, columns of x).

    Nearer ones weigh more, by a Gaussian. It is NaN where no trial is near.

    Args:
        x: Positions of the trials, 0 ... 1, (n,).
        y: Their positions on the other axis, (n,).
        z: Their values, (n,).
        units: The positions of the cells, on both axes.

    """
    across = (units[:, None] - x[None, :]) ** 2
    along = (units[:, None] - y[None, :]) ** 2
    found = np.full((len(units), len(units)), np.nan)
    for row, squares in enumerate(along):
        distances = squares[None, :] + across
        nearest = distances.min(axis=1)
        weights = np.exp(-(distances - nearest[:, None]) / (2 * _REACH**2))
        means = (weights * z).sum(axis=1) / weights.sum(axis=1)
        found[row] = np.where(nearest <= _NEAR**2, means, np.nan)
    return found


def _positions(objective: Objective, trials: Sequence[FrozenTrial]) -> Array:
    return np.array([objective.scale.position(objective.target(t)) for t in trials])


def _trials(
    objective: Objective,
    trials: Sequence[FrozenTrial],
    axes: Sequence[ParamAxis],
    coloured: Array,
    *,
    has_scale: bool,
) -> go.Scatter:
    # One colour is one value, of points as of what is between them.
    marker: dict[str, Any] = {
        "color": _positions(objective, trials),
        "cmin": np.nanmin(coloured),
        "cmax": np.nanmax(coloured),
        "colorscale": VALUE_SCALE,
        "reversescale": not objective.maximizes,
        "size": 7 if len(trials) <= _MANY else 5,
        "line": {"color": INK, "width": 0.7 if len(trials) <= _MANY else 0.4},
    }
    if has_scale:
        marker |= {"showscale": True, "colorbar": _colorbar(objective, coloured)}
    return go.Scatter(
        x=axes[0].scattered(trials),
        y=axes[1].scattered(trials),
        mode="markers",
        marker=marker,
        text=[f"trial {t.number}: {objective.target(t):.6g}" for t in trials],
        hoverinfo="text",
        cliponaxis=False,
    )


def _colorbar(objective: Objective, coloured: Array) -> dict[str, Any]:
    bar: dict[str, Any] = {
        "title": {"text": shortened(objective.name), "side": "right"},
        "thickness": 12,
        "outlinewidth": 0,
    }
    return bar | _powers(objective, coloured)


def _powers(objective: Objective, positions: Array) -> dict[str, Any]:
    """Return the ticks of a scale of logarithms, as the values that they are."""
    if not objective.scale.is_log:
        return {}
    low, high = np.nanmin(positions), np.nanmax(positions)
    powers = range(math.floor(low), math.ceil(high) + 1)
    inside = [power for power in powers if low <= power <= high]
    if len(inside) >= 2:
        return {"tickvals": inside, "ticktext": list(map(power_text, inside))}
    shown = [d * 10.0**p for p in powers for d in (1, 2, 5)]
    shown = [value for value in shown if low <= math.log10(value) <= high]
    if len(shown) < 2:
        shown = [float(f"{10.0**end:.2g}") for end in (low, high)]
    return {
        "tickvals": [math.log10(value) for value in shown],
        "ticktext": [f"{value:g}" for value in shown],
    }


def parallel(objective: Objective) -> Iterator[Plot]:
    """Draw each trial as a line over the most important parameters."""
    params = objective.params
    if len(params) < 2 or len(objective.trials) < 2:
        return
    names = most_important(objective)[:_MOST_AXES]
    trials = list(objective.trials)
    note = ""
    if len(trials) > _MOST_LINES:
        half = _MOST_LINES // 2
        trials = [*objective.ranked[:half], *sampled(objective.ranked[half:], half)]
        note = f" Drawn: the best {half} and a random {half} of {len(objective.trials):,} trials."
    if len(names) < len(params):
        note += f" The {len(names)} most important of {len(params)} parameters."
    values = _positions(objective, trials)
    lines = go.Parcoords(
        dimensions=[_value_axis(objective, values), *(_axis(name, trials) for name in names)],
        line={"color": values, "colorscale": VALUE_SCALE, "reversescale": not objective.maximizes},
        labelangle=-12,
        labelside="top",
    )
    width = 170 + _WIDTH_OF_AXIS * len(names)
    yield Plot(
        f"Parallel coordinates{objective.label}",
        "Each line is a trial; drag along an axis to keep only the trials that pass there." + note,
        [
            Panel(
                f"parallel{objective.suffix}",
                figure_of([lines], margin={"t": 90, "l": 60, "r": 110}),
            )
        ],
        min_width=width,
    )


def _value_axis(objective: Objective, values: Array) -> dict[str, Any]:
    return {"label": shortened(objective.name), "values": values, **_powers(objective, values)}


def _axis(name: str, trials: Sequence[FrozenTrial]) -> dict[str, Any]:
    axis = ParamAxis.of(name, trials)
    label = name if len(name) <= 20 else f"...{name[-17:]}"
    if axis.choices:
        texts = [shortened(choice) for choice in axis.choices]
        ticks = {"tickvals": list(range(len(texts))), "ticktext": texts}
        return {"label": label, "values": [axis.position(t) for t in trials], **ticks}
    if not axis.is_log:
        ticks = {"range": [axis.low, axis.high]}
        if axis.is_whole and axis.high - axis.low <= 8:
            ticks["tickvals"] = list(range(int(axis.low), int(axis.high) + 1))
        return {"label": label, "values": [axis.position(t) for t in trials], **ticks}
    low, high = math.log10(axis.low), math.log10(axis.high)
    powers = range(math.ceil(low), math.floor(high) + 1)
    values = [math.log10(axis.position(t)) for t in trials]
    ends = {"label": label, "values": values, "range": [low, high]}
    if len(powers) < 2:
        return {
            **ends,
            "tickvals": [low, high],
            "ticktext": [f"{axis.low:.3g}", f"{axis.high:.3g}"],
        }
    return {**ends, "tickvals": list(powers), "ticktext": [power_text(power) for power in powers]}
