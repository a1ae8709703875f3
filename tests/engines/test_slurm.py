"""Workers as jobs of a real SLURM: a search is whole whatever becomes of its jobs."""

import signal
from collections.abc import Callable

import pytest

from tests.commands import row_of
from tests.engines.search import Search, wait_for
from tests.engines.slurm import Slurm

pytestmark = pytest.mark.slow

ON_SLURM = ("hydra/launcher=slurm", "hydra.sweeper.n_jobs=3")
MakeSearch = Callable[..., Search]


def test_a_worker_a_job_or_the_array_may_die(on_slurm: MakeSearch, slurm: Slurm) -> None:
    search = on_slurm()
    with search.started(*ON_SLURM, n_trials=36) as command:
        search.until(3)
        search.kill_a_worker()
        search.until(8)
        search.call("scancel", slurm.running()[0])
        search.until(14)
        search.call("scontrol", "requeue", slurm.running()[0])
        search.until(20)
        search.call("scancel", "-p", "main")
        out, err = command.communicate(timeout=240)
    assert command.returncode == 0, out + err
    assert "36 complete" in out
    search.assert_whole(36, died=1)


def test_a_node_is_lost(on_slurm: MakeSearch, slurm: Slurm) -> None:
    search = on_slurm()
    with search.started(*ON_SLURM, n_trials=30) as command:
        search.until(4)
        slurm.kill_node("n0")
        out, err = command.communicate(timeout=240)
    slurm.start_node("n0")
    slurm.await_idle()
    assert command.returncode == 0, out + err
    search.assert_whole(30, died=None)


def test_a_time_limit_comes_with_its_early_signal(on_slurm: MakeSearch, slurm: Slurm) -> None:
    # SLURM signals up to a minute early, and checks twice a minute.
    search = on_slurm(seconds=3)
    limit = ("hydra.launcher.timeout_min=2", "hydra.launcher.signal_delay_s=60")
    with search.started(*ON_SLURM, *limit, n_trials=60) as command:
        out, err = command.communicate(timeout=300)
    assert command.returncode == 0, out + err
    search.assert_whole(60)


def test_ctrl_c_hands_everything_back(on_slurm: MakeSearch, slurm: Slurm) -> None:
    search = on_slurm(seconds=2)
    with search.started(*ON_SLURM, n_trials=30) as command:
        search.until(3)
        command.send_signal(signal.SIGINT)
        out, _ = command.communicate(timeout=90)
    assert command.returncode == 130
    assert "run the same command to continue" in out
    wait_for(lambda: not slurm.jobs(), "empty queue")
    assert not search.at_work()
    finished = search.n_finished()
    done = search.run(*ON_SLURM, n_trials=finished + 2)
    assert done.returncode == 0, done.stdout + done.stderr
    search.assert_whole(finished + 2)


def test_workers_finish_without_the_command(on_slurm: MakeSearch, slurm: Slurm) -> None:
    search = on_slurm()
    with search.started(*ON_SLURM, n_trials=24) as command:
        search.until(3)
        command.kill()
    search.until(24)
    wait_for(lambda: not slurm.jobs(), "empty queue")
    done = search.run(*ON_SLURM, n_trials=24)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "24 complete" in done.stdout
    assert row_of(done.stdout, "report")
    search.assert_whole(24)


def test_a_partition_that_there_is_not_is_one_line(on_slurm: MakeSearch, slurm: Slurm) -> None:
    search = on_slurm()
    done = search.run(*ON_SLURM, "hydra.launcher.partition=none", n_trials=4)
    assert done.returncode == 1
    assert "Invalid partition name specified" in done.stderr.splitlines()[-1]
    assert not slurm.jobs()
