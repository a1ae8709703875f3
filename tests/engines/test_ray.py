"""Workers as tasks of a real Ray: a search is whole whatever becomes of its nodes."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engines.ray import Ray
from tests.engines.search import Search
from tests.environments.conftest import Installation

pytestmark = pytest.mark.slow

ON_RAY = ("hydra/launcher=ray_cluster", "hydra.sweeper.n_jobs=3")
Cluster = tuple[Search, Ray]


@pytest.fixture
def cluster(
    tmp_path: Path, engines: Installation, postgres_url: str
) -> Iterator[Callable[..., Cluster]]:
    """What makes a search whose workers are tasks of a Ray cluster."""
    # The path of a socket has at most 107 characters.
    folder = tempfile.mkdtemp(prefix="ray")
    known = {"OPTUNA_STORAGE": postgres_url, "OMP_NUM_THREADS": "1"}
    path = f"{engines.folder / 'bin'}:/usr/bin:/bin"
    ray = Ray(engines, Path(folder), variables={**known, "PATH": path})
    ray.start()
    yield lambda **options: (
        Search(tmp_path, engines, postgres_url, variables=ray.variables, **options),
        ray,
    )
    ray.stop()


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
    assert search.n_finished() == 30
    assert not search.at_work()


def test_the_command_may_die(cluster: Callable[..., Cluster]) -> None:
    search, _ = cluster(seconds=1)
    with search.started(*ON_RAY, n_trials=24) as command:
        search.until(3)
        command.kill()
    done = search.run(*ON_RAY, n_trials=24)
    assert done.returncode == 0, done.stdout + done.stderr
    assert search.n_finished() == 24
    assert not search.at_work()


def test_a_cluster_that_there_is_not_is_one_line(
    tmp_path: Path, engines: Installation, postgres_url: str
) -> None:
    search = Search(tmp_path, engines, postgres_url, variables={"RAY_AUTH_MODE": "disabled"})
    done = search.run(*ON_RAY, n_trials=4)
    assert done.returncode == 1
    assert "Could not find any running Ray" in done.stderr.splitlines()[-1]
