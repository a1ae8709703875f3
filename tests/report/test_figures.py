"""What the figures draw: every kind of trial, on axes that people read."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna
import plotly.graph_objects as go
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState, create_trial

from tests.studies import recorded_article, recorded_pruned_article, searched
from tunesmith.report.axes import scale_of
from tunesmith.report.figure import BEST, FAINT
from tunesmith.report.plots import plots
from tunesmith.report.surface import smoothed
from tunesmith.report.ticks import ParamAxis, log_ticks, power_text, whole_ticks


def figures_of(study: optuna.Study) -> dict[str, go.Figure]:
    """Every figure of a study's page, by its key."""
    return {panel.key: panel.figure for plot in plots(study) for panel in plot.panels}


def trace_of(figure: go.Figure, name: str) -> Any:
    """The trace of this name."""
    [found] = [trace for trace in figure.data if trace.name == name]
    return found


def test_pruned_trials_are_hollow_at_their_last_value() -> None:
    study = optuna.create_study()
    study.add_trial(_trial(0.2, value=0.3))
    study.add_trial(_trial(0.4, reported=[0.9, 0.5]))
    figures = figures_of(study)
    for key, x in (("history", 1), ("slice-0", 0.4)):
        pruned = trace_of(figures[key], "pruned")
        assert pruned.marker.symbol == "circle-open"
        assert (list(pruned.x), list(pruned.y)) == ([x], [0.5])


def _trial(x: float, *, value: float | None = None, reported: Sequence[float] = ()) -> Any:
    return create_trial(
        params={"x": x},
        distributions={"x": FloatDistribution(0, 1)},
        value=value,
        state=TrialState.PRUNED if value is None else TrialState.COMPLETE,
        intermediate_values=dict(enumerate(reported)),
    )


def test_trials_without_a_finite_value_are_crosses_at_the_worst_edge() -> None:
    study = recorded_article(42)
    lost = sum(t.state == TrialState.PRUNED for t in study.trials)
    figure = figures_of(study)["history"]
    crosses = trace_of(figure, "no finite value")
    assert crosses.marker.symbol == "x-thin-open"
    top = 10 ** figure.layout.yaxis.range[1]
    assert crosses.y == pytest.approx([top] * lost)


@pytest.mark.parametrize("maximizes", [False, True])
def test_one_huge_value_does_not_set_the_axis(maximizes: bool) -> None:
    sign = -1 if maximizes else 1
    values = [sign * value for value in (*np.linspace(1, 2, 50), 2e9)]
    scale = scale_of(values, maximizes=maximizes)
    assert scale.low is not None
    assert scale.high is not None
    assert scale.high - scale.low < 3
    assert scale.is_outside(sign * 2e9)
    assert not any(map(scale.is_outside, values[:-1]))
    assert "1 worse value lies outside" in scale.note


def test_a_huge_value_does_not_set_a_logarithmic_axis_either() -> None:
    scale = scale_of([*np.geomspace(0.01, 1, 50), 2e9], maximizes=False)
    assert scale.is_log
    assert scale.high is not None
    assert scale.high < 100


@pytest.mark.parametrize("values", [[], [math.nan], [-1e308, 1e308]])
def test_values_without_a_range_leave_the_axis_to_plotly(values: list[float]) -> None:
    assert "range" not in scale_of(values, maximizes=False).axis("loss")


def test_curves_are_grey_and_the_best_is_coloured() -> None:
    study = recorded_pruned_article(42)
    figure = figures_of(study)["intermediate"]
    lines, pruned, best = figure.data
    assert (lines.line.color, pruned.marker.symbol) == (FAINT, "circle-open")
    assert best.line.color == BEST
    assert best.name == f"best, trial {study.best_trial.number}"
    reported = [v for t in study.trials for v in t.intermediate_values.values()]
    assert 10 ** figure.layout.yaxis.range[1] < max(filter(math.isfinite, reported)) / 100


def test_a_map_is_blank_where_no_trial_is_near() -> None:
    cells = np.linspace(0, 1, 21)
    z = smoothed(np.array([0.0, 0.1]), np.array([0.0, 0.0]), np.array([1.0, 2.0]), cells)
    assert z[0, 0] == pytest.approx(1, abs=0.2)
    assert z[0, 2] == pytest.approx(2, abs=0.2)
    assert np.isnan(z[10, 10])
    assert np.isnan(z[0, 10:]).all()


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1e-5, 1e-1, {"dtick": 1, "exponentformat": "power"}),
        (1e-20, 1.0, {"dtick": 4}),
        (2, 60, {"tickvals": [2, 5, 10, 20, 50]}),
        (0.11, 0.14, {"nticks": 4}),
    ],
)
def test_logarithmic_axes_have_ticks_that_people_read(
    low: float, high: float, expected: dict[str, object]
) -> None:
    ticks = log_ticks(low, high)
    assert ticks["type"] == "log"
    assert expected.items() <= ticks.items()


def test_powers_of_ten_are_plain_where_they_are_short() -> None:
    assert [power_text(power) for power in (-5, -2, 0, 3, 12)] == [
        "10⁻⁵",
        "0.01",
        "1",
        "1000",
        "10¹²",
    ]


def test_axes_of_whole_numbers_have_whole_ticks() -> None:
    assert whole_ticks(1, 4)["dtick"] == 1
    study = searched(lambda t: float(t.suggest_int("n", 1, 300)), trials=5)
    layout = ParamAxis.of("n", study.trials).layout()
    assert layout["tickformat"] == "d"
    low, high = layout["range"]
    assert low < 1
    assert high > 300


def test_choices_keep_their_order_and_stay_within_their_place() -> None:
    study = searched(lambda t: len(t.suggest_categorical("c", ["bb", "a", "c" * 40])), trials=30)
    axis = ParamAxis.of("c", study.trials)
    assert axis.layout()["ticktext"][:2] == ["bb", "a"]
    assert len(axis.layout()["ticktext"][2]) < 20
    drawn = axis.scattered(study.trials)
    assert [round(x) for x in drawn] == [axis.position(t) for t in study.trials]


def test_a_parameter_beyond_the_eighth_is_no_line_of_parallel_coordinates() -> None:
    study = searched(lambda t: sum(t.suggest_float(f"x{i}", 0, 1) for i in range(12)), trials=20)
    found = {plot.title: plot for plot in plots(study)}
    parallel = found["Parallel coordinates"]
    assert "The 8 most important of 12 parameters" in parallel.caption
    assert len(parallel.panels[0].figure.data[0].dimensions) == 9
    assert len(found["Slices"].panels) == 12


def test_of_thousands_of_trials_it_is_said_which_are_drawn() -> None:
    study = optuna.create_study()
    study.add_trials([_trial((i % 997) / 997, value=float(i)) for i in range(2500)])
    found = {plot.title: plot for plot in plots(study)}
    said = "Drawn: the best 1,000 and a random 1,000 of 2,500 complete trials."
    for title in ("History", "Slices"):
        assert said in found[title].caption
    figure = found["History"].panels[0].figure
    drawn = [int(x) for name in ("complete", "best") for x in trace_of(figure, name).x]
    assert set(range(1000)) <= set(drawn)
    assert len(set(drawn)) == 2000


def _wide(*, trials: int, pruned: int, params: int) -> optuna.Study:
    """A study of many parameters, drawn at random, whose values stretch over less than a decade."""
    dists = {f"x{i}": FloatDistribution(0, 1) for i in range(params)}
    draw = np.random.default_rng(0)
    study = optuna.create_study()
    for i in range(trials + pruned):
        drawn = {name: draw.random() for name in dists}
        value = 0.2 + drawn["x0"] ** 2 + drawn["x1"] ** 2
        study.add_trial(
            create_trial(
                params=drawn,
                distributions=dists,
                value=value if i < trials else None,
                state=TrialState.COMPLETE if i < trials else TrialState.PRUNED,
                intermediate_values={0: 2 * value},
            )
        )
    return study


def test_panels_of_many_parameters_draw_fewer_points() -> None:
    found = {plot.title: plot for plot in plots(_wide(trials=700, pruned=400, params=20))}
    assert "Drawn: the best 300 and a random 300 of 700 complete" in found["Slices"].caption
    assert "Drawn: a random 300 of 400 pruned" in found["Slices"].caption
    for panel in found["Slices"].panels:
        assert sum(len(trace.x) for trace in panel.figure.data) < 1000
    assert "Drawn" not in found["History"].caption


def test_points_and_map_have_one_colour_for_a_value_with_ticks_that_are_there() -> None:
    study = _wide(trials=400, pruned=1100, params=3)
    [contour] = [plot for plot in plots(study) if " against " in plot.title]
    cells, points = contour.panels[0].figure.data
    shown = np.array(cells.z, dtype=float)
    ends = pytest.approx((np.nanmin(shown), np.nanmax(shown)))
    assert (points.marker.cmin, points.marker.cmax) == ends
    ticks = np.array(cells.colorbar.tickvals)
    assert ((ticks > np.nanmin(shown) - 0.05) & (ticks < np.nanmax(shown) + 0.05)).sum() >= 2
    assert "pruned" not in contour.caption
