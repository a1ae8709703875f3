"""Read the study in which the best trials and the baseline were trained again."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import optuna
from optuna.trial import FrozenTrial, TrialState

from tunesmith.study.record import StudyRecord, TrialRecord
from tunesmith.study.summary import complete, metric_names, sign

# The study that trains the best trials again is named as the search's, with this after it.
SUFFIX = "-confirm"
# Its parameter for the number of a trial of the search.
TRIAL = "trial"
# Its parameter for a new seed.
SEED = "seed"


@dataclass(frozen=True)
class Candidate:
    """One configuration trained again on new seeds; `values` are its objective values, one a seed.

    `search_value` is what the search reported for it. `test_values` is empty for every candidate
    but the winner and the baseline. `sign` is -1 where the objective is maximised.
    """

    label: str
    values: Sequence[float]
    trial: int | None = None
    search_value: float | None = None
    test_values: Sequence[float] = ()
    sign: float = 1.0

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
        """How much worse the re-trained mean is than the search's value, in whichever direction.

        Above zero, the search flattered it.
        """
        return None if self.search_value is None else self.sign * (self.mean - self.search_value)


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
    """Return what training again showed, or None while no candidate has a value.

    The winner is the candidate with the best mean among those with the most seeds: one that
    diverges on some seeds is no winner.

    Args:
        search: The search, of one objective.
        confirm: The study that trained its best trials again, with the parameters `TRIAL` and
            `SEED`; of several fits of the same point and code the first one counts, and of several
            codes the last.

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
