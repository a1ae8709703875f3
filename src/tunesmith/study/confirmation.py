"""Read the study in which the best trials and the baseline were trained again."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from tunesmith.study.summary import complete, metric_names

SUFFIX = "-confirm"
TRIAL, SEED = "trial", "seed"
# Attributes of the study: numbers of the search's trials, and before a trial's own number its
# metrics on test; an attribute each, since several machines may write at once.
CANDIDATES, BASELINE, TEST = "candidates", "baseline_trial", "test-"


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


def read_confirmation(search: optuna.Study, confirm: optuna.Study) -> Confirmation | None:
    """What training again showed; None while no candidate has a value.

    The winner is the candidate with the best mean among those with the most seeds: one that
    diverges on some seeds is no winner.
    """
    fits: dict[int, dict[int, FrozenTrial]] = defaultdict(dict)
    for trial in complete(confirm):
        fits[trial.params[TRIAL]].setdefault(trial.params[SEED], trial)
    attrs = confirm.user_attrs
    candidates = [
        _candidate(search.trials[number], list(fits[number].values()), attrs=attrs, study=search)
        for number in attrs.get(CANDIDATES, [])
        if fits[number]
    ]
    if not candidates:
        return None
    sign = -1 if search.direction == optuna.study.StudyDirection.MAXIMIZE else 1
    most = max(len(c.values) for c in candidates)
    winner = min((c for c in candidates if len(c.values) == most), key=lambda c: sign * c.mean)
    baseline = next((c.label for c in candidates if c.trial == attrs.get(BASELINE)), None)
    return Confirmation(candidates, winner=winner.label, baseline=baseline)


def _candidate(
    trial: FrozenTrial, fits: list[FrozenTrial], *, attrs: dict[str, Any], study: optuna.Study
) -> Candidate:
    metric = metric_names(study)[0].replace("val/", "test/")
    tested = (attrs.get(f"{TEST}{fit.number}", {}) for fit in fits)
    is_baseline = trial.number == attrs.get(BASELINE)
    return Candidate(
        label="baseline" if is_baseline else f"trial {trial.number}",
        values=[float(fit.value or 0.0) for fit in fits],
        trial=trial.number,
        search_value=trial.value if trial.state == optuna.trial.TrialState.COMPLETE else None,
        test_values=[metrics[metric] for metrics in tested if metric in metrics],
    )
