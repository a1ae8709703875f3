"""The note on a search for those who browse its runs, in Markdown."""

import re

import optuna
from optuna.trial import FrozenTrial

from tunesmith.report.context import ReportContext
from tunesmith.report.wording import (
    beside,
    confirmed,
    headline,
    measured,
    on_new_seeds,
    spread,
    value_text,
    winner_of,
)
from tunesmith.study import Confirmation, Summary, summarize


def write_note(study: optuna.Study, context: ReportContext) -> str:
    """Return a note on a search in Markdown: its winner, how to repeat it, and the advice.

    MLflow shows it as the description of the search's run.

    Args:
        study: The search's study, which has a complete trial.
        context: What the note says besides: confirmation, comparison, facts, commands, advice.

    """
    summary, confirmation = summarize(study), context.confirmation
    winner = winner_of(study, confirmation) or summary.best
    parts = [_plain(headline(summary))]
    if winner is not None:
        parts += [f"## Winner: trial {winner.number}", _value(summary, winner, confirmation)]
        parts.append(_params(winner))
    else:
        parts.append(f"## {len(summary.front)} trials on the Pareto front")
    if confirmation is not None:
        parts.append(_plain(confirmed(confirmation, summary.metrics[0])))
    if context.compared:
        parts.append(_plain(beside(context.compared, summary.metrics[0])))
    parts += [f"{_plain(name)}: {_plain(text)}" for name, text in context.facts]
    for purpose, command in context.commands:
        parts.append(f"**{purpose}**\n\n```sh\n{command}\n```")
    if context.advice:
        lines = "\n".join(f"- {_plain(piece.sentence)}." for piece in context.advice)
        parts.append(f"## Advice\n\n{lines}")
    return "\n\n".join(parts) + "\n"


def _value(summary: Summary, winner: FrozenTrial, confirmation: Confirmation | None) -> str:
    metric = _plain(summary.metrics[0])
    if confirmation is None:
        return f"{metric} {measured(winner, summary.metrics[0], winner.values[0])}"
    tested = confirmation[confirmation.winner]
    said = f"{metric} {on_new_seeds(confirmation)} on new seeds"
    if tested.test_mean is None:
        return said
    return f"Test **{spread(tested.test_mean, tested.test_deviation)}**; {said}"


def _params(trial: FrozenTrial) -> str:
    rows = [
        f"| {_plain(name)} | {_plain(value_text(value))} |" for name, value in trial.params.items()
    ]
    return "\n".join(["| parameter | value |", "|---|---|", *rows])


def _plain(text: str) -> str:
    """Write a text so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", text)
