"""Why a trial failed, and which returned values are none."""

import math
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from optuna.trial import FrozenTrial, TrialState


class FailKind(StrEnum):
    """What made a trial fail."""

    EXCEPTION = "exception"
    EXIT = "exit"
    VALUE = "value"
    DIED = "died"
    INTERRUPTED = "interrupted"
    SURPLUS = "surplus"


@dataclass(frozen=True)
class Failure:
    """Why a trial is in the state FAIL; a `TrialRecord` keeps it.

    Attributes:
        kind: What made it fail.
        reason: One line for people.
        exception: The exception's type and message, empty if there was none.
        traceback: Where it was raised, as Python prints it.
        retried: Its slot was queued again.

    """

    kind: FailKind
    reason: str
    exception: str = ""
    traceback: str = ""
    retried: bool = False

    @property
    def counts(self) -> bool:
        """Whether the attempt failed for good; the others are bookkeeping."""
        if self.kind is FailKind.DIED:
            return not self.retried
        return self.kind not in (FailKind.INTERRUPTED, FailKind.SURPLUS)


def is_finished(trial: FrozenTrial) -> bool:
    """Return True for a trial that counts towards `n_trials`: complete or pruned."""
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED)


class BadValue(ValueError):  # noqa: N818
    """Raised for an objective that returned something else than a number a direction."""


def read_values(returned: object, *, n_directions: int) -> list[float]:
    """Return what the objective returned as one number for each direction, as Optuna takes it.

    An infinite value is a number like any other, and so is what `float` reads in a text.

    Raises:
        BadValue: It is missing, not a number, NaN, or of another length.

    """
    values = listed(returned)
    if returned is not None and len(values) != n_directions:
        raise BadValue(f"the objective returned {len(values)} values for {n_directions} directions")
    return [_number(value) for value in values]


def listed(returned: object) -> list[Any]:
    """Return what the objective returned as a list; a text is one value, not its characters."""
    is_list = isinstance(returned, Sequence) and not isinstance(returned, str)
    return list(returned) if is_list else [returned]  # type: ignore[call-overload]


def read_number(value: Any) -> float:
    """Return one value as a number, NaN included; raise BadValue for what is none."""
    if value is None:
        raise BadValue("the objective returned nothing; it must return a number")
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise BadValue(f"the objective returned {value!r}, which is not a number") from None


def _number(value: Any) -> float:
    number = read_number(value)
    if math.isnan(number):
        raise BadValue(f"the objective returned {number}; it must return a number")
    return number


def failure_from(error: BaseException) -> Failure:
    """Return the failure of a trial whose objective raised the error."""
    if isinstance(error, BadValue):
        return Failure(FailKind.VALUE, str(error))
    raised = f"{type(error).__name__}: {error}".rstrip(": ")
    printed = "".join(traceback.format_exception(error))
    if isinstance(error, SystemExit):
        return Failure(FailKind.EXIT, f"SystemExit({error.code!r})", raised, printed)
    return Failure(FailKind.EXCEPTION, raised.splitlines()[0], raised, printed)
