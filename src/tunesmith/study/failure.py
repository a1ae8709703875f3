"""How a trial ended, as it is written on the trial: why it failed, or why it was pruned."""

import math
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from optuna.trial import FrozenTrial, TrialState

PRUNE_REASON = "reason"
_KIND, _REASON, _EXCEPTION = "fail_kind", "reason", "fail_exception"
_TRACEBACK, _RETRIED = "fail_traceback", "fail_retried"


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
    """Why a trial is in the state FAIL; kept in the user attributes `fail_...`.

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
        """True for an attempt that failed for good; the others are bookkeeping."""
        if self.kind is FailKind.DIED:
            return not self.retried
        return self.kind not in (FailKind.INTERRUPTED, FailKind.SURPLUS)

    def to_attrs(self) -> dict[str, Any]:
        """Return the user attributes that `failure_of` reads; empty ones are left out."""
        attrs = {
            _KIND: self.kind.value,
            _REASON: self.reason,
            _EXCEPTION: self.exception,
            _TRACEBACK: self.traceback,
            _RETRIED: self.retried,
        }
        return {key: value for key, value in attrs.items() if value}


def failure_of(trial: FrozenTrial) -> Failure | None:
    """Return why the trial failed, or None for a trial in any other state."""
    if trial.state != TrialState.FAIL:
        return None
    attrs = trial.user_attrs
    return Failure(
        kind=FailKind(attrs.get(_KIND, FailKind.EXCEPTION)),
        reason=attrs.get(_REASON, "failed without a reason"),
        exception=attrs.get(_EXCEPTION, ""),
        traceback=attrs.get(_TRACEBACK, ""),
        retried=attrs.get(_RETRIED, False),
    )


def is_finished(trial: FrozenTrial) -> bool:
    """Return True for a trial that counts towards `n_trials`: complete or pruned."""
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED)


class BadValue(ValueError):  # noqa: N818
    """An objective returned something else than a finite number for each direction."""


def finite_values(returned: object, *, n_directions: int) -> list[float]:
    """Return what the objective returned as one finite number for each direction.

    Raises:
        BadValue: It is missing, no number, not finite, or of another length.

    """
    if returned is None:
        raise BadValue("the objective returned nothing; it must return a finite number")
    is_list = isinstance(returned, Sequence) and not isinstance(returned, str)
    values = list(returned) if is_list else [returned]  # type: ignore[call-overload]
    if len(values) != n_directions:
        raise BadValue(f"the objective returned {len(values)} values for {n_directions} directions")
    return [_finite(value) for value in values]


def _finite(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise BadValue(f"the objective returned {value!r}, which is no number") from None
    if not math.isfinite(number):
        raise BadValue(f"the objective returned {number}; it must return a finite number")
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
