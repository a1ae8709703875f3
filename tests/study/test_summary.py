import time
from datetime import datetime, timedelta

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from tests.study.searches import bowl, new_study
from tunesmith.process import ProcessId
from tunesmith.study import (
    FailKind,
    Failure,
    StudyRecord,
    complete,
    deviation_of,
    finished,
    leaders,
    metric_names,
    n_finished,
    run_worker,
    shown,
    summarize,
    trial_numbered,
)
from tunesmith.study.record import OWNER_KEY, failure_attributes

INF = float("inf")


def add(study: optuna.Study, *values: float, state: TrialState = TrialState.COMPLETE, **kw) -> None:
    study.add_trial(create_trial(state=state, values=list(values) or None, **kw))


def add_failed(study: optuna.Study, kind: FailKind, *, retried: bool = False) -> None:
    attrs = failure_attributes(Failure(kind, "why", retried=retried))
    add(study, state=TrialState.FAIL, user_attrs=attrs)


def test_one_summary_counts_what_is_finished_pruned_and_failed() -> None:
    study = optuna.create_study()
    add(study, 3.0)
    add(study, state=TrialState.PRUNED)
    add(study, state=TrialState.PRUNED)
    add(study, state=TrialState.RUNNING)
    add(study, state=TrialState.WAITING)
    add(study, state=TrialState.FAIL)
    for kind in FailKind:
        add_failed(study, kind)
    add_failed(study, FailKind.DIED, retried=True)
    summary = summarize(study)
    # Surplus and interrupted ones, and one that is attempted again, failed for nobody.
    assert (summary.n_finished, summary.n_pruned, summary.n_failed) == (3, 2, 5)
    assert summary.states == {"running": 1, "waiting": 1, "complete": 1, "pruned": 2, "fail": 5}
    assert n_finished(study) == len(finished(study)) == 3
    assert len(shown(study)) == len(study.trials) - 3


def test_a_study_without_trials_has_a_summary() -> None:
    summary = summarize(optuna.create_study())
    assert (summary.n_finished, summary.n_pruned, summary.n_failed) == (0, 0, 0)
    assert (summary.best, summary.baseline, summary.gain, summary.epochs_spent) == (None,) * 4


def worked(process: int | None, start: float, end: float) -> FrozenTrial:
    """A trial from second `start` to `end`, of a process of ours or of others."""
    noon = datetime(2026, 1, 1, 12)
    owner = ProcessId("here", process, 0.0).to_str() if process else None
    trial = create_trial(value=1.0, system_attrs={OWNER_KEY: owner} if owner else {})
    trial.datetime_start = noon + timedelta(seconds=start)
    trial.datetime_complete = noon + timedelta(seconds=end)
    return trial


@pytest.mark.parametrize(
    ("trials", "seconds"),
    [
        ([(1, 0, 2), (1, 3, 4)], 4),
        ([(1, 0, 2), (1, 3, 4), (2, 3000, 3001)], 5),
        ([(1, 0, 10), (2, 1, 5), (2, 6, 12)], 12),
        ([(None, 0, 2), (None, 50, 51), (1, 100, 101)], 4),
    ],
    ids=["between trials", "two commands", "two workers", "others"],
)
def test_the_pause_between_two_commands_is_no_time_at_work(
    trials: list[tuple[int | None, float, float]], seconds: float
) -> None:
    study = optuna.create_study()
    study.add_trials([worked(*times) for times in trials])
    assert summarize(study).wall_seconds == seconds


@pytest.mark.parametrize(("direction", "best"), [("minimize", 3), ("maximize", 2)])
def test_the_best_trial_is_finite_feasible_and_the_first_of_equals(
    direction: str, best: int
) -> None:
    study = optuna.create_study(direction=direction)
    for value in (INF, -INF, 5.0, 1.0, 1.0, 5.0):
        add(study, value)
    add(study, 0.0, system_attrs={"constraints": [0.5]})
    add(study, 9.0, system_attrs={"constraints:memory": 0.5})
    assert [t.number for t in complete(study)] == [2, 3, 4, 5]
    assert leaders(study)[0].number == best
    found = summarize(study).best
    assert found is not None
    assert found.number == best


def test_the_pareto_front_is_made_of_finite_feasible_trials() -> None:
    study = optuna.create_study(directions=["minimize", "maximize"])
    for values in ((-INF, 9.0), (1.0, 5.0), (2.0, 4.0), (0.5, 1.0)):
        add(study, *values)
    add(study, 0.0, 99.0, system_attrs={"constraints": [1.0]})
    summary = summarize(study)
    assert [t.number for t in summary.front] == [3, 1]
    assert (summary.best, summary.baseline) == (None, None)


def test_the_baseline_is_its_last_attempt() -> None:
    study = optuna.create_study()
    StudyRecord.write(study, baseline=0)
    add_failed(study, FailKind.DIED, retried=True)
    add(study, 2.0)
    add(study, 4.0, system_attrs={"failed_trial": 0})
    summary = summarize(study)
    assert summary.baseline is not None
    assert (summary.baseline.number, summary.gain) == (2, 2.0)


def test_epochs_of_others_are_not_added_up() -> None:
    study = optuna.create_study()
    StudyRecord.write(study, max_epochs=10)
    for epochs in (10, "many", [3], None):
        add(study, 1.0, user_attrs={"epochs": epochs})
    add(study, state=TrialState.PRUNED, user_attrs={"epochs": 4})
    summary = summarize(study)
    assert (summary.epochs_spent, summary.epochs_saved) == (14, 6)


def test_a_deviation_takes_repetitions_that_are_numbers() -> None:
    for found, expected in (([1.0, 3.0], 2**0.5), ([1.0], None), (["a", "b"], None), (7, None)):
        trial = create_trial(value=1.0, user_attrs={"repetitions": {"val/mse": found}})
        assert deviation_of(trial, "val/mse") == (expected and pytest.approx(expected))


def test_metrics_are_named_by_us_by_optuna_or_not_at_all() -> None:
    study = optuna.create_study()
    assert metric_names(study) == ["value"]
    StudyRecord.write(study, metric="val/mse")
    assert metric_names(study) == ["val/mse"]
    several = optuna.create_study(directions=["minimize", "minimize"])
    StudyRecord.write(several, metric="one name for two")
    assert metric_names(several) == ["value 1", "value 2"]


def test_one_trial_is_read_without_copying_all(tmp_path) -> None:
    study = new_study(f"sqlite:///{tmp_path}/db")
    x = FloatDistribution(0, 1)
    study.add_trials(
        create_trial(value=n / 300, params={"x": n / 300}, distributions={"x": x})
        for n in range(300)
    )
    assert trial_numbered(study, 7).params == {"x": 7 / 300}
    with pytest.raises(IndexError):
        trial_numbered(study, 300)

    def seconds(read) -> float:
        started = time.perf_counter()
        for _ in range(5):
            read()
        return time.perf_counter() - started

    assert 2 * seconds(lambda: trial_numbered(study, 7)) < seconds(lambda: study.trials[7])


def test_a_search_is_summed_up_as_it_ran() -> None:
    study = new_study(None, pruner=optuna.pruners.MedianPruner(n_startup_trials=3))
    run_worker(study, bowl, n_trials=12)
    summary = summarize(study)
    assert summary.n_finished == 12
    assert summary.n_pruned == sum(t.state == TrialState.PRUNED for t in study.trials) > 0
    assert summary.best == study.best_trial
