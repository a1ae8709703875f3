"""The end of a search on the terminal: one table of facts, advice and commands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import optuna
from optuna.trial import FrozenTrial
from rich.cells import cell_len
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
from tunesmith.rows import row, set_label
from tunesmith.study import Confirmation, Summary, summarize

_MOST_LINES = 20
# A narrower terminal has no room for a column of the longest labels.
_WIDE, _NARROW_MARGIN = 60, 11
Row = tuple[str, str]


def terminal_summary(
    study: optuna.Study,
    advice: Sequence[Advice],
    *,
    confirmation: Confirmation | None = None,
    compared: Sequence[Compared] = (),
    commands: Sequence[Row] = (),
) -> RenderableType:
    """Return what to print at the end of a search, for `rich.print`: labels and texts.

    Texts are wrapped at the width of the console. Beyond twenty lines advice is only counted.
    Commands follow, each on one line: print with `crop=False` to keep them whole.

    Args:
        study: The search's study.
        advice: What `advise` returned for it.
        confirmation: The best trials and the baseline, trained again on new seeds.
        compared: The winner and models without tuning, the best one first.
        commands: Command lines, each after its purpose; the label is the purpose up to a comma.

    >>> rich.print(terminal_summary(study, advise(study)))

    """
    summary, winner = summarize(study), winner_of(study, confirmation)
    facts = [
        ("trials", _states(summary)),
        *_winner(summary, winner, confirmation),
        *_facts(summary, winner=winner),
    ]
    sentences = [("advice", f"{piece.sentence}.") for piece in advice]
    if compared:
        sentences.insert(0, ("beside", beside(compared, summary.metrics[0])))
    if confirmation is not None:
        sentences.insert(0, ("confirmed", confirmed(confirmation, summary.metrics[0])))
    labelled = [(purpose.partition(",")[0], command) for purpose, command in commands]
    return _Table(f"{summary.name}: {headline(summary)}", facts, sentences, labelled)


@dataclass(frozen=True)
class _Table:
    """Facts and sentences are wrapped, commands are not; sentences without room are counted."""

    title: str
    facts: Sequence[Row]
    sentences: Sequence[Row]
    commands: Sequence[Row]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        labels = [label for label, _ in (*self.facts, *self.sentences, *self.commands)]
        margin = max(map(cell_len, labels)) + 2
        if console.width < _WIDE:
            margin = min(margin, _NARROW_MARGIN)
        above = [Text(self.title, style="bold")]
        for label, text in self.facts:
            above += row(label, text, margin=margin, console=console)
        yield from above
        yield from self._sentences(console, margin=margin, room=_MOST_LINES - len(above))
        for label, command in self.commands:
            start = (set_label(label, margin), "cyan")
            yield Text.assemble(start, command, no_wrap=True, overflow="ignore")

    def _sentences(self, console: Console, *, margin: int, room: int) -> Iterator[Text]:
        before = ""
        for done, (label, sentence) in enumerate(self.sentences):
            shown = "" if label == before else label
            lines = list(row(shown, sentence, margin=margin, console=console))
            left = len(self.sentences) - done
            # The last line is kept for the count of what is left out.
            if len(lines) > room - (left > 1):
                more = Text(f"and {left} more in the report", style="dim")
                yield from row(shown, more, margin=margin, console=console)
                return
            yield from lines
            before, room = label, room - len(lines)


def _states(summary: Summary) -> str:
    return ", ".join(f"{count} {state}" for state, count in summary.states.items()) or "none"


def _winner(
    summary: Summary, winner: FrozenTrial | None, confirmation: Confirmation | None
) -> list[Row]:
    """Return what is delivered, where that was chosen on new seeds."""
    if winner is None or confirmation is None:
        return []
    value = f"{summary.metrics[0]} {on_new_seeds(confirmation)} on new seeds"
    return [("winner", f"{value}, trial {winner.number}"), *_params(winner)]


def _params(trial: FrozenTrial) -> list[Row]:
    params = [f"{name}={value_text(v)}" for name, v in trial.params.items()]
    return [("", "  ".join(params))] if params else []


def _facts(summary: Summary, *, winner: FrozenTrial | None) -> list[Row]:
    lines = []
    if summary.best is not None:
        gain = (
            "" if summary.gain is None else f", {value_text(summary.gain)} better than the baseline"
        )
        value = measured(summary.best, summary.metrics[0], summary.best.values[0])
        where = "" if winner is None else " in the search"
        said = f"{summary.metrics[0]} {value}{where}, trial {summary.best.number}{gain}"
        lines.append(("best", said))
        # Of two that are the same trial, the winner has them already.
        if winner is None or winner.number != summary.best.number:
            lines += _params(summary.best)
    if summary.front:
        lines.append(("front", f"{len(summary.front)} trials on the Pareto front"))
        lines += [("", end) for end in _ends(summary)]
    if summary.wall_seconds is not None:
        spent = f"{duration(summary.trial_seconds)} of trials in {duration(summary.wall_seconds)}"
        epochs = "" if summary.epochs_spent is None else f", {summary.epochs_spent:,} epochs"
        saved = f", {summary.epochs_saved:,} saved by pruning" if summary.epochs_saved else ""
        lines.append(("cost", f"{spent}{epochs}{saved}"))
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
