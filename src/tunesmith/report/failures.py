"""Why trials failed: each reason once, with how often it came."""

import re
from dataclasses import dataclass

import optuna
from optuna.trial import TrialState

from tunesmith.study import TrialRecord, shown

N_REASONS = 10
# What differs between trials that failed for the same reason.
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\w.+-]*")


@dataclass(frozen=True)
class Reason:
    """A reason for which trials failed.

    Attributes:
        text: What the last of them says, in one line.
        numbers: The trials, by number.

    """

    text: str
    numbers: tuple[int, ...]


def reasons_of(study: optuna.Study) -> list[Reason]:
    """Return the reasons, the most frequent one first; those that differ in numbers are one."""
    texts: dict[str, str] = {}
    numbers: dict[str, list[int]] = {}
    for trial in shown(study):
        if trial.state != TrialState.FAIL:
            continue
        text = TrialRecord.of(trial).reason or "no reason given"
        kind = _NUMBER.sub("N", text)
        texts[kind] = text
        numbers.setdefault(kind, []).append(trial.number)
    found = [Reason(texts[kind], tuple(numbers[kind])) for kind in texts]
    return sorted(found, key=lambda reason: -len(reason.numbers))


def said_of_trials(reason: Reason) -> str:
    """Return which trials failed for a reason: 3, 5, 8, ...

    >>> said_of_trials(Reason("", (1, 2, 3, 4, 5, 6)))
    '1, 2, 3, 4, 5, ...'

    """
    more = ", ..." if len(reason.numbers) > 5 else ""
    return ", ".join(map(str, reason.numbers[:5])) + more
