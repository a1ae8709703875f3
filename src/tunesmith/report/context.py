"""What a report shows beyond the study itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from tunesmith.advice import Advice
from tunesmith.study import Confirmation

# Stands in an address for the id of a run.
RUN_ID = "RUN_ID"


@dataclass(frozen=True)
class Compared:
    """The winner, or a model that nobody tuned, on rows that both have not seen.

    Attributes:
        name: What it is.
        validation: Its metric on the validation rows; the winner's is the mean over new seeds, if
            it was trained again.
        test: Its metric on the test rows, None if it was not tested.
        is_winner: Whether it is the search's winner.

    """

    name: str
    validation: float
    test: float | None
    is_winner: bool = False


@dataclass(frozen=True)
class ReportContext:
    """Addresses, commands, and what training the best trials again has shown.

    Attributes:
        storage: The URL of the study's store as it is shown; it must hold no password.
        facts: What else is known, by name ("refit of the winner").
        commands: For each purpose ("repeat the winner") a command line.
        confirmation: The best trials and the baseline, trained again on new seeds.
        advice: What to do next; None for what `advise` says of the study.
        data: What was read of the data, in lines.
        compared: The winner beside models that nobody tuned, the best one first.
        fit: What the winner's fit is like: a title, and a figure of plotly as JSON, for each plot.
        tested: The winner's metric on the test rows, by its refit.
        run_page: The address of a trial's run in the tracking store, with `RUN_ID` for its id.
        made: What made the search, by name: the command, the commit, the versions.

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
        """Return the address of a run; None where there is none."""
        return self.run_page and run_id and self.run_page.replace(RUN_ID, run_id)
