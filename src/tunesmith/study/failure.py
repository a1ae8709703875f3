"""Why a trial failed, and which returned values are none."""

import math
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from optuna.trial import FrozenTrial, TrialState


class FailKind(StrEnum):
    """What made a trial fail.

    Attributes:
        EXCEPTION: The objective raised an exception.
        EXIT: The objective called `sys.exit`.
        VALUE: The objective returned no number, NaN, or not one value for each direction.
        DIED: The trial's process died or gave no sign of life.
        INTERRUPTED: The user stopped the search, or the disk was full.
        SURPLUS: Other workers had taken all trials.

    """

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
        reason: Why, in one line.
        exception: The exception's type and message; empty if there was none.
        traceback: The traceback as Python prints it; empty if there was no exception.
        retried: Whether its slot was queued again.

    """

    kind: FailKind
    reason: str
    exception: str = ""
    traceback: str = ""
    retried: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is a failure of the trial: not surplus, interrupted, or dead and retried."""
        if self.kind is FailKind.DIED:
            return not self.retried
        return self.kind not in (FailKind.INTERRUPTED, FailKind.SURPLUS)


def is_finished(trial: FrozenTrial) -> bool:
    """Return True for a trial that counts towards `n_trials`: complete or pruned."""
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED)


class BadValue(ValueError):  # noqa: N818
    """Raised where an objective did not return one number for each direction."""


def read_values(returned: object, *, n_directions: int) -> list[float]:
    """Return what an objective returned as a list of floats, one for each direction.

    Infinite values are accepted, and so are texts that `float` reads ("0.5").

    Args:
        returned: A number, or a sequence of numbers.
        n_directions: The number of directions of the study.

    Raises:
        BadValue: A value is missing, not a number or NaN, or their number is another one.

    >>> read_values("0.5", n_directions=1)
    [0.5]

    """
    values = listed(returned)
    if returned is not None and len(values) != n_directions:
        raise BadValue(f"the objective returned {len(values)} values for {n_directions} directions")
    return [_number(value) for value in values]


def listed(returned: object) -> list[Any]:
    """Return what an objective returned as a list of values; a text is one value.

    >>> listed(0.5), listed((0.5, 3)), listed("0.5")
    ([0.5], [0.5, 3], ['0.5'])

    """
    is_list = isinstance(returned, Sequence) and not isinstance(returned, str)
    return list(returned) if is_list else [returned]  # type: ignore[call-overload]


def read_number(value: Any) -> float:
    """Return a value as a float; infinite values and NaN are accepted.

    Raises:
        BadValue: The value is None, or `float` cannot read it.

    """
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
