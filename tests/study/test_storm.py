"""Everything goes wrong at once: killed and frozen workers, and a database that goes away."""

import os
import random
import signal
import time
from functools import partial

import optuna
import pytest
from optuna.trial import TrialState

from tests.postgres import PostgresServer
from tests.study.searches import (
    assert_same,
    bowl,
    in_state,
    new_study,
    slow_bowl,
    start,
    wait_for,
    work,
    workers,
)
from tunesmith.study import TrialRecord, is_finished, run_worker, slots

pytestmark = pytest.mark.slow


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/db"
    return request.getfixturevalue("postgres_url")


def assert_ended_well(study: optuna.Study, *, n_trials: int) -> None:
    trials = study.get_trials(deepcopy=False)
    finished = [t for t in trials if is_finished(t)]
    assert len(finished) == n_trials
    assert not in_state(study, TrialState.RUNNING)
    found = slots(trials)
    assert len({found[t.number] for t in finished}) == n_trials
    assert len({t.params["x"] for t in finished}) == n_trials
    assert all(TrialRecord.of(t).failure is not None for t in trials if t.state == TrialState.FAIL)


def test_workers_that_are_killed_all_the_time_finish_exactly(url: str) -> None:
    dice = random.Random(7)
    begin = partial(
        start,
        work,
        url,
        n_trials=200,
        objective=partial(slow_bowl, pause=0.05),
        sampler="tpe",
        max_retries=20,
    )
    study = new_study(url)
    crew = [begin() for _ in range(4)]
    kills = 0
    while any(process.exitcode != 0 for process in crew):
        time.sleep(dice.uniform(1.0, 3.0))
        if sum(map(is_finished, study.get_trials(deepcopy=False))) < 190:
            dice.choice(crew).kill()
            kills += 1
        for place, process in enumerate(crew):
            if process.exitcode not in (None, 0):
                assert process.exitcode == -signal.SIGKILL
                crew[place] = begin()
    print(f"{kills} kills, {len(study.trials)} attempts for 200 trials")
    assert kills >= 5
    assert_ended_well(study, n_trials=200)


def test_postgresql_is_away_for_ten_seconds(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    study = new_study(postgres_url)
    settings = {"heartbeat_interval": 1, "grace_period": 5}
    objective = partial(slow_bowl, pause=0.5)
    with workers(2, postgres_url, n_trials=30, objective=objective, storage=settings) as processes:
        wait_for(lambda: len(in_state(study, TrialState.COMPLETE)) >= 5)
        postgres_server.stop()
        time.sleep(10)
        postgres_server.start()
        for process in processes:
            process.join()
            assert process.exitcode == 0
    assert_ended_well(study, n_trials=30)
    assert len(study.trials) <= 31


def test_a_frozen_worker_that_wakes_up_counts_once(url: str) -> None:
    settings = {"heartbeat_interval": 1, "grace_period": 3}
    study = new_study(url, **settings)
    objective = partial(slow_bowl, pause=4.0)
    with workers(1, url, n_trials=2, objective=objective, storage=settings) as (frozen,):
        wait_for(lambda: bool(in_state(study, TrialState.RUNNING)))
        # It sleeps in its objective, between two heartbeats: frozen in a transaction it would hold
        # a lock.
        time.sleep(1.5)
        os.kill(frozen.pid, signal.SIGSTOP)
        assert run_worker(study, bowl, n_trials=2) == "finished"
        os.kill(frozen.pid, signal.SIGCONT)
        frozen.join()
        assert frozen.exitcode == 0
    assert_ended_well(study, n_trials=2)
    assert TrialRecord.of(study.trials[0]).failure.kind == "died"


def test_a_search_without_a_database_for_too_long_says_so(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    study = new_study(postgres_url, retry_s=1)
    try:
        with pytest.raises(ConnectionError, match="did not answer for 1 s"):
            run_worker(study, lambda _: postgres_server.stop() or 1.0, n_trials=1)
    finally:
        postgres_server.start()


@pytest.mark.parametrize("kind", ["tpe", "random", "gp", "nsgaii", "cmaes"])
def test_a_worker_that_is_killed_for_real_goes_on_as_if_it_never_was(kind: str, tmp_path) -> None:
    dice = random.Random(kind)
    url = f"sqlite:///{tmp_path}/killed"
    search = partial(work, n_trials=15, sampler=kind, max_retries=20)
    study = new_study(url)
    kills = 0
    while (done := sum(map(is_finished, study.get_trials(deepcopy=False)))) < 15:
        process = start(search, url, objective=partial(slow_bowl, pause=0.02))
        wait_for(lambda done=done: sum(map(is_finished, study.trials)) > done)
        time.sleep(dice.uniform(0, 0.15))
        process.kill()
        process.join()
        kills += 1
    search(f"sqlite:///{tmp_path}/whole")
    assert kills >= 3
    assert_same(url, f"sqlite:///{tmp_path}/whole", n_trials=15)
