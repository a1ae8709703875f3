"""The report as one self-contained HTML file."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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
from tunesmith.paths import write_atomically
from tunesmith.report.context import ReportContext
from tunesmith.report.wording import (
    beside,
    confirmed,
    duration,
    gap_text,
    headline,
    measured,
    on_new_seeds,
    spread,
    value_text,
    winner_of,
)
from tunesmith.study import Confirmation, Summary, TrialRecord, leaders, params_of, summarize

if TYPE_CHECKING:
    from tunesmith.report.figures import Plot


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


def write_report(
    study: optuna.Study, *, path: Path, top_n: int = 10, context: ReportContext | None = None
) -> Path:
    """Write the page to `path`, replacing it in one step, and return `path`.

    Any study will do: an empty or running one shows what is there. The file needs no network, and
    its links to trial folders are relative to its own folder.

    Args:
        study: The study, whoever made it.
        path: The file to write.
        top_n: How many of the best trials its table shows; a Pareto front is shown whole.
        context: What there is to show beyond the study.

    >>> study = optuna.load_study(study_name="mine", storage="sqlite:///mine.db")
    >>> write_report(study, path=Path("report.html"))

    """
    # Here: plotly and scikit-learn take a second, and a worker needs neither.
    from plotly.offline import get_plotlyjs

    from tunesmith.report.plots import plots, plots_of_fit

    context = context or ReportContext()
    advice = context.advice
    if advice is None:
        advice = advise(study, confirmation=context.confirmation)
    page = _environment().get_template("page.html")
    summary, winner = summarize(study), winner_of(study, context.confirmation)
    top = summary.front or leaders(study)[:top_n]
    params = [name for name in params_of(study) if any(name in t.params for t in top)]
    rows, failure = attempt(lambda: [_row(t, summary.metrics, params, path.parent) for t in top])
    text = page.render(
        summary=summary,
        headline=headline(summary),
        cards=_cards(summary, winner, context.confirmation),
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
        groups=_groups([*plots_of_fit(context.fit), *plots(study)]),
        commands=[*context.facts, *context.commands],
        dashboard=None if context.storage is None else open_dashboard(context.storage),
        written=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S %Z"),
        plotly_js=Markup(get_plotlyjs()),
    )
    write_atomically(path, text)
    return path


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
    environment.filters["value"] = value_text
    environment.globals |= {"spread": spread, "gap_text": gap_text, "beside": beside}
    return environment


def _groups(drawn: Sequence["Plot"]) -> list[tuple[bool, list[tuple["Plot", Markup]]]]:
    """Split into runs of full-width and of half-width plots, each plot with its JSON."""
    return [
        (half, [(plot, _json(plot.json)) for plot in group])
        for half, group in groupby(drawn, key=lambda plot: plot.half)
    ]


def _json(figure: str) -> Markup:
    # A parameter named "</script>" must not end the script element.
    return Markup(figure.replace("<", "\\u003c"))


def _cards(
    summary: Summary, winner: FrozenTrial | None, confirmation: Confirmation | None
) -> list[tuple[str, str, str]]:
    """Return (label, figure, remark) of what stands on top of the page."""
    states = ", ".join(f"{count} {state}" for state, count in summary.states.items())
    cards = [("trials", str(sum(summary.states.values())), states)]
    if winner is not None and confirmation is not None:
        label = f"winner's {summary.metrics[0]} on new seeds"
        cards.append((label, on_new_seeds(confirmation), f"trial {winner.number}"))
    if summary.best is not None:
        cards.append(
            (
                f"best {summary.metrics[0]}{'' if winner is None else ' in the search'}",
                value_text(summary.best.value),
                f"trial {summary.best.number}",
            )
        )
    if summary.front:
        cards.append(("Pareto front", str(len(summary.front)), "trials"))
    if summary.gain is not None and summary.baseline is not None:
        remark = f"baseline {value_text(summary.baseline.value)}, trial {summary.baseline.number}"
        cards.append(("gain over the baseline", value_text(summary.gain), remark))
    if summary.wall_seconds is not None:
        remark = f"{duration(summary.trial_seconds)} of trials"
        cards.append(("time at work", duration(summary.wall_seconds), remark))
    if summary.epochs_spent is not None:
        saved = summary.epochs_saved
        remark = f"{saved:,} saved by pruning" if saved else "none saved by pruning"
        cards.append(("epochs", f"{summary.epochs_spent:,}", remark if saved is not None else ""))
    return cards


def _row(
    trial: FrozenTrial,
    metrics: Sequence[str],
    params: Sequence[str],
    folder: Path,
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
