"""What a study keeps for us."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, TypeVar, Unpack

import optuna

from tunesmith.study.record.values import items, number, typed

T = TypeVar("T")

# An attribute's key is the name that it has here, but for these.
_KEYS = {"run_id": "mlflow.run_id", "verdict": "terminated"}
_TEST_KEY = "test-"
_LEFT_KEY = "left-"
# System attributes.
SAMPLER_SEED_KEY = "tunesmith:sampler_seed"
EXHAUSTED_KEY = "tunesmith:exhausted"


@dataclass(frozen=True)
class Verdict:
    """Why a search was stopped early: the rule, by all that it was given, and a sentence."""

    by: str
    reason: str


class StudyAttributes(TypedDict, total=False):
    """What may be written on a study; see the properties of `StudyRecord`."""

    metric: str | Sequence[str]
    baseline: int
    folder: str
    max_epochs: int | None
    fingerprint: Mapping[str, Any]
    results_of: int
    run_id: str
    candidates: Sequence[int]
    baseline_trial: int | None
    model: str | None
    refused: Sequence[str]
    stopped: str


@dataclass(frozen=True)
class StudyRecord:
    """What a study keeps for us, whoever made it.

    >>> study = optuna.create_study()
    >>> StudyRecord.write(study, metric="val/mse", baseline=0)
    >>> StudyRecord.of(study).metrics
    ['val/mse']

    """

    _attrs: Mapping[str, Any]

    @classmethod
    def of(cls, study: optuna.Study) -> "StudyRecord":
        """Return the record of a study as it is now; what is written later is not in it."""
        return cls(study.user_attrs)

    @staticmethod
    def write(study: optuna.Study, **attributes: Unpack[StudyAttributes]) -> None:
        """Write attributes on a study, named as the properties are; `metric` one name or more."""
        for name, value in attributes.items():
            study.set_user_attr(_key(name), value)

    @staticmethod
    def write_verdict(study: optuna.Study, verdict: Verdict) -> None:
        """Write that the study is to be stopped early."""
        study.set_user_attr(_key("verdict"), {"by": verdict.by, "reason": verdict.reason})

    @staticmethod
    def write_test(study: optuna.Study, trial: int, metrics: Mapping[str, float]) -> None:
        """Write a confirming fit's metrics on the test rows.

        An attribute for each fit, since several machines may write at once.
        """
        study.set_user_attr(f"{_TEST_KEY}{trial}", dict(metrics))

    @staticmethod
    def write_left(study: optuna.Study, worker: str, *, token: str) -> None:
        """Write that the engine which runs a worker has ended it."""
        study.set_user_attr(f"{_LEFT_KEY}{worker}", token)

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics; empty where the study does not say."""
        found = self._attrs.get("metric")
        return [found] if isinstance(found, str) and found else items(found, str) or []

    @property
    def baseline(self) -> int | None:
        """The number of the trial that the default config makes."""
        return self._get("baseline", int)

    @property
    def folder(self) -> Path | None:
        """The folder that the search was begun in."""
        found = self._get("folder", str)
        return None if found is None else Path(found)

    @property
    def max_epochs(self) -> int | None:
        """The epochs that a trial may train, over all of its repetitions."""
        return self._get("max_epochs", int)

    @property
    def fingerprint(self) -> dict[str, Any] | None:
        """What a trial computes, the space and what proposes points; None in a study of others."""
        found = self._get("fingerprint", dict)
        parts = [] if found is None else map(found.get, ("config", "space", "proposals"))
        return found if found and all(isinstance(part, dict) for part in parts) else None

    @property
    def results_of(self) -> int | None:
        """The number of finished trials that the results were written for."""
        return self._get("results_of", int)

    @property
    def model(self) -> str | None:
        """The URI of the winner as a model in the tracking store; None if it was not logged."""
        return self._get("model", str)

    @property
    def refused(self) -> list[str]:
        """What the advice would change, as overrides, but the objective does not take."""
        return items(self._attrs.get("refused"), str) or []

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
        return items(self._attrs.get("candidates"), int) or []

    @property
    def baseline_trial(self) -> int | None:
        """In a confirmation, the number of the search's baseline."""
        return self._get("baseline_trial", int)

    @property
    def stopped(self) -> str | None:
        """The token of the command whose workers are to stop."""
        return self._get("stopped", str)

    def left(self, token: str) -> set[str]:
        """Return which workers of the command with this token were ended by their engine."""
        return {
            name.removeprefix(_LEFT_KEY)
            for name, value in self._attrs.items()
            if name.startswith(_LEFT_KEY) and value == token
        }

    def test_of(self, trial: int) -> dict[str, float] | None:
        """Return a confirming fit's metrics on the test rows; None if it was not tested."""
        found = typed(self._attrs.get(f"{_TEST_KEY}{trial}"), dict)
        if found is None:
            return None
        read = {str(name): number(value) for name, value in found.items()}
        return {name: value for name, value in read.items() if value is not None}

    def _get(self, name: str, kind: type[T]) -> T | None:
        return typed(self._attrs.get(_key(name)), kind)


def _key(name: str) -> str:
    return _KEYS.get(name, name)
