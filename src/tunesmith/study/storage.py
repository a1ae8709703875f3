"""Open the database that a search lives in, safely for many processes at once.

A process that is frozen in the middle of a transaction holds up the others: on PostgreSQL for a
minute, on SQLite until it goes on.
"""

import importlib.util
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy
from filelock import FileLock
from optuna.storages import BaseStorage, InMemoryStorage
from sqlalchemy import event, exc

from tunesmith.extras import install_extra
from tunesmith.full_disk import DiskFull, full_disk
from tunesmith.passwords import hide_passwords
from tunesmith.places import no_database
from tunesmith.study._database import Database, is_reading
from tunesmith.study.class_warnings import suppress_class_warnings
from tunesmith.study.retry import Retry, one_line

_BUSY_TIMEOUT_S = 60
# Any number, the same in all processes: whoever holds it creates the schema.
_ADVISORY_LOCK = 0x74756E65
_POSTGRESQL = "postgresql+psycopg"
# What the tables' owner has to do first, by what the database says.
_OWNERS_PART = {
    "permission denied for schema": "makes the tables: python -m tunesmith.storage init",
    "permission denied for": "gives the rights: python -m tunesmith.storage grants ROLE | psql",
}
_FILE = "sqlite:///path/to/file.db"
_EXPECTED = f"{_FILE} or postgresql://user:password@host/database"


def open_storage(
    url: str | None,
    *,
    heartbeat_interval: int = 5,
    grace_period: int = 60,
    retry_s: float = 120.0,
    opening_retry_s: float = 0.0,
) -> BaseStorage:
    """Open the database at a URL, and create it if it is absent; any number of processes may.

    Args:
        url: `sqlite:///path`, `postgresql://user:password@host/name` (psycopg 3), or None, which
            keeps the trials in the memory of this process.
        heartbeat_interval: Seconds between two heartbeats of a running trial.
        grace_period: Seconds without a heartbeat after which a running trial counts as dead.
        retry_s: Seconds for which each later call is repeated while the database is away.
        opening_retry_s: Seconds for which this call is repeated; 0 refuses a mistyped URL at once.

    Raises:
        ValueError: The text is no such URL, or the driver for PostgreSQL is not installed.
        ConnectionError: The database cannot be opened; the message hides the password.
        DiskFull: An OSError: no space is left for the database.

    >>> storage = open_storage(None)
    >>> type(storage).__name__
    'InMemoryStorage'

    """
    if url is None:
        return InMemoryStorage()
    parsed = _parse(url)
    shown = _shown(parsed)

    def build() -> Database:
        # Heartbeats are experimental to Optuna.
        with _creation_lock(parsed), suppress_class_warnings():
            return Database(
                parsed,
                engine_kwargs=_engine_kwargs(parsed),
                heartbeat_interval=heartbeat_interval,
                grace_period=grace_period,
                # A pause longer than a heartbeat would let a healthy trial look dead.
                retry=Retry(retry_s, longest_pause_s=float(heartbeat_interval)),
                configure=_begin_immediate if _is_sqlite(parsed) else _leave,
            )

    with _one_line_errors(shown):
        return Retry(opening_retry_s, longest_pause_s=1.0).call(build, database=shown)


def check_storage_url(url: str) -> None:
    """Raise what `open_storage` raises for a URL, without connecting to the database.

    Raises:
        ValueError: As `open_storage`.

    """
    _parse(url)


def create_schema(url: str) -> bool:
    """Create Optuna's tables in the database at a URL; return False if they were there.

    Raises:
        ValueError: As `open_storage`.
        ConnectionError: As `open_storage`.

    """
    parsed = _parse(url)
    file = Path(parsed.database or "") if _is_sqlite(parsed) else None
    was_there = False
    if file is None or file.is_file():
        kwargs = _engine_kwargs(parsed)
        engine = sqlalchemy.create_engine(parsed, poolclass=sqlalchemy.NullPool, **kwargs)
        with _one_line_errors(_shown(parsed)):
            was_there = sqlalchemy.inspect(engine).has_table("version_info")
    open_storage(url)
    return not was_there


def grants_of(role: str) -> list[str]:
    """Return the SQL by which the owner of the tables lets a PostgreSQL role run searches.

    >>> grants_of("worker")[0]
    'GRANT USAGE ON SCHEMA public TO "worker";'

    """
    name = '"' + role.replace('"', '""') + '"'
    rights = ("USAGE ON SCHEMA", "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA")
    return [
        f"GRANT {right} public TO {name};"
        for right in (*rights, "USAGE ON ALL SEQUENCES IN SCHEMA")
    ]


def _shown(url: sqlalchemy.URL) -> str:
    return hide_passwords(url.render_as_string(hide_password=True))


@contextmanager
def _one_line_errors(shown: str) -> Iterator[None]:
    try:
        yield
    except DiskFull:
        raise
    except (exc.SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        said = one_line(error)
        owners = next((do for denied, do in _OWNERS_PART.items() if denied in said), None)
        way_out = f"; the database's owner {owners}" if owners else ""
        raise ConnectionError(f"cannot open {shown}: {said}{way_out}") from None
    except (sqlite3.Error, OSError, RuntimeError) as error:
        if (full := full_disk(error, place=shown.removeprefix("sqlite:///"))) is not None:
            raise full from None
        # RuntimeError: the schema is of another Optuna version, and the message says what to run.
        raise ConnectionError(f"cannot open {shown}: {error}") from None


def _parse(url: str) -> sqlalchemy.URL:
    try:
        parsed = sqlalchemy.make_url(url)
    except (exc.ArgumentError, ValueError):
        # The text itself may hold a password.
        raise ValueError(f"the storage is not a database URL; try {_EXPECTED}") from None
    if _is_sqlite(parsed):
        if parsed.database in (None, "", ":memory:"):
            raise ValueError(f"{url} names no file; try {_FILE}, or storage=memory")
        return parsed
    parsed = with_driver(parsed)
    if parsed.drivername == _POSTGRESQL:
        if importlib.util.find_spec("psycopg") is None:
            raise ValueError(
                "PostgreSQL needs the package psycopg, which is not installed; "
                f"type {install_extra('postgresql')}"
            )
        return parsed
    raise ValueError(
        f"a storage of the kind {parsed.drivername!r} is not supported; try {_EXPECTED}"
    )


def with_driver(url: sqlalchemy.URL) -> sqlalchemy.URL:
    """Return a SQLAlchemy URL with psycopg 3 as driver if it is one of PostgreSQL without a driver.

    >>> with_driver(sqlalchemy.make_url("postgresql://localhost/studies")).drivername
    'postgresql+psycopg'

    """
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername=_POSTGRESQL)
    return url


def _is_sqlite(url: sqlalchemy.URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _engine_kwargs(url: sqlalchemy.URL) -> dict[str, Any]:
    if _is_sqlite(url):
        return {"connect_args": {"timeout": _BUSY_TIMEOUT_S}}
    typed = url.query.get("options", "")
    options = f"{typed} -c idle_in_transaction_session_timeout={_BUSY_TIMEOUT_S}s"
    # A network that swallows packets is noticed in a minute, not in hours.
    timeouts = {"connect_timeout": 10, "keepalives_idle": 30, "tcp_user_timeout": 60_000}
    return {"pool_pre_ping": True, "connect_args": {"options": options, **timeouts}}


@contextmanager
def _creation_lock(url: sqlalchemy.URL) -> Iterator[None]:
    """Let one process at a time look whether there is a schema and create it."""
    if _is_sqlite(url):
        assert url.database is not None
        path = Path(url.database)
        if (problem := no_database(path)) is not None:
            raise FileExistsError(f"{problem}; try {_FILE}")
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=_BUSY_TIMEOUT_S):
            with closing(sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
            yield
        return
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        connection.execute(sqlalchemy.select(sqlalchemy.func.pg_advisory_lock(_ADVISORY_LOCK)))
        # Closing the connection lets go of the lock.
        yield


def _begin_immediate(engine: sqlalchemy.Engine) -> None:
    """Start each transaction that may write as a writing one: SQLite ignores FOR UPDATE.

    Otherwise two workers read the same queued trial and both claim it. Whoever reads needs no lock.
    """

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # The driver begins transactions on its own, and late, unless told not to.
        connection.isolation_level = None
        connection.execute("PRAGMA synchronous=NORMAL")

    @event.listens_for(engine, "begin")
    def begin(connection: sqlalchemy.Connection) -> None:
        connection.exec_driver_sql("BEGIN" if is_reading() else "BEGIN IMMEDIATE")

    # Connections from before the listeners go.
    engine.dispose()


def _leave(engine: sqlalchemy.Engine) -> None:
    """Do nothing: PostgreSQL locks rows by itself."""
