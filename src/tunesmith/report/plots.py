"""Every plot of the page, in its order; one that cannot be drawn has a sentence instead."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import optuna

from tunesmith.errors import attempt
from tunesmith.report import figures
from tunesmith.report.axes import Objective
from tunesmith.report.legible import legible
from tunesmith.study import complete, is_multi_objective, metric_names

# What draws a few plots that belong together, and their title.
_Part = tuple[str, Callable[[], Iterable[figures.Plot]]]
_OF_AN_OBJECTIVE: Sequence[tuple[str, Callable[[Objective], Iterable[figures.Plot]]]] = (
    ("History", figures.history),
    ("Slices", figures.slices),
    ("Importance by fANOVA", figures.fanova),
    ("Importance by PED-ANOVA", figures.ped_anova),
    ("Parallel coordinates", figures.parallel),
    ("Contour", figures.contour),
)


def plots(study: optuna.Study) -> list[figures.Plot]:
    """Return every plot that applies to the study; an empty list where no trial is complete.

    One that cannot be drawn has a sentence instead of a figure.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return [plot for part in _parts(study) for plot in _drawn(*part)]


def plots_of_fit(fit: Sequence[tuple[str, str]]) -> list[figures.Plot]:
    """Return the plots of the winner's fit: a title, and a figure of plotly as JSON, for each."""
    return [
        plot
        for i, (title, figure) in enumerate(fit)
        for plot in _drawn(title, partial(figures.of_fit, f"fit-{i}", title, figure))
    ]


def _drawn(title: str, draw: Callable[[], Iterable[figures.Plot]]) -> list[figures.Plot]:
    made, failure = attempt(lambda: [_styled(plot) for plot in draw()])
    if failure:
        return [figures.Plot("", title, f"It cannot be drawn for these values ({failure}).", None)]
    return made


def _parts(study: optuna.Study) -> Iterator[_Part]:
    names = metric_names(study)
    study = legible(study)
    trials = complete(study)
    objectives = (
        [Objective(study, i, name, trials) for i, name in enumerate(names)] if trials else []
    )
    if trials and 2 <= len(names) <= 3:
        yield "Pareto front", partial(figures.pareto_front, study, objectives)
    for title, draw in _OF_AN_OBJECTIVE:
        for objective in objectives:
            yield f"{title}{objective.label}", partial(draw, objective)
    if not is_multi_objective(study):
        yield "Intermediate values", partial(figures.intermediate_values, study, names[0])


def _styled(plot: figures.Plot) -> figures.Plot:
    assert plot.figure is not None
    plot.figure.update_layout(
        template="plotly_white",
        title=None,
        autosize=True,
        width=None,
        height=340 if plot.half else 460,
        margin={"l": 70, "r": 30, "t": 60 if plot.key.startswith("parallel") else 24, "b": 60},
        font={"family": "system-ui, sans-serif", "size": 13, "color": "#1f2933"},
        hoverlabel={"font_size": 13},
    )
    return replace(plot, json=plot.figure.to_json())
