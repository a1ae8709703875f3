import threading
import time
from dataclasses import replace

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from tests.study.searches import bowl, in_state, new_study, start, wait_for
from tunesmith.process import ProcessId
from tunesmith.study import (
    StopReason,
    TrialRecord,
    is_finished,
    recover_dead_trials,
    run_worker,
    slots,
)

OWNER = "tunesmith:owner"


@pytest.fixture
def url(tmp_path) -> str:
    return f"sqlite:///{tmp_path}/db"


def dead_process() -> ProcessId:
    me = ProcessId.current()
    return replace(me, started=me.started - 1000)


def add_running(study: optuna.Study, owner: ProcessId | None, **kwargs) -> int:
    attrs = {} if owner is None else {OWNER: owner.to_str()}
    trial = create_trial(
        state=TrialState.RUNNING, system_attrs=attrs | kwargs.pop("system_attrs", {}), **kwargs
    )
    study.add_trial(trial)
    return study.trials[-1].number


def recover(study: optuna.Study, max_retries: int = 2) -> list[int]:
    return [t.number for t in recover_dead_trials(study, max_retries=max_retries)]


def test_a_trial_of_a_dead_process_is_failed_and_queued_again(url: str) -> None:
    study = new_study(url)
    x = optuna.distributions.FloatDistribution(0, 1)
    number = add_running(
        study,
        dead_process(),
        params={"x": 0.25},
        distributions={"x": x},
        user_attrs={"mlflow.run_id": "abc"},
        system_attrs={"cma:generation": 3, "completed_rung_0": 1.0, "fixed_params": {"x": 0.25}},
    )
    assert recover(study) == [number]
    failed, retry = study.trials
    failure = TrialRecord.of(failed).failure
    assert failure is not None
    assert failure.reason == f"process {dead_process().pid} died"
    assert failure.retried
    assert not failure.counts
    assert retry.state == TrialState.WAITING
    assert retry.params == {"x": 0.25}
    assert retry.user_attrs == {}
    assert retry.system_attrs == {
        "failed_trial": 0,
        "retry_history": [0],
        "cma:generation": 3,
        "fixed_params": {"x": 0.25},
        "tunesmith:deaths": 1,
    }
    assert recover(study) == []


def test_a_live_trial_and_one_of_another_host_are_left_alone(url: str) -> None:
    study = new_study(url)
    add_running(study, ProcessId.current())
    add_running(study, replace(dead_process(), host="elsewhere"))
    assert recover(study) == []
    assert len(in_state(study, TrialState.RUNNING)) == 2


@pytest.mark.parametrize("owner", [None, replace(dead_process(), host="elsewhere")])
def test_a_trial_that_never_gave_a_sign_of_life_is_dead_after_the_grace_period(
    url: str, owner: ProcessId | None
) -> None:
    study = new_study(url, heartbeat_interval=1, grace_period=1)
    add_running(study, owner)
    begun = time.monotonic()
    wait_for(lambda: recover(study) == [0], seconds=20)
    # The grace period, then two intervals under our eyes.
    assert time.monotonic() - begun > 2.5
    failure = TrialRecord.of(study.trials[0]).failure
    assert failure is not None
    assert "no sign of life" in failure.reason


def test_a_trial_whose_heartbeat_goes_on_is_not_dead(url: str) -> None:
    study = new_study(url, heartbeat_interval=1, grace_period=1)
    number = add_running(study, None)
    backend = study._storage._backend
    until = time.monotonic() + 4
    while time.monotonic() < until:
        backend.record_heartbeat(study.trials[number]._trial_id)
        assert recover(study) == []
        time.sleep(0.2)


def test_heartbeats_made_old_by_an_absent_database_are_given_time(url: str) -> None:
    study = new_study(url, heartbeat_interval=1, grace_period=1)
    add_running(study, None)
    trial_id = study.trials[0]._trial_id
    study._storage.record_heartbeat(trial_id)
    time.sleep(2.5)  # The database is away: nobody beats, nobody looks.
    assert recover(study) == []
    study._storage.record_heartbeat(trial_id)
    time.sleep(1.0)
    assert recover(study) == []


def test_a_slot_is_attempted_again_so_often_and_no_more(url: str) -> None:
    study = new_study(url)
    add_running(study, dead_process())
    for _ in range(2):
        assert len(recover(study)) == 1
        waiting = in_state(study, TrialState.WAITING)[0]
        study._storage.set_trial_state_values(waiting._trial_id, TrialState.RUNNING)
        study._storage.set_trial_system_attr(waiting._trial_id, OWNER, dead_process().to_str())
    assert len(recover(study)) == 1
    assert [t.state.name for t in study.trials] == ["FAIL"] * 3
    last = TrialRecord.of(study.trials[-1]).failure
    assert last is not None
    assert last.counts
    assert last.reason.endswith("died; attempted 3 times")
    assert study.trials[-1].system_attrs["retry_history"] == [0, 1]
    assert slots(study.trials) == {0: 0, 1: 0, 2: 0}


def test_of_many_that_recover_at_once_one_does(url: str) -> None:
    for _ in range(8):
        add_running(new_study(url), dead_process())
    barrier, recovered = threading.Barrier(4), []

    def run() -> None:
        study = new_study(url)
        barrier.wait()
        recovered.extend(recover(study))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(recovered) == list(range(8))
    assert len(in_state(new_study(url), TrialState.WAITING)) == 8


def die(trial: optuna.Trial) -> float:
    import os
    import signal

    trial.suggest_float("x", 0, 1)
    os.kill(os.getpid(), signal.SIGKILL)
    return 0.0


def test_a_killed_worker_costs_one_attempt(url: str) -> None:
    from tests.study.searches import work

    process = start(work, url, n_trials=1, objective=die)
    process.join()
    study = new_study(url)
    assert [t.state for t in study.trials] == [TrialState.RUNNING]
    assert run_worker(study, bowl, n_trials=2) == StopReason.FINISHED
    assert sum(map(is_finished, study.trials)) == 2
    assert study.trials[1].params["x"] == study.trials[0].params["x"]


def test_a_trial_that_this_process_left_does_not_make_it_wait_for_ever() -> None:
    study = new_study(None)
    study.ask()
    assert run_worker(study, bowl, n_trials=1) == StopReason.FINISHED
    assert [t.state.name for t in study.trials] == ["FAIL", "COMPLETE"]
