"""No engine writes the password of the study's store into a file of its own, or of the search."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.engines.ray import Ray
from tests.engines.search import Search
from tests.engines.slurm import Slurm
from tests.environments.conftest import Installation
from tests.postgres import PostgresServer

pytestmark = pytest.mark.slow

SECRET = "c{a%40n:ary"


@pytest.fixture
def url(postgres_server: PostgresServer, postgres_url: str) -> str:
    """Return a URL with a password, which the server asks for."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS canary")
        connection.execute(f"CREATE ROLE canary SUPERUSER LOGIN PASSWORD '{SECRET}'")
    postgres_server.require_password("canary")
    place = make_url(postgres_url).set(username="canary", password=SECRET)
    return place.set(drivername="postgresql").render_as_string(hide_password=False)


def assert_unwritten(*folders: Path) -> None:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 20
    for secret in (SECRET, quote(SECRET, safe=""), quote(SECRET, safe=":")):
        assert [path for path in files if secret.encode() in path.read_bytes()] == []


def search_by(launcher: str, search: Search) -> None:
    done = search.run(f"hydra/launcher={launcher}", "hydra.sweeper.n_jobs=2", n_trials=4)
    assert done.returncode == 0, done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    search.assert_whole(4)


@pytest.mark.parametrize("launcher", ["submitit_local", "joblib"])
def test_launchers_of_this_machine(
    tmp_path: Path, engines: Installation, url: str, launcher: str
) -> None:
    search_by(launcher, Search(tmp_path, engines, url))
    assert_unwritten(tmp_path)


def test_slurm(tmp_path: Path, engines: Installation, slurm: Slurm, url: str) -> None:
    search_by("slurm", Search(tmp_path, engines, url, variables=slurm.variables))
    # What SLURM keeps of a job's environment, only its own user reads.
    assert_unwritten(tmp_path)


def test_ray(
    tmp_path: Path, engines: Installation, ray_for: Callable[[str], Ray], url: str
) -> None:
    ray = ray_for(url)
    search_by("ray_cluster", Search(tmp_path, engines, url, variables=ray.variables))
    assert_unwritten(tmp_path, ray.folder)
