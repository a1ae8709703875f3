"""Decide when a search that fails should be stopped."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from optuna.trial import FrozenTrial, TrialState

from tunesmith.study.failure import FailKind, Failure, is_finished
from tunesmith.study.record import TrialRecord

_SAME_AT_FIRST = 3
_JUDGED_FROM = 10


class SearchFailed(ValueError):  # noqa: N818
    """Raised to stop a search: its trials fail for a reason that more trials do not cure."""


@dataclass(frozen=True)
class FailurePolicy:
    """When to stop a study whose trials fail: `run_worker` asks it before each trial.

    A study stops if its first 3 trials all fail alike, if the share of failed attempts is too
    large, or if the last `n_trials` attempts (at least 10) all failed.

    Attributes:
        max_failure_rate: The largest allowed share of failed attempts, 0 ... 1; judged once there
            are 10 attempts.
        n_trials: The study's total of trials.
        since: When this worker began, in local time. Only a failure after it stops the study, so
            that a search continues once its bug is repaired.

    """

    max_failure_rate: float
    n_trials: int
    since: datetime

    def check(self, trials: Sequence[FrozenTrial]) -> None:
        """Judge the attempts so far, without lost ones and trials of other programs.

        Args:
            trials: All trials of the study.

        Raises:
            SearchFailed: The study is to be stopped; the message says why.

        """
        if not any(t.state == TrialState.FAIL and _ended(t) >= self.since for t in trials):
            return
        own = (t for t in trials if not TrialRecord.of(t).is_of_others)
        attempts = [t for t in own if is_finished(t) or _counted(t)]
        failed = {t.number: f for t in attempts if (f := _counted(t)) is not None}
        recent = [t for t in attempts if _ended(t) >= self.since]
        if not any(t.number in failed for t in recent):
            return
        if len(failed) == len(attempts):
            _check_first([failed[t.number] for t in recent[:_SAME_AT_FIRST]])
        rate = len(failed) / len(attempts)
        if len(attempts) >= _JUDGED_FROM and rate > self.max_failure_rate:
            raise SearchFailed(
                f"{len(failed)} of {len(attempts)} trials failed, more than max_failure_rate="
                f"{self.max_failure_rate:g} allows; most often: {_most_common(failed.values())}"
            )
        enough = max(_JUDGED_FROM, self.n_trials)
        row = attempts[-enough:]
        if len(row) == enough and all(t.number in failed for t in row):
            raise SearchFailed(
                f"the last {len(row)} trials all failed; most often: "
                f"{_most_common([failed[t.number] for t in row])}"
            )


def _ended(trial: FrozenTrial) -> datetime:
    assert trial.datetime_complete is not None
    return trial.datetime_complete


def _counted(trial: FrozenTrial) -> Failure | None:
    failure = TrialRecord.of(trial).failure
    return failure if failure is not None and failure.counts else None


def _check_first(failures: Sequence[Failure]) -> None:
    whats = {_what_came(failure) for failure in failures}
    what = next(iter(whats), None)
    if len(failures) == _SAME_AT_FIRST and len(whats) == 1 and what is not None:
        raise SearchFailed(
            f"the first {_SAME_AT_FIRST} trials all {what}; "
            "repair it and run the same command again"
        )


def _what_came(failure: Failure) -> str | None:
    """Return what a trial did in place of returning a value, None where it was ended."""
    if failure.kind is FailKind.EXCEPTION:
        return f"raised {failure.exception}"
    if failure.kind is FailKind.VALUE:
        return f"failed alike: {failure.reason}"
    return None


def _most_common(failures: Iterable[Failure]) -> str:
    return Counter(f.reason for f in failures).most_common(1)[0][0]
