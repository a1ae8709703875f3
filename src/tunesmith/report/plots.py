"""Every plot of the page, in its order; one that cannot be drawn has a sentence instead."""

import json
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import optuna
import plotly.io

from tunesmith.errors import attempt
from tunesmith.report import curves, front, history, importance, surface
from tunesmith.report.axes import Objective
from tunesmith.report.figure import Panel, Part, Plot
from tunesmith.report.legible import legible
from tunesmith.study import complete, is_multi_objective, metric_names

_HEIGHT = 460
_OF_AN_OBJECTIVE: Sequence[tuple[str, Callable[[Objective], Iterator[Plot]]]] = (
    ("History", lambda objective: history.history(objective)),
    ("Slices", lambda objective: history.slices(objective)),
    ("Importance by fANOVA", lambda objective: importance.fanova(objective)),
    ("Importance by PED-ANOVA", lambda objective: importance.ped_anova(objective)),
    ("Contour", lambda objective: surface.contour(objective)),
    ("Parallel coordinates", lambda objective: surface.parallel(objective)),
)


def plots(study: optuna.Study) -> list[Plot]:
    """Return every plot that applies to the study; an empty list where no trial is complete.

    One that cannot be drawn has a sentence instead of a figure.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return [plot for part in _parts(study) for plot in _drawn(*part)]


def plots_of_fit(fit: Sequence[tuple[str, str]]) -> list[Plot]:
    """Return the plots of the winner's fit: a title, and a figure of plotly as JSON, for each."""
    return [
        plot
        for i, (title, figure) in enumerate(fit)
        for plot in _drawn(title, partial(_of_fit, f"fit-{i}", title, figure))
    ]


def _of_fit(key: str, title: str, text: str) -> Iterator[Plot]:
    figure = plotly.io.from_json(text)
    figure.update_layout(template=None)
    yield Plot(title, "From the winner's fit.", [Panel(key, figure)], half=True)


def _drawn(title: str, draw: Callable[[], Iterator[Plot]]) -> list[Plot]:
    made, failure = attempt(lambda: [_styled(plot) for plot in draw()])
    if failure:
        return [Plot(title, f"It cannot be drawn for these values ({failure}).")]
    return made


def _parts(study: optuna.Study) -> Iterator[Part]:
    names = metric_names(study)
    study = legible(study)
    trials = complete(study)
    objectives = (
        [Objective(study, i, name, trials) for i, name in enumerate(names)] if trials else []
    )
    if trials and 2 <= len(names) <= 3:
        yield "Pareto front", partial(front.pareto_front, study, objectives)
    for title, draw in _OF_AN_OBJECTIVE:
        for objective in objectives:
            yield f"{title}{objective.label}", partial(draw, objective)
        if title == "History" and not is_multi_objective(study):
            values = partial(curves.intermediate_values, study, names[0])
            yield "Intermediate values", values


def _styled(plot: Plot) -> Plot:
    return replace(plot, panels=[_styled_panel(panel) for panel in plot.panels])


def _styled_panel(panel: Panel) -> Panel:
    figure = panel.figure
    figure.update_layout(
        title=None,
        autosize=True,
        width=None,
        height=figure.layout.height or _HEIGHT,
        margin={"l": 50, "r": 24, "t": 24, "b": 46, **figure.layout.margin.to_plotly_json()},
    )
    # The page has one template for all; `to_json` would write that of plotly.
    text = json.loads(figure.to_json())
    text["layout"].pop("template", None)
    return replace(panel, json=json.dumps(text, separators=(",", ":")))
