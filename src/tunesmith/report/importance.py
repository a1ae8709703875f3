"""Which parameters matter, by two estimates of Optuna's."""

import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache

import optuna
import plotly.graph_objects as go
from optuna.importance import (
    BaseImportanceEvaluator,
    FanovaImportanceEvaluator,
    PedAnovaImportanceEvaluator,
)

from tunesmith.report.axes import Objective, thinned, thinning_note
from tunesmith.report.figure import POINT, Panel, Plot, figure_of
from tunesmith.study import is_multi_objective

_MIN_FOR_IMPORTANCE = 10
_ENOUGH_FOR_IMPORTANCE = 50
# fANOVA takes a minute for 1,000 trials.
_MOST_FOR_FANOVA = 200
_FEW_PARAMS = 8
_MOST_FOR_PED_ANOVA = 1000


def _comparable(objective: Objective) -> list[str]:
    """Return the parameters whose importances tell something, none where the trials are few."""
    params = objective.params
    values = {objective.target(t) for t in objective.trials}
    is_enough = len(objective.trials) >= _MIN_FOR_IMPORTANCE and len(values) >= 3
    return params if is_enough and len(params) >= 2 else []


def fanova(objective: Objective) -> Iterator[Plot]:
    """Draw which parameters matter among all trials, where there is something to compare."""
    params = _comparable(objective)
    if not params:
        return
    thin = thinned(objective, _MOST_FOR_FANOVA)
    figure = _importance(thin, params, _fanova(params))
    if figure is not None:
        yield Plot(
            f"Importance by fANOVA{objective.label}",
            "Which parameter explains the differences among all trials, bad ones included."
            + thinning_note(objective, thin)
            + _caution(objective),
            [Panel(f"fanova{objective.suffix}", figure)],
            half=True,
        )


def ped_anova(objective: Objective) -> Iterator[Plot]:
    """Draw which parameters matter among the best trials of one objective."""
    params = _comparable(objective)
    if not params or is_multi_objective(objective.study):
        return
    thin = thinned(objective, _MOST_FOR_PED_ANOVA)
    figure = _importance(thin, params, PedAnovaImportanceEvaluator())
    if figure is not None:
        yield Plot(
            "Importance by PED-ANOVA",
            "Which parameter decides whether a trial is among the best tenth."
            + thinning_note(objective, thin)
            + _caution(objective),
            [Panel("ped-anova", figure)],
            half=True,
        )


def _fanova(params: Sequence[str]) -> FanovaImportanceEvaluator:
    # Its time grows with the product of both.
    n_trees = 64 if len(params) <= _FEW_PARAMS else 32
    return FanovaImportanceEvaluator(n_trees=n_trees, seed=0)


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
    try:
        found = _scores(objective, params, evaluator)
    except RuntimeError:
        # An evaluator's word for values that no parameter explains.
        return None
    names, shares = list(found)[::-1], list(found.values())[::-1]
    bars = go.Bar(
        x=shares,
        y=names,
        orientation="h",
        marker={"color": POINT},
        text=[f"{share:.2f}" for share in shares],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
    )
    axis = {"title": {"text": "share of the importance"}, "range": [0, 1.15 * max(shares) or 1]}
    return figure_of([bars], xaxis=axis, height=110 + 26 * len(names))


def _scores(
    objective: Objective, params: list[str], evaluator: BaseImportanceEvaluator
) -> dict[str, float]:
    target = objective.target if is_multi_objective(objective.study) else None
    return optuna.importance.get_param_importances(
        objective.study, evaluator=evaluator, params=params, target=target
    )


@lru_cache(maxsize=8)
def most_important(objective: Objective) -> Sequence[str]:
    """Return the parameters that all trials have, the most important one first."""
    params = objective.params
    if len(params) < 2 or len(objective.trials) < _MIN_FOR_IMPORTANCE:
        return params
    thin = thinned(objective, _MOST_FOR_PED_ANOVA)
    with warnings.catch_warnings():
        # PED-ANOVA warns that it takes a target for a loss: only the order of names is used here.
        warnings.filterwarnings("ignore", message="PedAnova", category=UserWarning)
        return list(_scores(thin, params, PedAnovaImportanceEvaluator()))
