"""Workers that a launcher runs on this machine share a SQLite file, and may die."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.engines.search import Search
from tests.environments.conftest import Installation

pytestmark = pytest.mark.slow


@pytest.fixture
def search(tmp_path: Path, engines: Installation) -> Search:
    return Search(tmp_path, engines, f"sqlite:///{tmp_path}/outputs/optuna.db")


@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_a_worker_that_is_killed_is_replaced_where_it_ran(search: Search, launcher: str) -> None:
    chosen = (f"hydra/launcher={launcher}", "hydra.sweeper.n_jobs=2")
    with search.started(*chosen, n_trials=20) as command:
        search.until(3)
        search.kill_a_worker()
        out, err = command.communicate(timeout=120)
    assert command.returncode == 0, out + err
    assert "of 2 workers at work" in out
    search.assert_whole(20, died=1)


def test_a_job_that_is_killed_leaves_a_worker_that_hands_its_trial_back(search: Search) -> None:
    chosen = ("hydra/launcher=submitit_local", "hydra.sweeper.n_jobs=2")
    with search.started(*chosen, n_trials=30) as command:
        search.until(3)
        worker = psutil.Process(search.at_work()[0])
        job = worker.parent()
        assert job is not None
        os.kill(job.pid, signal.SIGKILL)
        out, err = command.communicate(timeout=120)
    assert command.returncode == 0, out + err
    search.assert_whole(30)


def test_the_same_command_continues_by_another_launcher(search: Search) -> None:
    done = search.run("hydra/launcher=submitit_local", "hydra.sweeper.n_jobs=2", n_trials=4)
    assert done.returncode == 0, done.stdout + done.stderr
    done = search.run("hydra.sweeper.n_jobs=2", n_trials=8)
    assert done.returncode == 0, done.stdout + done.stderr
    search.assert_whole(8)
