"""The summary and the advice on the terminal: at most twenty lines."""

from collections.abc import Sequence
from dataclasses import dataclass

import optuna
from optuna.trial import FrozenTrial
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from tunesmith.advice import Advice
from tunesmith.report.context import Compared
from tunesmith.report.wording import (
    beside,
    confirmed,
    duration,
    headline,
    measured,
    on_new_seeds,
    value_text,
    winner_of,
)
from tunesmith.study import Confirmation, Summary, summarize

_MOST_LINES = 20
_MOST_PARAMS = 6
_ADVICE, _BESIDE, _CONFIRMED = "advice    ", "beside    ", "confirmed "
_MARGIN = " " * len(_ADVICE)


def terminal_summary(
    study: optuna.Study,
    advice: Sequence[Advice],
    *,
    confirmation: Confirmation | None = None,
    compared: Sequence[Compared] = (),
    commands: Sequence[tuple[str, str]] = (),
) -> RenderableType:
    """Return at most twenty lines to print at the end of a search, at any width of the console.

    Commands come below the twenty lines, each as one line, which `print(..., crop=False)` leaves
    whole: whoever copies one needs it so.

    Args:
        study: The search.
        advice: What `advise` said of it.
        confirmation: The best trials and the baseline, trained again on new seeds.
        compared: The winner beside models that nobody tuned, the best one first.
        commands: For each purpose a command line.

    >>> rich.print(terminal_summary(study, advise(study)))

    """
    summary, winner = summarize(study), winner_of(study, confirmation)
    facts = [
        Text(f"{summary.name}: {headline(summary)}", style="bold"),
        Text(f"trials    {_states(summary)}"),
        *_winner(summary, winner, confirmation),
        *_facts(summary, winner=winner),
    ]
    sentences = [(_ADVICE, f"{piece.sentence}.") for piece in advice]
    if compared:
        sentences.insert(0, (_BESIDE, beside(compared, summary.metrics[0])))
    if confirmation is not None:
        sentences.insert(0, (_CONFIRMED, confirmed(confirmation, summary.metrics[0])))
    return _Lines(facts, sentences, commands)


@dataclass(frozen=True)
class _Lines:
    """Facts are cut at the width, sentences are wrapped; what finds no room is counted."""

    facts: Sequence[Text]
    sentences: Sequence[tuple[str, str]]
    commands: Sequence[tuple[str, str]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.facts:
            yield _cut(line)
        room = _MOST_LINES - len(self.facts)
        before = ""
        for done, (label, sentence) in enumerate(self.sentences):
            wrapped = Text(sentence).wrap(console, max(10, options.max_width - len(_MARGIN)))
            left = len(self.sentences) - done
            # The last line is kept for the count of what is left out.
            if len(wrapped) > room - (left > 1):
                yield _cut(Text(f"{_MARGIN}and {left} more in the report", style="dim"))
                break
            room -= len(wrapped)
            shown = _MARGIN if label == before else label
            before = label
            for first, line in zip([shown] + [_MARGIN] * len(wrapped), wrapped, strict=False):
                yield _cut(Text.assemble((first, "cyan"), line))
        for purpose, command in self.commands:
            yield Text.assemble((f"{purpose}: ", "dim"), command, no_wrap=True, overflow="ignore")


def _cut(line: Text) -> Text:
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def _states(summary: Summary) -> str:
    return ", ".join(f"{count} {state}" for state, count in summary.states.items()) or "none"


def _winner(
    summary: Summary, winner: FrozenTrial | None, confirmation: Confirmation | None
) -> list[Text]:
    """Return what is delivered, where that was chosen on new seeds."""
    if winner is None or confirmation is None:
        return []
    value = f"{summary.metrics[0]} {on_new_seeds(confirmation)} on new seeds"
    return [Text(f"winner    {value}, trial {winner.number}"), *_params(winner)]


def _params(trial: FrozenTrial) -> list[Text]:
    params = [f"{name}={value_text(v)}" for name, v in trial.params.items()]
    return [Text(f"{_MARGIN}{'  '.join(params[:_MOST_PARAMS])}")] if params else []


def _facts(summary: Summary, *, winner: FrozenTrial | None) -> list[Text]:
    lines = []
    if summary.best is not None:
        gain = (
            "" if summary.gain is None else f", {value_text(summary.gain)} better than the baseline"
        )
        value = measured(summary.best, summary.metrics[0], summary.best.values[0])
        where = "" if winner is None else " in the search"
        lines.append(
            Text(
                f"best      {summary.metrics[0]} {value}{where}, trial {summary.best.number}{gain}"
            )
        )
        # Of two that are the same trial, the winner has them already.
        if winner is None or winner.number != summary.best.number:
            lines += _params(summary.best)
    if summary.front:
        lines.append(Text(f"front     {len(summary.front)} trials on the Pareto front"))
        lines += [Text(f"          {end}") for end in _ends(summary)]
    if summary.wall_seconds is not None:
        spent = f"{duration(summary.trial_seconds)} of trials in {duration(summary.wall_seconds)}"
        epochs = "" if summary.epochs_spent is None else f", {summary.epochs_spent:,} epochs"
        saved = f", {summary.epochs_saved:,} saved by pruning" if summary.epochs_saved else ""
        lines.append(Text(f"cost      {spent}{epochs}{saved}"))
    return lines


def _ends(summary: Summary) -> list[str]:
    """Return where the front ends: the trial that is best in each objective."""
    ends = []
    for index, (name, direction) in enumerate(
        zip(summary.metrics, summary.directions, strict=True)
    ):
        choose = min if direction == "minimize" else max
        trial = choose(summary.front, key=lambda trial: trial.values[index])
        values = [
            f"{metric} {value_text(value)}"
            for metric, value in zip(summary.metrics, trial.values, strict=True)
        ]
        ends.append(f"best {name}: {', '.join(values)}, trial {trial.number}")
    return ends
