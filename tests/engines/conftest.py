"""An environment with the engines, and the engines themselves."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
