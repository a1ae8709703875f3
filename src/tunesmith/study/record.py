"""What a study and its trials keep for us, typed: the only module that names an attribute's key.

Optuna keeps attributes as JSON under text keys, user attributes for people and system attributes
for machinery. A record reads them from a trial or study of any origin: what is absent, or of a type
that we would not have written, reads as None. Keys are those of release 0.1.0, and stay.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, TypeVar, Unpack

import optuna
from optuna.trial import FrozenTrial, TrialState

from tunesmith.process import ProcessId
from tunesmith.study.failure import FailKind, Failure

T = TypeVar("T")

# System attributes of ours begin with this.
PREFIX = "tunesmith:"
OWNER_KEY = f"{PREFIX}owner"
DEATHS_KEY = f"{PREFIX}deaths"
SAMPLER_SEED_KEY = f"{PREFIX}sampler_seed"
EXHAUSTED_KEY = f"{PREFIX}exhausted"
# Optuna's own names of what we read and, for a retry, write too, so that its tools see it.
RETRY_OF_KEY, RETRY_HISTORY_KEY = "failed_trial", "retry_history"
FIXED_PARAMS_KEY = "fixed_params"
CONSTRAINTS_KEY = "constraints"

# How release 0.1.0 began the reason of a fit that diverged; it kept no other mark.
_OLD_DIVERGED = "diverged:"

_TRIAL_KEYS = {
    "overrides": "overrides",
    "code": "code",
    "folder": "hydra.dir",
    "run_id": "mlflow.run_id",
    "seconds": "seconds",
    "epochs": "epochs",
    "repetitions": "repetitions",
    "reason": "reason",
    "diverged": "diverged",
}
_FAILURE_KEYS = {
    "kind": "fail_kind",
    "reason": "reason",
    "exception": "fail_exception",
    "traceback": "fail_traceback",
    "retried": "fail_retried",
}
_STUDY_KEYS = {
    "metric": "metric",
    "baseline": "baseline",
    "max_epochs": "max_epochs",
    "fingerprint": "fingerprint",
    "results_of": "results_of",
    "verdict": "terminated",
    "run_id": "mlflow.run_id",
    "candidates": "candidates",
    "baseline_trial": "baseline_trial",
}
_TEST_KEY = "test-"


class TrialAttributes(TypedDict, total=False):
    """What may be written on a trial.

    Attributes:
        overrides: The Hydra overrides that the trial was composed with.
        code: The version of the code that computed it.
        folder: Its output folder.
        run_id: Its run in the tracking store.
        seconds: What it took, without waiting.
        epochs: How many epochs it trained, over all of its repetitions.
        repetitions: The value of each repetition, by metric.
        reason: Why it was pruned, for people.
        diverged: It was pruned since its loss became infinite or NaN, not by the pruner.

    """

    overrides: Sequence[str]
    code: str
    folder: str
    run_id: str
    seconds: float
    epochs: int
    repetitions: Mapping[str, Sequence[float]]
    reason: str
    diverged: bool


@dataclass(frozen=True)
class TrialRecord:
    """What a trial keeps for us; see `TrialAttributes`."""

    _trial: FrozenTrial

    @classmethod
    def of(cls, trial: FrozenTrial) -> "TrialRecord":
        """Return the record of a trial, whoever ran it."""
        return cls(trial)

    @staticmethod
    def write(trial: optuna.Trial, **attributes: Unpack[TrialAttributes]) -> None:
        """Write attributes on a running trial."""
        for name, value in attributes.items():
            trial.set_user_attr(_TRIAL_KEYS[name], value)

    @property
    def overrides(self) -> list[str] | None:
        """The Hydra overrides that the trial was composed with; None for a trial of others."""
        found = self._get("overrides", list)
        return None if found is None else [str(line) for line in found]

    @property
    def code(self) -> str | None:
        """The version of the code that computed the trial."""
        return self._get("code", str)

    @property
    def folder(self) -> Path | None:
        """The trial's output folder."""
        found = self._get("folder", str)
        return None if found is None else Path(found)

    @property
    def run_id(self) -> str | None:
        """The trial's run in the tracking store."""
        return self._get("run_id", str)

    @property
    def seconds(self) -> float | None:
        """Seconds that the trial took: its own account if it kept one, else from start to end."""
        own = _number(self._trial.user_attrs.get(_TRIAL_KEYS["seconds"]))
        if own is not None:
            return own
        duration = self._trial.duration
        return duration.total_seconds() if duration and self._trial.state.is_finished() else None

    @property
    def epochs(self) -> int | None:
        """How many epochs the trial trained."""
        return self._get("epochs", int)

    @property
    def repetitions(self) -> dict[str, list[float]]:
        """The value of each repetition, by metric; empty for a trial of one fit."""
        found = self._get("repetitions", dict) or {}
        return {name: values for name, values in found.items() if isinstance(values, list)}

    @property
    def reason(self) -> str | None:
        """Why the trial was pruned or failed, in one line for people."""
        return self._get("reason", str)

    @property
    def diverged(self) -> bool:
        """Whether the trial was pruned since its loss became infinite or NaN."""
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
        return Failure(
            kind=_kind(attrs.get(_FAILURE_KEYS["kind"])),
            reason=self.reason or "failed without a reason",
            exception=_text(attrs.get(_FAILURE_KEYS["exception"])),
            traceback=_text(attrs.get(_FAILURE_KEYS["traceback"])),
            retried=attrs.get(_FAILURE_KEYS["retried"]) is True,
        )

    @property
    def owner(self) -> ProcessId | None:
        """The process that works on the trial, or did last."""
        text = self._trial.system_attrs.get(OWNER_KEY)
        with contextlib.suppress(ValueError, TypeError):
            return None if text is None else ProcessId.from_str(text)
        return None

    @property
    def deaths(self) -> int:
        """How often the process of an attempt at this trial's slot died."""
        return int(self._trial.system_attrs.get(DEATHS_KEY, 0))

    @property
    def retry_of(self) -> int | None:
        """The number of the first attempt, if this trial is another one at the same slot."""
        original: int | None = self._trial.system_attrs.get(RETRY_OF_KEY)
        return original

    @property
    def is_enqueued(self) -> bool:
        """Whether the trial's parameters were given when it was queued, not sampled."""
        return FIXED_PARAMS_KEY in self._trial.system_attrs

    @property
    def params(self) -> dict[str, Any]:
        """The trial's parameters; for one that still waits those that it was queued with."""
        return self._trial.params or dict(self._trial.system_attrs.get(FIXED_PARAMS_KEY, {}))

    @property
    def is_feasible(self) -> bool:
        """Whether the trial breaks no constraint of its sampler."""
        return all(value <= 0 for value in self._trial.system_attrs.get(CONSTRAINTS_KEY) or ())

    def _get(self, name: str, kind: type[T]) -> T | None:
        return _typed(self._trial.user_attrs.get(_TRIAL_KEYS[name]), kind)


def failure_attributes(failure: Failure) -> dict[str, Any]:
    """Return the user attributes that keep a failure; empty ones are left out."""
    values = {name: getattr(failure, name) for name in _FAILURE_KEYS}
    return {_FAILURE_KEYS[name]: value for name, value in values.items() if value}


@dataclass(frozen=True)
class Verdict:
    """Why a search was stopped early: the rule, by all that it was given, and a sentence."""

    by: str
    reason: str


class StudyAttributes(TypedDict, total=False):
    """What may be written on a study.

    Attributes:
        metric: The name of the metric, or the names of several.
        baseline: The number of the trial that the default config makes.
        max_epochs: The epochs that a trial may train, over all of its repetitions.
        fingerprint: What a trial computes, the space and what proposes points.
        results_of: The number of finished trials that the results were written for.
        run_id: The search's own run in the tracking store.
        candidates: In a confirmation, the numbers of the search's trials that are trained again.
        baseline_trial: In a confirmation, the number of the search's baseline.

    """

    metric: str | Sequence[str]
    baseline: int
    max_epochs: int | None
    fingerprint: Mapping[str, Any]
    results_of: int
    run_id: str
    candidates: Sequence[int]
    baseline_trial: int | None


@dataclass(frozen=True)
class StudyRecord:
    """What a study keeps for us; see `StudyAttributes`."""

    _attrs: Mapping[str, Any]

    @classmethod
    def of(cls, study: optuna.Study) -> "StudyRecord":
        """Return the record of a study, whoever made it, as it is now."""
        return cls(study.user_attrs)

    @staticmethod
    def write(study: optuna.Study, **attributes: Unpack[StudyAttributes]) -> None:
        """Write attributes on a study."""
        for name, value in attributes.items():
            study.set_user_attr(_STUDY_KEYS[name], value)

    @staticmethod
    def write_verdict(study: optuna.Study, verdict: Verdict) -> None:
        """Write that the study is to be stopped early."""
        study.set_user_attr(_STUDY_KEYS["verdict"], {"by": verdict.by, "reason": verdict.reason})

    @staticmethod
    def write_test(study: optuna.Study, trial: int, metrics: Mapping[str, float]) -> None:
        """Write a confirming fit's metrics on the test rows.

        An attribute for each fit, since several machines may write at once.
        """
        study.set_user_attr(f"{_TEST_KEY}{trial}", dict(metrics))

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics; empty where the study does not say."""
        found = self._attrs.get(_STUDY_KEYS["metric"])
        if isinstance(found, str):
            return [found]
        return [str(name) for name in found] if isinstance(found, list) else []

    @property
    def baseline(self) -> int | None:
        """The number of the trial that the default config makes."""
        return self._get("baseline", int)

    @property
    def max_epochs(self) -> int | None:
        """The epochs that a trial may train, over all of its repetitions."""
        return self._get("max_epochs", int)

    @property
    def fingerprint(self) -> dict[str, Any] | None:
        """What a trial computes, the space and what proposes points; None in a study of others."""
        found = self._get("fingerprint", dict)
        is_ours = found is not None and {"config", "space", "proposals"} <= found.keys()
        return found if is_ours else None

    @property
    def results_of(self) -> int | None:
        """The number of finished trials that the results were written for."""
        return self._get("results_of", int)

    @property
    def verdict(self) -> Verdict | None:
        """Why the search was stopped early; None if it was not."""
        found = self._get("verdict", dict) or {}
        by, reason = found.get("by"), found.get("reason")
        return Verdict(by, reason) if isinstance(by, str) and isinstance(reason, str) else None

    @property
    def run_id(self) -> str | None:
        """The search's own run in the tracking store."""
        return self._get("run_id", str)

    @property
    def candidates(self) -> list[int]:
        """In a confirmation, the numbers of the search's trials that are trained again."""
        return self._get("candidates", list) or []

    @property
    def baseline_trial(self) -> int | None:
        """In a confirmation, the number of the search's baseline."""
        return self._get("baseline_trial", int)

    def test_of(self, trial: int) -> dict[str, float] | None:
        """Return a confirming fit's metrics on the test rows; None if it was not tested."""
        return _typed(self._attrs.get(f"{_TEST_KEY}{trial}"), dict)

    def _get(self, name: str, kind: type[T]) -> T | None:
        return _typed(self._attrs.get(_STUDY_KEYS[name]), kind)


def _typed(value: Any, kind: type[T]) -> T | None:
    # True is an int to Python, not to us.
    is_flag = isinstance(value, bool) and kind is not bool
    return value if isinstance(value, kind) and not is_flag else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _kind(value: Any) -> FailKind:
    return FailKind(value) if value in set(FailKind) else FailKind.EXCEPTION
