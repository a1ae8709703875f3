"""Workers as tasks of a real Ray: a search is whole whatever becomes of its nodes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engines.conftest import Cluster
from tests.engines.search import Search
from tests.environments.conftest import Installation

pytestmark = pytest.mark.slow

ON_RAY = ("hydra/launcher=ray_cluster", "hydra.sweeper.n_jobs=3")


def test_a_worker_or_a_node_may_die(cluster: Callable[..., Cluster]) -> None:
    search, ray = cluster()
    with search.started(*ON_RAY, n_trials=30) as command:
        search.until(3)
        search.kill_a_worker()
        search.until(8)
        ray.kill_node()
        search.until(16)
        ray.start_node()
        out, err = command.communicate(timeout=240)
    assert command.returncode == 0, out + err
    assert "30 complete" in out
    # The killed worker's trial, and those that the node had.
    search.assert_whole(30, died=None)


def test_the_command_may_die(cluster: Callable[..., Cluster]) -> None:
    search, _ = cluster(seconds=1)
    with search.started(*ON_RAY, n_trials=24) as command:
        search.until(3)
        command.kill()
    done = search.run(*ON_RAY, n_trials=24)
    assert done.returncode == 0, done.stdout + done.stderr
    search.assert_whole(24, died=None)


def test_a_cluster_that_there_is_not_is_one_line(
    tmp_path: Path, engines: Installation, postgres_url: str
) -> None:
    search = Search(tmp_path, engines, postgres_url, variables={"RAY_AUTH_MODE": "disabled"})
    done = search.run(*ON_RAY, n_trials=4)
    assert done.returncode == 1
    assert "Could not find any running Ray" in done.stderr.splitlines()[-1]
