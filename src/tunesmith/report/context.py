"""What a report shows beyond the study itself: addresses, commands, and the re-trained winner."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev


@dataclass(frozen=True)
class Candidate:
    """One configuration trained again on new seeds; `values` are its objective values, one a seed.

    `search_value` is what the search reported for it. `test_values` is empty for every candidate
    but the winner and the baseline.
    """

    label: str
    values: Sequence[float]
    trial: int | None = None
    search_value: float | None = None
    test_values: Sequence[float] = ()

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return fmean(self.values)

    @property
    def deviation(self) -> float:
        """Sample standard deviation over the seeds; 0 for a single seed."""
        return stdev(self.values) if len(self.values) > 1 else 0.0

    @property
    def test_mean(self) -> float | None:
        """Mean on the test rows, None where they were not used."""
        return fmean(self.test_values) if self.test_values else None

    @property
    def test_deviation(self) -> float:
        """Sample standard deviation on the test rows; 0 for a single seed."""
        return stdev(self.test_values) if len(self.test_values) > 1 else 0.0

    @property
    def optimism(self) -> float | None:
        """Search value minus re-trained mean: below zero (minimising), the search flattered."""
        return None if self.search_value is None else self.search_value - self.mean


@dataclass(frozen=True)
class Confirmation:
    """The best trials and the baseline, trained again: `winner` and `baseline` are labels."""

    candidates: Sequence[Candidate]
    winner: str
    baseline: str | None = None

    def __post_init__(self) -> None:
        labels = [candidate.label for candidate in self.candidates]
        for label in filter(None, (self.winner, self.baseline)):
            if label not in labels:
                raise ValueError(f"expected one of {labels} as winner and baseline, got {label!r}")

    def __getitem__(self, label: str) -> Candidate:
        """Return the candidate with this label."""
        return next(c for c in self.candidates if c.label == label)


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
