"""The report as one self-contained HTML file."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import optuna
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup
from optuna.trial import FrozenTrial

from tunesmith.advice import advise, why_silent
from tunesmith.commands import open_dashboard
from tunesmith.errors import attempt
from tunesmith.freed_memory import collected_later
from tunesmith.paths import write_atomically
from tunesmith.report.cards import cards_of
from tunesmith.report.context import ReportContext
from tunesmith.report.failures import N_REASONS, reasons_of, said_of_trials
from tunesmith.report.wording import (
    beside,
    confirmed,
    duration,
    gap_text,
    headline,
    measured,
    spread,
    value_text,
    winner_of,
)
from tunesmith.study import TrialRecord, leaders, params_of, summarize

if TYPE_CHECKING:
    from tunesmith.report.figure import Plot


@dataclass(frozen=True)
class _Row:
    """One line of the table of top trials, ready to print."""

    number: int
    values: list[str]
    params: list[str]
    epochs: str
    time: str
    folder: str | None
    run_id: str | None
    run_page: str | None


@collected_later()
def write_report(
    study: optuna.Study, *, path: Path, top_n: int = 10, context: ReportContext | None = None
) -> Path:
    """Write a study's report as one HTML file that needs no network, and return its path.

    Any Optuna study will do; of an empty or running one it shows what there is. Links to the
    folders of trials are relative to the file's folder. An older file is replaced in one step.

    Args:
        study: The study.
        path: The file to write.
        top_n: How many of the best trials its table shows; a Pareto front is shown whole.
        context: What to show besides the study; None shows the study alone.

    >>> study = optuna.load_study(study_name="mine", storage="sqlite:///mine.db")
    >>> write_report(study, path=Path("report.html"))

    """
    # Here: plotly and scikit-learn take a second, and a worker needs neither.
    from plotly.offline import get_plotlyjs

    from tunesmith.report.figure import look
    from tunesmith.report.plots import plots, plots_of_fit

    context = context or ReportContext()
    advice, told = context.advice, context.commands
    if advice is None:
        advice = advise(study, confirmation=context.confirmation)
    page = _environment().get_template("page.html")
    summary, winner = summarize(study), winner_of(study, context.confirmation)
    top = summary.front or leaders(study)[:top_n]
    params = [name for name in params_of(study) if any(name in t.params for t in top)]
    make_row = partial(
        _row, metrics=summary.metrics, params=params, folder=path.parent, context=context
    )
    rows, failure = attempt(lambda: list(map(make_row, top)))
    drawn = [*plots_of_fit(context.fit), *plots(study)]
    text = page.render(
        summary=summary,
        headline=headline(summary),
        cards=cards_of(summary, winner, context),
        winner=winner,
        advice=advice,
        silence="" if advice or summary.front else _silence(study),
        confirmation=context.confirmation,
        verdict=confirmed(context.confirmation, summary.metrics[0]) if context.confirmation else "",
        params=params,
        rows=rows,
        no_table=failure and f"The table cannot be made ({failure}).",
        extras=_extras(rows),
        data=context.data,
        compared=context.compared,
        groups=_groups(drawn),
        facts=context.facts,
        commands=[*(one for one in told if not _is_link(one)), *_dashboard(context)],
        links=list(filter(_is_link, told)),
        made=context.made,
        reasons=reasons_of(study),
        n_reasons=N_REASONS,
        look=json.dumps(look().to_plotly_json()),
        written=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S %Z"),
        # Only where it draws something: it is most of the page.
        plotly_js=Markup(get_plotlyjs()) if drawn else "",
    )
    write_atomically(path, text)
    return path


def _is_link(told: tuple[str, str]) -> bool:
    return told[1].startswith(("http://", "https://"))


def _dashboard(context: ReportContext) -> list[tuple[str, str]]:
    if context.storage is None:
        return []
    return [("browse every trial of the same store", open_dashboard(context.storage))]


def _silence(study: optuna.Study) -> str:
    said, failure = attempt(lambda: [why_silent(study)])
    return said[0] if said else f"The evidence cannot be read ({failure})."


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tunesmith.report", "."),
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"value": value_text, "inside": _inside}
    environment.globals |= {"spread": spread, "gap_text": gap_text, "beside": beside}
    environment.globals["said_of_trials"] = said_of_trials
    return environment


def _groups(drawn: Sequence["Plot"]) -> list[tuple[bool, list["Plot"]]]:
    """Split into runs of full-width and of half-width plots."""
    return [(half, list(group)) for half, group in groupby(drawn, key=lambda plot: plot.half)]


def _inside(figure: str) -> Markup:
    # A parameter named "</script>" must not end the script element.
    return Markup(figure.replace("<", "\\u003c"))


def _row(
    trial: FrozenTrial,
    *,
    metrics: Sequence[str],
    params: Sequence[str],
    folder: Path,
    context: ReportContext,
) -> _Row:
    record = TrialRecord.of(trial)
    return _Row(
        number=trial.number,
        values=[measured(trial, *pair) for pair in zip(metrics, trial.values, strict=True)],
        params=[value_text(trial.params[name]) if name in trial.params else "" for name in params],
        epochs="" if record.epochs is None else str(record.epochs),
        time="" if record.seconds is None else duration(record.seconds),
        folder=None if record.folder is None else _relative(record.folder, folder),
        run_id=record.run_id,
        run_page=context.page_of(record.run_id),
    )


def _extras(rows: Sequence[_Row]) -> list[str]:
    """Name the columns that at least one row fills."""
    filled = {
        "epochs": any(row.epochs for row in rows),
        "time": any(row.time for row in rows),
        "MLflow run": any(row.run_id for row in rows),
    }
    return [name for name, is_filled in filled.items() if is_filled]


def _relative(directory: Path, folder: Path) -> str:
    return Path(os.path.relpath(directory.absolute(), folder.absolute())).as_posix()
