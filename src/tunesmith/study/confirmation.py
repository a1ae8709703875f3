"""Read the study in which the best trials and the baseline were trained again."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import optuna
from optuna.trial import FrozenTrial, TrialState

from tunesmith.study.record import StudyRecord, TrialRecord
from tunesmith.study.summary import complete, metric_names, sign

# What the name of a confirming study, which trains the best trials again, has after the search's.
SUFFIX = "-confirm"
# The parameter of a confirming study that holds the number of a trial of the search.
TRIAL = "trial"
# The parameter of a confirming study that holds a new seed.
SEED = "seed"


@dataclass(frozen=True)
class Candidate:
    """A trial of the search, trained again on new seeds.

    Attributes:
        label: "baseline", or "trial" and its number: "trial 12".
        values: Its values of the objective on the validation rows, one for each new seed.
        trial: Its number in the search.
        search_value: Its value in the search; None if it was not complete there.
        test_values: Its values of the metric on the test rows, one for each seed; empty unless it
            is the winner or the baseline.
        sign: 1, or -1 where the objective is maximized.

    """

    label: str
    values: Sequence[float]
    trial: int | None = None
    search_value: float | None = None
    test_values: Sequence[float] = ()
    sign: float = 1.0

    @property
    def mean(self) -> float:
        """The mean of `values`."""
        return fmean(self.values)

    @property
    def deviation(self) -> float:
        """The sample standard deviation of `values`; 0 for a single seed."""
        return stdev(self.values) if len(self.values) > 1 else 0.0

    @property
    def test_mean(self) -> float | None:
        """The mean of `test_values`; None without any."""
        return fmean(self.test_values) if self.test_values else None

    @property
    def test_deviation(self) -> float:
        """The sample standard deviation of `test_values`; 0 for fewer than two."""
        return stdev(self.test_values) if len(self.test_values) > 1 else 0.0

    @property
    def optimism(self) -> float | None:
        """By how much `mean` is worse than `search_value`: above 0, the search was optimistic.

        None without a search value.
        """
        return None if self.search_value is None else self.sign * (self.mean - self.search_value)


@dataclass(frozen=True)
class Confirmation:
    """The best trials and the baseline, trained again; `confirmation[label]` is a candidate.

    Attributes:
        candidates: The trials that have a value.
        winner: The label of the best candidate.
        baseline: The label of the baseline; None where the search has none.

    Raises:
        ValueError: A label is that of no candidate.

    """

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
    """Return what training again showed; None while no candidate has a value.

    The winner is the candidate with the best mean among those with the most seeds: one that
    diverges on some seeds is no winner.

    Args:
        search: The search, of one objective.
        confirm: The confirming study, with the parameters `TRIAL` and `SEED`. If the same trial was
            trained twice on a seed the first fit counts, but the last one if the user's code has
            changed since.

    """
    fits = _fits(confirm)
    record, trials = StudyRecord.of(confirm), dict(enumerate(search.get_trials(deepcopy=False)))
    factor = sign(search)
    metric = metric_names(search)[0].replace("val/", "test/")
    candidates = [
        _candidate(
            trials[number], list(fits[number].values()), record=record, metric=metric, sign=factor
        )
        for number in record.candidates
        if fits[number] and number in trials
    ]
    if not candidates:
        return None
    most = max(len(c.values) for c in candidates)
    winner = min((c for c in candidates if len(c.values) == most), key=lambda c: factor * c.mean)
    baseline = next((c.label for c in candidates if c.trial == record.baseline_trial), None)
    return Confirmation(candidates, winner=winner.label, baseline=baseline)


def _fits(confirm: optuna.Study) -> dict[int, dict[int, FrozenTrial]]:
    """Return the fit of each seed, by the number of the trial of the search."""
    fits: dict[int, dict[int, FrozenTrial]] = defaultdict(dict)
    for trial in complete(confirm):
        if {TRIAL, SEED} <= trial.params.keys():
            of_trial, seed = fits[trial.params[TRIAL]], trial.params[SEED]
            known, code = of_trial.get(seed), TrialRecord.of(trial).code or {}
            # Two machines may queue the same point; a point of other code is computed again.
            if known is None or TrialRecord.of(known).is_of_other_code(code):
                of_trial[seed] = trial
    return fits


def _candidate(
    trial: FrozenTrial,
    fits: list[FrozenTrial],
    *,
    record: StudyRecord,
    metric: str,
    sign: float,
) -> Candidate:
    tested = (record.test_of(fit.number) or {} for fit in fits)
    is_baseline = trial.number == record.baseline_trial
    return Candidate(
        label="baseline" if is_baseline else f"trial {trial.number}",
        values=[float(fit.value or 0.0) for fit in fits],
        trial=trial.number,
        search_value=trial.value if trial.state == TrialState.COMPLETE else None,
        test_values=[metrics[metric] for metrics in tested if metric in metrics],
        sign=sign,
    )
