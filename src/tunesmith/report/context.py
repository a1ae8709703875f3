"""What a report shows beyond the study itself: addresses, commands, and the re-trained winner."""

from collections.abc import Sequence
from dataclasses import dataclass

from tunesmith.study.confirmation import Confirmation


@dataclass(frozen=True)
class ReportContext:
    """Addresses and commands to print.

    `storage` is shown, so it must hold no password; `tracking_url` is the base URL of a running
    MLflow UI, without it run ids are shown as text; `commands` maps a purpose ("continue",
    "repeat the winner") to a command line.
    """

    storage: str | None = None
    tracking_url: str | None = None
    tracking_experiment: str | None = None
    commands: Sequence[tuple[str, str]] = ()
    confirmation: Confirmation | None = None
