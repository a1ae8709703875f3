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
    """Why a search was stopped early.

    Attributes:
        by: The rule and its arguments.
        reason: A sentence.

    """

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
    """What Tunesmith keeps in a study's user attributes, read from any Optuna study.

    `of` makes one. What is absent, or of another type, reads as None or empty.

    >>> study = optuna.create_study()
    >>> StudyRecord.write(study, metric="val/mse", baseline=0)
    >>> StudyRecord.of(study).metrics
    ['val/mse']

    """

    _attrs: Mapping[str, Any]

    @classmethod
    def of(cls, study: optuna.Study) -> "StudyRecord":
        """Return the record of a study as it is now; later attributes are not in it."""
        return cls(study.user_attrs)

    @staticmethod
    def write(study: optuna.Study, **attributes: Unpack[StudyAttributes]) -> None:
        """Write attributes on a study, by the names of the properties below.

        `metrics` is written as `metric`: a name, or a list of them.
        """
        for name, value in attributes.items():
            study.set_user_attr(_key(name), value)

    @staticmethod
    def write_verdict(study: optuna.Study, verdict: Verdict) -> None:
        """Write why the study is to be stopped early."""
        study.set_user_attr(_key("verdict"), {"by": verdict.by, "reason": verdict.reason})

    @staticmethod
    def write_test(study: optuna.Study, trial: int, metrics: Mapping[str, float]) -> None:
        """Write the metrics on the test rows of a fit of a confirming study.

        Args:
            study: The confirming study.
            trial: The number of the fit in it.
            metrics: The metrics by name, `test/...`.

        """
        study.set_user_attr(f"{_TEST_KEY}{trial}", dict(metrics))

    @staticmethod
    def write_left(study: optuna.Study, worker: str, *, token: str) -> None:
        """Write that the launcher has ended a worker of the command with this token."""
        study.set_user_attr(f"{_LEFT_KEY}{worker}", token)

    @property
    def metrics(self) -> list[str]:
        """The names of the objectives; empty if the study keeps none."""
        found = self._attrs.get("metric")
        return [found] if isinstance(found, str) and found else items(found, str) or []

    @property
    def baseline(self) -> int | None:
        """The number of the trial of the default config; None if there is none."""
        return self._get("baseline", int)

    @property
    def folder(self) -> Path | None:
        """The output folder of the search, where it was begun."""
        found = self._get("folder", str)
        return None if found is None else Path(found)

    @property
    def max_epochs(self) -> int | None:
        """The number of epochs that a trial may train, over all of its repetitions."""
        return self._get("max_epochs", int)

    @property
    def fingerprint(self) -> dict[str, Any] | None:
        """The `config`, `space` and `proposals` that a continued search must share.

        None in a study that Tunesmith did not make.
        """
        found = self._get("fingerprint", dict)
        parts = [] if found is None else map(found.get, ("config", "space", "proposals"))
        return found if found and all(isinstance(part, dict) for part in parts) else None

    @property
    def results_of(self) -> int | None:
        """How many trials were finished when the results were written."""
        return self._get("results_of", int)

    @property
    def model(self) -> str | None:
        """The URI of the winner's model in the tracking store; None if it was not logged."""
        return self._get("model", str)

    @property
    def refused(self) -> list[str]:
        """Advised changes of the space that the objective refuses, as Hydra overrides."""
        return items(self._attrs.get("refused"), str) or []

    @property
    def verdict(self) -> Verdict | None:
        """Why the search was stopped early; None if it was not."""
        found = self._get("verdict", dict) or {}
        by, reason = found.get("by"), found.get("reason")
        return Verdict(by, reason) if isinstance(by, str) and isinstance(reason, str) else None

    @property
    def run_id(self) -> str | None:
        """The id of the search's own run in the tracking store."""
        return self._get("run_id", str)

    @property
    def candidates(self) -> list[int]:
        """In a confirming study: the numbers of the search's trials that are trained again."""
        return items(self._attrs.get("candidates"), int) or []

    @property
    def baseline_trial(self) -> int | None:
        """In a confirming study: the number of the search's baseline."""
        return self._get("baseline_trial", int)

    @property
    def stopped(self) -> str | None:
        """The token of the command whose workers are to stop."""
        return self._get("stopped", str)

    def left(self, token: str) -> set[str]:
        """Return the workers that the launcher of the command with this token has ended."""
        return {
            name.removeprefix(_LEFT_KEY)
            for name, value in self._attrs.items()
            if name.startswith(_LEFT_KEY) and value == token
        }

    def test_of(self, trial: int) -> dict[str, float] | None:
        """Return the metrics on the test rows of a fit of a confirming study; None if untested."""
        found = typed(self._attrs.get(f"{_TEST_KEY}{trial}"), dict)
        if found is None:
            return None
        read = {str(name): number(value) for name, value in found.items()}
        return {name: value for name, value in read.items() if value is not None}

    def _get(self, name: str, kind: type[T]) -> T | None:
        return typed(self._attrs.get(_key(name)), kind)


def _key(name: str) -> str:
    return _KEYS.get(name, name)
