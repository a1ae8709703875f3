"""An environment with the engines, and the engines themselves."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engines.ray import Ray
from tests.engines.search import Search
from tests.engines.slurm import Slurm
from tests.environments.conftest import Installation, new_installation, wheel

__all__ = ["new_installation", "wheel"]


@pytest.fixture(scope="session")
def engines(request: pytest.FixtureRequest) -> Installation:
    """What is installed on a cluster: the wheel with its launchers; `ENGINES` names another."""
    if (known := os.environ.get("ENGINES")) is not None:
        return Installation(Path(known))
    made = request.getfixturevalue("new_installation")
    file = request.getfixturevalue("wheel")
    launchers = ("hydra-joblib-launcher>=1.4.0rc3,<1.5", f"{file}[slurm,ray,mlflow,report]")
    installed: Installation = made(*launchers)
    return installed


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A SLURM of two nodes on this machine."""
    cluster = Slurm(tmp_path_factory.mktemp("slurm"))
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
def on_slurm(
    tmp_path: Path, engines: Installation, slurm: Slurm, postgres_url: str
) -> Iterator[Callable[..., Search]]:
    """What makes a search whose workers are jobs of SLURM."""
    yield lambda **options: Search(
        tmp_path, engines, postgres_url, variables=slurm.variables, **options
    )
    slurm.cancel_all()


Cluster = tuple[Search, Ray]


@pytest.fixture
def ray_for(engines: Installation) -> Iterator[Callable[[str], Ray]]:
    """What starts a Ray cluster whose tasks find the study at a URL."""
    started = []

    def start(url: str) -> Ray:
        # The path of a socket has at most 107 characters.
        folder = Path(tempfile.mkdtemp(prefix="ray"))
        known = {"OPTUNA_STORAGE": url, "OMP_NUM_THREADS": "1"}
        path = f"{engines.folder / 'bin'}:/usr/bin:/bin"
        ray = Ray(engines, folder, variables={**known, "PATH": path})
        started.append(ray)
        ray.start()
        return ray

    yield start
    for ray in started:
        ray.stop()


@pytest.fixture
def cluster(
    tmp_path: Path, engines: Installation, ray_for: Callable[[str], Ray], postgres_url: str
) -> Callable[..., Cluster]:
    """What makes a search whose workers are tasks of a Ray cluster."""

    def make(**options: float) -> Cluster:
        ray = ray_for(postgres_url)
        return Search(tmp_path, engines, postgres_url, variables=ray.variables, **options), ray

    return make
