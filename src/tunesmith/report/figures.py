"""Optuna's own plots of a study, each with a caption that says how to read it."""

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import optuna
import plotly.graph_objects as go
import plotly.io
from optuna.importance import (
    BaseImportanceEvaluator,
    FanovaImportanceEvaluator,
    PedAnovaImportanceEvaluator,
)
from optuna.trial import TrialState
from optuna.visualization import (
    plot_contour,
    plot_intermediate_values,
    plot_optimization_history,
    plot_parallel_coordinate,
    plot_param_importances,
    plot_pareto_front,
    plot_slice,
)

from tunesmith.advice import steady_space
from tunesmith.report.axes import Objective, spans_decades, thinned, thinning_note, without_outliers
from tunesmith.study import finished, is_multi_objective, leaders

_MOST_CURVES = 100
_SLICES_PER_ROW = 4
_MIN_FOR_IMPORTANCE = 10
_ENOUGH_FOR_IMPORTANCE = 50
# fANOVA takes a minute for 1,000 trials, and a contour's grid grows with their square.
_MOST_FOR_FANOVA = 200
_MOST_FOR_CONTOUR = 150
_HOW_TO_READ_SLICES = (
    "One panel for each parameter, darker points are later trials. Good points that crowd against "
    "an edge ask for a wider range, good points in one spot for a narrower one."
)


@dataclass(frozen=True)
class Plot:
    """One figure of the page; `half` plots stand side by side.

    The figure is None where it cannot be drawn: the caption says why. `json` is the figure as the
    page holds it.
    """

    key: str
    title: str
    caption: str
    figure: go.Figure | None
    half: bool = False
    json: str = ""


def of_fit(key: str, title: str, figure: str) -> Iterator[Plot]:
    """Draw what the winner's fit left: a figure of plotly as JSON."""
    yield Plot(key, title, "From the winner's fit.", plotly.io.from_json(figure))


def pareto_front(study: optuna.Study, objectives: Sequence[Objective]) -> Iterator[Plot]:
    """Draw all trials of two or three objectives, the front in red."""
    figure = plot_pareto_front(study, target_names=[objective.name for objective in objectives])
    # The last trace is the front; Optuna draws its earliest trials almost white.
    figure.data[-1].marker.line.update(color="#b2182b", width=1.5)
    if len(objectives) == 2:
        for objective, update in zip(
            objectives, (figure.update_xaxes, figure.update_yaxes), strict=True
        ):
            # Sizes and errors trade off by factors: the bend of the front shows on a log scale.
            if spans_decades([objective.target(t) for t in objective.trials], decades=1):
                update(type="log")
    yield Plot(
        "pareto",
        "Pareto front",
        "Each point is a trial. No other trial is better in every objective than those on the "
        "front, which are red; choose among them by what you can give up.",
        figure,
    )


def history(objective: Objective) -> Iterator[Plot]:
    """Draw the value of every trial, and of one objective the best so far."""
    # Optuna draws the line of the best only where it is given no target.
    several = is_multi_objective(objective.study)
    target = objective.target if several else None
    figure = plot_optimization_history(objective.study, target=target, target_name=objective.name)
    note = _fit_values(figure, objective)
    caption = (
        "Points are trials."
        if several
        else "Points are trials, the line is the best so far. A line that is flat for long says "
        "that fewer trials would have done; one that still moves says to go on."
    )
    title = f"History{objective.label}"
    yield Plot(f"history{objective.suffix}", title, caption + note, figure)


def _fit_values(figure: go.Figure, objective: Objective) -> str:
    """Scale the axis of the values so that the good ones are told apart; say what it leaves out."""
    if objective.is_log:
        figure.update_yaxes(type="log")
    shown = without_outliers(objective)
    if shown is None:
        return ""
    figure.update_yaxes(range=shown[0])
    return shown[1]


def slices(objective: Objective) -> Iterator[Plot]:
    """Draw the value over each parameter, a few parameters a figure."""
    names = list(dict.fromkeys(name for t in objective.trials for name in t.params))
    for first in range(0, len(names), _SLICES_PER_ROW):
        group = names[first : first + _SLICES_PER_ROW]
        figure = plot_slice(
            objective.study, params=group, target=objective.target, target_name=objective.name
        )
        figure.update_traces(marker_size=5)
        note = _fit_values(figure, objective)
        yield Plot(
            f"slice{objective.suffix}-{first}",
            f"Slices{objective.label}" if first == 0 else "",
            "One panel for each parameter, darker points are later trials. Good points that crowd "
            "against an edge ask for a wider range, good points in one spot for a narrower one."
            + note
            if first == 0
            else "",
            figure,
        )


def _comparable(objective: Objective) -> list[str]:
    """Return the parameters whose importances tell something, none where the trials are few."""
    params = list(steady_space(objective.trials))
    values = {objective.target(t) for t in objective.trials}
    is_enough = len(objective.trials) >= _MIN_FOR_IMPORTANCE and len(values) >= 3
    return params if is_enough and len(params) >= 2 else []


def fanova(objective: Objective) -> Iterator[Plot]:
    """Draw which parameters matter among all trials, where there is something to compare."""
    params = _comparable(objective)
    if not params:
        return
    thin = thinned(objective, _MOST_FOR_FANOVA)
    figure = _importance(thin, params, FanovaImportanceEvaluator(seed=0))
    if figure is not None:
        yield Plot(
            f"fanova{objective.suffix}",
            f"Importance by fANOVA{objective.label}",
            "Which parameter explains the differences among all trials, bad ones included."
            + thinning_note(objective, thin)
            + _caution(objective),
            figure,
            half=True,
        )


def ped_anova(objective: Objective) -> Iterator[Plot]:
    """Draw which parameters matter among the best trials of one objective."""
    params = _comparable(objective)
    if not params or is_multi_objective(objective.study):
        return
    figure = _importance(objective, params, PedAnovaImportanceEvaluator())
    if figure is not None:
        yield Plot(
            "ped-anova",
            "Importance by PED-ANOVA",
            "Which parameter decides whether a trial is among the best tenth."
            + _caution(objective),
            figure,
            half=True,
        )


def _caution(objective: Objective) -> str:
    count = len(objective.trials)
    if count >= _ENOUGH_FOR_IMPORTANCE:
        return ""
    return (
        f" With {count} trials it hangs on a few of them, and estimates of two kinds may "
        f"contradict each other; from {_ENOUGH_FOR_IMPORTANCE} on they can be read."
    )


def _importance(
    objective: Objective, params: list[str], evaluator: BaseImportanceEvaluator
) -> go.Figure | None:
    target = objective.target if is_multi_objective(objective.study) else None
    try:
        figure = plot_param_importances(
            objective.study,
            evaluator=evaluator,
            params=params,
            target=target,
            target_name=objective.name,
        )
    except RuntimeError:
        # An evaluator's word for values that no parameter explains.
        return None
    return figure.update_layout(xaxis_title="share of the importance", yaxis_title=None)


def _scale_note(objective: Objective) -> str:
    return " The colour is the decimal logarithm of the value." if objective.is_log else ""


def parallel(objective: Objective) -> Iterator[Plot]:
    """Draw each trial as a line over all parameters."""
    params = list(steady_space(objective.trials))
    if len(params) < 2 or len(objective.trials) < 2:
        return
    scaled, name = objective.scaled, objective.scaled_name
    yield Plot(
        f"parallel{objective.suffix}",
        f"Parallel coordinates{objective.label}",
        "Each line is a trial; drag along an axis to keep only the trials that pass there."
        + _scale_note(objective),
        plot_parallel_coordinate(objective.study, params=params, target=scaled, target_name=name),
    )


def contour(objective: Objective) -> Iterator[Plot]:
    """Draw the value over the two most important parameters."""
    params = list(steady_space(objective.trials))
    if len(params) < 2 or len(objective.trials) < _MIN_FOR_IMPORTANCE:
        return
    scaled, name = objective.scaled, objective.scaled_name
    pair = _two_most_important(objective, params)
    thin = thinned(objective, _MOST_FOR_CONTOUR)
    yield Plot(
        f"contour{objective.suffix}",
        f"{pair[0]} against {pair[1]}{objective.label}",
        "The two most important parameters; the surface is interpolated between the trials."
        + _scale_note(objective)
        + thinning_note(objective, thin),
        plot_contour(thin.study, params=pair, target=scaled, target_name=name),
    )


def _two_most_important(objective: Objective, params: list[str]) -> list[str]:
    if len(params) == 2:
        return params
    target = objective.target if is_multi_objective(objective.study) else None
    with warnings.catch_warnings():
        # PED-ANOVA warns that it takes a target for a loss: only the order of names is used here.
        warnings.filterwarnings("ignore", message="PedAnova", category=UserWarning)
        scores = optuna.importance.get_param_importances(
            objective.study, evaluator=PedAnovaImportanceEvaluator(), params=params, target=target
        )
    return list(scores)[:2]


def intermediate_values(study: optuna.Study, name: str) -> Iterator[Plot]:
    """Draw what each trial reported."""
    curves = [t for t in finished(study) if len(t.intermediate_values) > 1]
    if not curves:
        return
    figure = plot_intermediate_values(study)
    caption = "What each trial reported, epochs or repetitions; lines that end early were pruned."
    if len(curves) > _MOST_CURVES:
        ranked = [t for t in leaders(study) if len(t.intermediate_values) > 1]
        pruned = [t for t in curves if t.state == TrialState.PRUNED]
        kept = {f"Trial{t.number}" for t in (*ranked, *pruned)[:_MOST_CURVES]}
        figure.data = [trace for trace in figure.data if trace.name in kept]
        caption += f" Shown: the best {_MOST_CURVES} of {len(curves)} trials."
    figure.update_layout(showlegend=False, xaxis_title="step", yaxis_title=name)
    values = [v for t in curves for v in t.intermediate_values.values() if math.isfinite(v)]
    if spans_decades(values):
        figure.update_yaxes(type="log")
    yield Plot("intermediate", "Intermediate values", caption, figure)
