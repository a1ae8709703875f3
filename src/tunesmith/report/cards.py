"""What stands on top of the page: first what the winner is worth on rows that nobody chose by."""

from collections.abc import Iterator
from dataclasses import dataclass

from optuna.trial import FrozenTrial

from tunesmith.report.context import ReportContext
from tunesmith.report.wording import duration, on_new_seeds, spread, value_text
from tunesmith.study import Confirmation, Summary


@dataclass(frozen=True)
class Card:
    """A number with what it is, and a remark."""

    label: str
    figure: str
    remark: str = ""


def cards_of(summary: Summary, winner: FrozenTrial | None, context: ReportContext) -> list[Card]:
    """Return the cards: the winner on test rows and on new seeds, then the flattering best value.

    Args:
        summary: The study.
        winner: The trial that came out best on new seeds; None where none was trained again.
        context: What is known beside the study.

    """
    return [
        *_tested(summary, winner, context),
        *_on_new_seeds(summary, winner, context.confirmation),
        *_best(summary, winner),
        *_of_the_search(summary),
    ]


def _tested(summary: Summary, winner: FrozenTrial | None, context: ReportContext) -> Iterator[Card]:
    confirmation, metric = context.confirmation, summary.metrics[0]
    if winner is not None and confirmation is not None:
        tested = confirmation[confirmation.winner]
        if tested.test_mean is not None:
            figure = spread(tested.test_mean, tested.test_deviation)
            seeds = len(tested.test_values)
            remark = f"trial {winner.number}, trained on {seeds} new seed{'s' * (seeds > 1)}"
            yield Card(f"winner's {_on_test(metric)}", figure, remark)
            return
    known = [one.test for one in context.compared if one.is_winner and one.test is not None]
    if context.tested is not None:
        known.append(context.tested)
    if known and summary.best is not None:
        number = (winner or summary.best).number
        yield Card(
            f"winner's {_on_test(metric)}", value_text(known[0]), f"trial {number}, its refit"
        )


def _on_test(metric: str) -> str:
    return f"{metric.rpartition('/')[2]} on the test rows"


def _on_new_seeds(
    summary: Summary, winner: FrozenTrial | None, confirmation: Confirmation | None
) -> Iterator[Card]:
    if winner is not None and confirmation is not None:
        label = f"winner's {summary.metrics[0]} on new seeds"
        yield Card(label, on_new_seeds(confirmation), f"trial {winner.number}")


def _best(summary: Summary, winner: FrozenTrial | None) -> Iterator[Card]:
    best = summary.best
    if best is None:
        return
    label = f"best {summary.metrics[0]}{'' if winner is None else ' in the search'}"
    flatters = "" if winner is None else ", the best of many: it flatters"
    yield Card(label, value_text(best.value), f"trial {best.number}{flatters}")


def _of_the_search(summary: Summary) -> Iterator[Card]:
    if summary.front:
        yield Card("Pareto front", str(len(summary.front)), "trials")
    if summary.gain is not None and summary.baseline is not None:
        remark = f"baseline {value_text(summary.baseline.value)}, trial {summary.baseline.number}"
        yield Card("gain over the baseline", value_text(summary.gain), remark)
    states = ", ".join(f"{count:,} {state}" for state, count in summary.states.items())
    yield Card("trials", f"{sum(summary.states.values()):,}", states)
    if summary.wall_seconds is not None:
        remark = f"{duration(summary.trial_seconds)} of trials"
        yield Card("time at work", duration(summary.wall_seconds), remark)
    if summary.epochs_spent is not None:
        saved = summary.epochs_saved
        remark = f"{saved:,} saved by pruning" if saved else "none saved by pruning"
        yield Card("epochs", f"{summary.epochs_spent:,}", remark if saved is not None else "")
