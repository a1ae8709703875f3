"""What a report shows beyond the study itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from tunesmith.advice import Advice
from tunesmith.study import Confirmation

# Stands for the id of a run in `ReportContext.run_page`.
RUN_ID = "RUN_ID"


@dataclass(frozen=True)
class Compared:
    """The winner, or a model without tuning to compare it with; see `score_references`.

    Attributes:
        name: The model's name, such as "ridge regression".
        validation: Its metric on the validation rows; the winner's is the mean over new seeds if it
            was trained again.
        test: Its metric on the test rows; None if it was not computed.
        is_winner: Whether it is the search's winner.

    """

    name: str
    validation: float
    test: float | None
    is_winner: bool = False


@dataclass(frozen=True)
class ReportContext:
    """What a report shows besides the study; all of it is optional.

    Attributes:
        storage: The URL of the study's store, without a password: it is shown.
        facts: Further facts, each a name ("refit of the winner") and a text.
        commands: Command lines, each after its purpose ("repeat the winner").
        confirmation: The best trials and the baseline, trained again on new seeds.
        advice: What to do next; None for what `advise` says of the study.
        data: What was read of the data, as text of several lines.
        compared: The winner and models without tuning, the best one first.
        fit: Plots of the winner's fit, each a title and a plotly figure as JSON.
        tested: The winner's metric on the test rows, from its refit.
        run_page: The address of a run in the tracking store, with `RUN_ID` in place of its id.
        made: What made the search, each a name and a text: command, commit, versions.

    """

    storage: str | None = None
    facts: Sequence[tuple[str, str]] = ()
    commands: Sequence[tuple[str, str]] = ()
    confirmation: Confirmation | None = None
    advice: Sequence[Advice] | None = None
    data: str = ""
    compared: Sequence[Compared] = ()
    fit: Sequence[tuple[str, str]] = ()
    tested: float | None = None
    run_page: str | None = None
    made: Sequence[tuple[str, str]] = ()

    def page_of(self, run_id: str | None) -> str | None:
        """Return the address of a run; None without an id or a `run_page`."""
        return self.run_page and run_id and self.run_page.replace(RUN_ID, run_id)
