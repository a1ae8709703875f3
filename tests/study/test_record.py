import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from tests.commands import ROOT
from tunesmith.process import ProcessId
from tunesmith.study import FailKind, Failure, StudyRecord, TrialRecord, Verdict, open_storage
from tunesmith.study.record import failure_attributes, successor_of

ABSENT_IN_A_TRIAL = {
    "overrides": None,
    "code": None,
    "commit": None,
    "folder": None,
    "run_id": None,
    "epochs": None,
    "repetitions": {},
    "reason": None,
    "diverged": False,
    "failure": None,
    "owner": None,
    "deaths": 0,
    "retry_of": None,
    "is_enqueued": False,
    "params": {},
    "is_feasible": True,
}
ABSENT_IN_A_STUDY = {
    "metrics": [],
    "baseline": None,
    "max_epochs": None,
    "fingerprint": None,
    "results_of": None,
    "verdict": None,
    "run_id": None,
    "candidates": [],
    "baseline_trial": None,
}
USER_KEYS = [
    *("overrides", "code", "hydra.dir", "mlflow.run_id", "seconds", "epochs", "repetitions"),
    *("reason", "diverged", "fail_kind", "fail_exception", "fail_traceback", "fail_retried"),
]
SYSTEM_KEYS = [
    *("tunesmith:owner", "tunesmith:deaths", "failed_trial", "retry_history"),
    *("fixed_params", "constraints"),
]
STUDY_KEYS = [
    *("metric", "baseline", "max_epochs", "fingerprint", "results_of", "terminated"),
    *("mlflow.run_id", "candidates", "baseline_trial", "test-0"),
]
# Values of other types than ours: none of them may end a report or a worker.
FOREIGN = [
    None,
    True,
    -1.5,
    "text",
    "",
    [],
    [1, "a", None],
    [None],
    {},
    {"by": 1, "reason": []},
    {"config": 1, "space": {}, "proposals": {}},
    {"a": "b"},
]

# Trials are asked for one by one, without a loop that beats.
pytestmark = pytest.mark.filterwarnings("ignore:Heartbeat of storage")


@pytest.fixture
def study(tmp_path: Path) -> optuna.Study:
    return optuna.create_study(storage=open_storage(f"sqlite:///{tmp_path}/db"), study_name="s")


def read_again(study: optuna.Study) -> optuna.Study:
    url = str(study._storage._backend.engine.url)
    return optuna.load_study(study_name="s", storage=open_storage(url))


def properties(record: TrialRecord | StudyRecord) -> dict[str, Any]:
    names = ABSENT_IN_A_TRIAL if isinstance(record, TrialRecord) else ABSENT_IN_A_STUDY
    return {name: getattr(record, name) for name in names}


def trial_with(
    user: dict | None = None, system: dict | None = None, state: TrialState = TrialState.COMPLETE
) -> FrozenTrial:
    value = 1.0 if state == TrialState.COMPLETE else None
    return create_trial(state=state, value=value, user_attrs=user, system_attrs=system)


def test_a_trial_keeps_each_attribute_under_the_key_of_release_0_1_0(study: optuna.Study) -> None:
    trial = study.ask()
    TrialRecord.write(
        trial,
        overrides=["optimizer.lr=0.1"],
        code={"digits": "abc"},
        folder="trials/0",
        run_id="r",
        seconds=1.5,
        epochs=7,
        repetitions={"val/mse": [1.0, 2.0]},
        reason="why",
        diverged=True,
    )
    study.tell(trial, state=TrialState.PRUNED)
    [read] = read_again(study).trials
    assert read.user_attrs == {
        "overrides": ["optimizer.lr=0.1"],
        "code": {"digits": "abc"},
        "hydra.dir": "trials/0",
        "mlflow.run_id": "r",
        "seconds": 1.5,
        "epochs": 7,
        "repetitions": {"val/mse": [1.0, 2.0]},
        "reason": "why",
        "diverged": True,
    }
    record = TrialRecord.of(read)
    assert record.seconds == 1.5
    assert properties(record) == ABSENT_IN_A_TRIAL | {
        "overrides": ["optimizer.lr=0.1"],
        "code": {"digits": "abc"},
        "folder": Path("trials/0"),
        "run_id": "r",
        "epochs": 7,
        "repetitions": {"val/mse": [1.0, 2.0]},
        "reason": "why",
        "diverged": True,
        "owner": ProcessId.current(),
    }


def test_a_failure_is_kept_and_its_empty_parts_are_not(study: optuna.Study) -> None:
    whole = Failure(FailKind.DIED, "it died", "E: x", "Traceback ...", retried=True)
    for failure in (whole, Failure(FailKind.VALUE, "no number")):
        trial = study.ask()
        TrialRecord.write_failure(trial, failure)
        study.tell(trial, state=TrialState.FAIL)
    first, second = read_again(study).trials
    assert TrialRecord.of(first).failure == whole
    assert first.user_attrs == {
        "fail_kind": "died",
        "reason": "it died",
        "fail_exception": "E: x",
        "fail_traceback": "Traceback ...",
        "fail_retried": True,
    }
    assert second.user_attrs == {"fail_kind": "value", "reason": "no number"}


def test_a_failure_of_others_has_a_kind_and_a_reason() -> None:
    failure = TrialRecord.of(trial_with(state=TrialState.FAIL)).failure
    assert failure == Failure(FailKind.EXCEPTION, "failed without a reason")
    attrs = {
        key: ["odd"] for key in failure_attributes(Failure(FailKind.DIED, "x", "y", "z", True))
    }
    assert TrialRecord.of(trial_with(attrs, state=TrialState.FAIL)).failure == failure


def test_a_retry_inherits_the_point_and_nothing_that_the_attempt_left(study: optuna.Study) -> None:
    study.enqueue_trial({"x": 0.25})
    asked = study.ask()
    asked.suggest_float("x", 0, 1)
    asked.set_constraint("memory", 1.0)
    study.add_trial(successor_of(study.trials[0], deaths=2))
    _, retry = read_again(study).trials
    record = TrialRecord.of(retry)
    assert (record.retry_of, record.deaths, record.is_enqueued) == (0, 2, True)
    assert (record.owner, record.is_feasible) == (None, True)
    assert record.params == {"x": 0.25}


def test_a_trial_that_waits_has_the_params_it_was_queued_with(study: optuna.Study) -> None:
    study.enqueue_trial({"x": 0.5})
    [read] = read_again(study).trials
    assert (read.params, TrialRecord.of(read).params) == ({}, {"x": 0.5})


@pytest.mark.parametrize(
    ("reason", "mark", "diverged"),
    [
        # Release 0.1.0 wrote no mark.
        ("diverged: the training loss is inf at epoch 11", None, True),
        ("pruned at epoch 10: val/mse was 64.77", None, False),
        ("hopeless", None, False),
        ("diverged: my own words", False, False),
        ("the training loss is nan at epoch 3", True, True),
        (None, None, False),
        ("hopeless", "yes", False),
    ],
)
def test_a_fit_that_diverged_is_told_from_one_that_was_stopped(
    reason: str | None, mark: object, diverged: bool
) -> None:
    attrs = {key: v for key, v in (("reason", reason), ("diverged", mark)) if v is not None}
    assert TrialRecord.of(trial_with(attrs, state=TrialState.PRUNED)).diverged == diverged
    assert not TrialRecord.of(trial_with(attrs)).diverged


def test_a_trial_of_others_reads_whatever_lies_under_our_keys(study: optuna.Study) -> None:
    states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING)
    for value in FOREIGN:
        user, system = dict.fromkeys(USER_KEYS, value), dict.fromkeys(SYSTEM_KEYS, value)
        for state in states:
            study.add_trial(trial_with(user, system, state))
        study.add_trial(successor_of(study.trials[-1], deaths=1))
    for trial in read_again(study).trials:
        value, is_retry = FOREIGN[trial.number // 5], trial.number % 5 == 4
        record = TrialRecord.of(trial)
        text = value if isinstance(value, str) and not is_retry else None
        texts = {"commit": text, "run_id": text, "reason": text}
        found = properties(record)
        assert found | texts == found
        assert (found["epochs"], found["owner"]) == (None, None)
        assert found["deaths"] == (1 if is_retry else 0)
        own_seconds = -1.5 if value == -1.5 and not is_retry else None
        assert record.seconds in (own_seconds, None, 0.0)


def test_an_owner_of_others_is_nobody() -> None:
    for text in ('{"host": 1, "pid": 2, "started": 3}', "[1]", "{", '{"host": "a"}', "null"):
        assert TrialRecord.of(trial_with(system={"tunesmith:owner": text})).owner is None


@pytest.mark.parametrize("new_way", [False, True])
@pytest.mark.parametrize(("value", "feasible"), [(-1.0, True), (0.0, True), (0.5, False)])
def test_a_constraint_counts_whoever_set_it(
    study: optuna.Study, new_way: bool, value: float, feasible: bool
) -> None:
    if new_way:
        trial = study.ask()
        trial.set_constraint("memory", value)
        study.tell(trial, 1.0)
    else:
        study.add_trial(trial_with(system={"constraints": [-1.0, value]}))
    [read] = read_again(study).trials
    assert TrialRecord.of(read).is_feasible == feasible


def test_seconds_are_the_trials_own_account_or_from_start_to_end() -> None:
    end = datetime.now()
    times = {"datetime_start": end - timedelta(seconds=3), "datetime_complete": end}
    trial = FrozenTrial(
        **times, number=0, state=TrialState.COMPLETE, value=1.0, params={}, distributions={},
        user_attrs={}, system_attrs={}, intermediate_values={}, trial_id=0,
    )  # fmt: skip
    assert TrialRecord.of(trial).seconds == 3.0
    trial.user_attrs["seconds"] = 2
    assert TrialRecord.of(trial).seconds == 2.0


def test_a_study_keeps_each_attribute_under_the_key_of_release_0_1_0(study: optuna.Study) -> None:
    fingerprint: dict[str, Any] = {"config": {"seed": 1}, "space": {}, "proposals": {}}
    StudyRecord.write(
        study,
        metric="val/mse",
        baseline=0,
        max_epochs=100,
        fingerprint=fingerprint,
        results_of=3,
        run_id="r",
        candidates=[4, 0],
        baseline_trial=0,
    )
    StudyRecord.write_verdict(study, Verdict(by="rule", reason="why"))
    StudyRecord.write_test(study, 4, {"test/mse": 0.5})
    read = read_again(study)
    assert read.user_attrs == {
        "metric": "val/mse",
        "baseline": 0,
        "max_epochs": 100,
        "fingerprint": fingerprint,
        "results_of": 3,
        "mlflow.run_id": "r",
        "candidates": [4, 0],
        "baseline_trial": 0,
        "terminated": {"by": "rule", "reason": "why"},
        "test-4": {"test/mse": 0.5},
    }
    record = StudyRecord.of(read)
    assert properties(record) == {
        "metrics": ["val/mse"],
        "baseline": 0,
        "max_epochs": 100,
        "fingerprint": fingerprint,
        "results_of": 3,
        "verdict": Verdict("rule", "why"),
        "run_id": "r",
        "candidates": [4, 0],
        "baseline_trial": 0,
    }
    assert record.test_of(4) == {"test/mse": 0.5}
    assert record.test_of(5) is None


def test_a_study_names_one_metric_or_several(study: optuna.Study) -> None:
    StudyRecord.write(study, metric=["a", "b"])
    assert StudyRecord.of(read_again(study)).metrics == ["a", "b"]


def test_a_study_of_others_reads_whatever_lies_under_our_keys(study: optuna.Study) -> None:
    assert properties(StudyRecord.of(study)) == ABSENT_IN_A_STUDY
    for value in FOREIGN:
        for key in STUDY_KEYS:
            study.set_user_attr(key, value)
        record = StudyRecord.of(read_again(study))
        text = value if isinstance(value, str) else None
        texts = {"metrics": [text] if text else [], "run_id": text}
        assert properties(record) == ABSENT_IN_A_STUDY | texts
        numbers = set((record.test_of(0) or {}).values())
        assert numbers <= {1.0}


def test_memory_keeps_tuples_and_they_read_as_lists() -> None:
    study = optuna.create_study()
    StudyRecord.write(study, metric=("a", "b"), candidates=(1, 2))
    record = StudyRecord.of(study)
    assert (record.metrics, record.candidates) == (["a", "b"], [1, 2])


def test_reading_a_record_is_cheap() -> None:
    trials = [trial_with(system={"failed_trial": 0}) for _ in range(10_000)]
    started = time.perf_counter()
    assert all(TrialRecord.of(trial).retry_of == 0 for trial in trials)
    # About 10 ms here; all trials are read before each trial of a search.
    assert time.perf_counter() - started < 0.5


def test_no_other_module_of_the_package_names_a_key() -> None:
    folder = ROOT / "src" / "tunesmith" / "study"
    words = ("user_attrs", "system_attrs[", "system_attrs.get", "set_user_attr(", '_attr("')
    # This one hands attributes on, whatever their key.
    others = (path for path in folder.glob("*.py") if path.name != "_optuna.py")
    for path in others:
        text = path.read_text().replace("super().set_user_attr(key", "").replace("def set_user", "")
        assert not [word for word in words if word in text], path.name
