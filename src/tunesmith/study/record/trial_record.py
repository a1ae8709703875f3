"""What a trial keeps for us."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, TypeVar, Unpack

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from tunesmith.process import ProcessId
from tunesmith.study.failure import FailKind, Failure
from tunesmith.study.record.values import items, number, numbers, typed

T = TypeVar("T")

# An attribute's key is the name that it has here, but for these.
_KEYS = {"folder": "hydra.dir", "run_id": "mlflow.run_id"}
EPOCHS_KEY = "epochs"
_FAILURE_KEYS = {
    "kind": "fail_kind",
    "reason": "reason",
    "exception": "fail_exception",
    "traceback": "fail_traceback",
    "retried": "fail_retried",
}

# System attributes: ours begin with this.
_PREFIX = "tunesmith:"
OWNER_KEY = f"{_PREFIX}owner"
_DEATHS_KEY = f"{_PREFIX}deaths"
# Optuna's own names of what we read and, for a retry, write too, so that its tools see it.
_RETRY_OF_KEY, _RETRY_HISTORY_KEY = "failed_trial", "retry_history"
_FIXED_PARAMS_KEY = "fixed_params"
# What an attempt itself left: ours, the pruner's rungs, its constraints, and the announcement of
# its point to other samplers.
_NOT_INHERITED = (_PREFIX, "completed_rung_", "constraints", "tpe:relative", "gp:relative")

# How release 0.1.0 began the reason of a fit that diverged; it kept no other mark.
_OLD_DIVERGED = "diverged:"


class TrialAttributes(TypedDict, total=False):
    """What may be written on a trial; see the properties of `TrialRecord`."""

    overrides: Sequence[str]
    code: Mapping[str, str]
    folder: str
    run_id: str
    seconds: float
    epochs: int
    repetitions: Mapping[str, Sequence[float]]
    reason: str
    diverged: bool
    notes: Sequence[str]


@dataclass(frozen=True)
class TrialRecord:
    """What Tunesmith keeps in a trial's attributes, read from a trial of any Optuna study.

    `of` makes one. What is absent, or of another type, reads as None or empty.

    >>> trial = optuna.trial.create_trial(value=1.0, user_attrs={"epochs": 7})
    >>> TrialRecord.of(trial).epochs
    7

    """

    _trial: FrozenTrial

    @classmethod
    def of(cls, trial: FrozenTrial) -> "TrialRecord":
        """Return the record of a trial, as it was when it was read."""
        return cls(trial)

    @staticmethod
    def write(trial: optuna.Trial, **attributes: Unpack[TrialAttributes]) -> None:
        """Write attributes on a running trial, by the names of the properties below."""
        _write(trial, {_key(name): value for name, value in attributes.items()})

    @staticmethod
    def write_failure(trial: optuna.Trial, failure: Failure) -> None:
        """Write on a running trial why it will fail."""
        _write(trial, failure_attributes(failure))

    @property
    def overrides(self) -> list[str] | None:
        """The Hydra overrides of the trial; None if Tunesmith did not run it."""
        return items(self._trial.user_attrs.get(_key("overrides")), str)

    @property
    def code(self) -> dict[str, str] | None:
        """The digest of each of the user's modules that the trial loaded; None if unknown."""
        found = self._get("code", dict) or {}
        return {name: str(digest) for name, digest in found.items()} or None

    def is_of_other_code(self, code: Mapping[str, str]) -> bool:
        """Return True if a module's digest in `code` is another one than in this trial.

        Modules that only one of them has do not count.
        """
        return any(code.get(name, digest) != digest for name, digest in (self.code or {}).items())

    @property
    def commit(self) -> str | None:
        """The git commit of a trial of release 0.1.0, with `-dirty` if files had been changed."""
        return self._get("code", str)

    @property
    def is_of_others(self) -> bool:
        """Whether another program ran the trial: it has neither an owner nor overrides."""
        is_begun = self._trial.state != TrialState.WAITING
        return is_begun and OWNER_KEY not in self._trial.system_attrs and self.overrides is None

    @property
    def folder(self) -> Path | None:
        """The trial's output folder."""
        found = self._get("folder", str)
        return None if found is None else Path(found)

    @property
    def run_id(self) -> str | None:
        """The id of the trial's run in the tracking store."""
        return self._get("run_id", str)

    @property
    def seconds(self) -> float | None:
        """The seconds that the trial measured itself, else those from its start to its end."""
        own = number(self._trial.user_attrs.get(_key("seconds")))
        if own is not None:
            return own
        duration = self._trial.duration
        return duration.total_seconds() if duration and self._trial.state.is_finished() else None

    @property
    def epochs(self) -> int | None:
        """How many epochs the trial trained, over all of its repetitions."""
        return self._get("epochs", int)

    @property
    def repetitions(self) -> dict[str, list[float]]:
        """The value of each repetition, by metric; empty for a trial of one fit."""
        found = self._get("repetitions", dict) or {}
        read = {str(name): numbers(values) for name, values in found.items()}
        return {name: values for name, values in read.items() if values is not None}

    @property
    def reason(self) -> str | None:
        """Why the trial was pruned or failed, in one line."""
        return self._get("reason", str)

    @property
    def notes(self) -> list[str]:
        """Notices for the user, a sentence each."""
        return items(self._trial.user_attrs.get(_key("notes")), str) or []

    @property
    def diverged(self) -> bool:
        """Whether the trial was pruned because its loss became infinite or NaN."""
        if self._trial.state != TrialState.PRUNED:
            return False
        marked = self._get("diverged", bool)
        return (self.reason or "").startswith(_OLD_DIVERGED) if marked is None else marked

    @property
    def failure(self) -> Failure | None:
        """Why the trial failed; None for a trial in any other state."""
        if self._trial.state != TrialState.FAIL:
            return None
        attrs = self._trial.user_attrs
        kind = typed(attrs.get(_FAILURE_KEYS["kind"]), str)
        return Failure(
            kind=FailKind(kind) if kind in set(FailKind) else FailKind.EXCEPTION,
            reason=self.reason or "failed without a reason",
            exception=typed(attrs.get(_FAILURE_KEYS["exception"]), str) or "",
            traceback=typed(attrs.get(_FAILURE_KEYS["traceback"]), str) or "",
            retried=attrs.get(_FAILURE_KEYS["retried"]) is True,
        )

    @property
    def owner(self) -> ProcessId | None:
        """The process that works on the trial, or did last: `host`, `pid` and start."""
        text = self._trial.system_attrs.get(OWNER_KEY)
        try:
            owner = None if text is None else ProcessId.from_str(text)
        except (ValueError, TypeError):
            return None
        # JSON of others may hold anything under our names.
        return owner if owner is None or isinstance(owner.host, str) else None

    @property
    def deaths(self) -> int:
        """How many attempts at this trial's slot have died before it."""
        return typed(self._trial.system_attrs.get(_DEATHS_KEY), int) or 0

    @property
    def retry_of(self) -> int | None:
        """The number of the first attempt at this trial's slot; None if this is the first one."""
        return typed(self._trial.system_attrs.get(_RETRY_OF_KEY), int)

    @property
    def is_enqueued(self) -> bool:
        """Whether the trial was queued with parameters, as `study.enqueue_trial` does."""
        return _FIXED_PARAMS_KEY in self._trial.system_attrs

    @property
    def params(self) -> dict[str, Any]:
        """The trial's parameters; those that it was queued with while it waits."""
        return dict(self._trial.params or self.queued or {})

    @property
    def queued(self) -> dict[str, Any] | None:
        """The parameters that the trial was queued with; None if it was not queued."""
        return typed(self._trial.system_attrs.get(_FIXED_PARAMS_KEY), dict)

    @property
    def is_feasible(self) -> bool:
        """Whether no constraint of the trial is above 0, neither its sampler's nor one it set."""
        try:
            return all(value <= 0 for value in self._trial.constraints.values())
        except TypeError:  # What others keep under the name is no constraint.
            return True

    def _get(self, name: str, kind: type[T]) -> T | None:
        return typed(self._trial.user_attrs.get(_key(name)), kind)


def failure_attributes(failure: Failure) -> dict[str, Any]:
    """Return the user attributes that keep a failure; empty ones are left out."""
    values = {name: getattr(failure, name) for name in _FAILURE_KEYS}
    return {_FAILURE_KEYS[name]: value for name, value in values.items() if value}


def owned_trial(owner: ProcessId) -> FrozenTrial:
    """Return a new RUNNING trial that already says who works on it."""
    return create_trial(state=TrialState.RUNNING, system_attrs={OWNER_KEY: owner.to_str()})


def successor_of(trial: FrozenTrial, *, deaths: int) -> FrozenTrial:
    """Return a waiting trial that is another attempt at the same slot."""
    attrs = trial.system_attrs
    history = items(attrs.get(_RETRY_HISTORY_KEY), int) or []
    inherited = {key: value for key, value in attrs.items() if not key.startswith(_NOT_INHERITED)}
    return create_trial(
        state=TrialState.WAITING,
        params=trial.params,
        distributions=trial.distributions,
        system_attrs={
            _RETRY_OF_KEY: trial.number,
            **inherited,
            _RETRY_HISTORY_KEY: [*history, trial.number],
            _DEATHS_KEY: deaths,
        },
    )


def _write(trial: optuna.Trial, attributes: Mapping[str, Any]) -> None:
    from tunesmith.study._optuna import set_together  # here: that module writes records

    set_together(trial, attributes)


def _key(name: str) -> str:
    return _KEYS.get(name, name)
