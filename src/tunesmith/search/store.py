"""Say where a study lies, and never a password: on the terminal, and in the search's folder."""

import os
from ipaddress import ip_address
from pathlib import Path

from omegaconf import OmegaConf
from sqlalchemy.engine import make_url

from tunesmith.passwords import hide_passwords, holds_password
from tunesmith.paths import SearchPaths, write_atomically

_FROM_ENVIRONMENT = "${oc.env:OPTUNA_STORAGE}"
# The modes in which PostgreSQL's own library insists on TLS.
_ENCRYPTING = ("require", "verify-ca", "verify-full")


def shown_storage(url: str | None) -> str | None:
    """Return the URL of a store as people may see it; None for one in memory."""
    return None if url is None else hide_passwords(url)


def unencrypted(url: str | None) -> str | None:
    """Return a warning if the study's PostgreSQL is another machine and TLS is not required."""
    if url is None or make_url(url).get_backend_name() != "postgresql":
        return None
    known = _connection(url)
    away = [host for host in known["host"].split(",") if not _is_here(host)]
    # Given the system's certificates, the library insists as well.
    is_safe = known["sslmode"] in _ENCRYPTING or known["sslrootcert"] == "system"
    if not away or is_safe:
        return None
    return (
        f"Warning: what goes to the study's database on {', '.join(away)} may not be encrypted "
        f"(sslmode={known['sslmode']}); add {'&' if '?' in url else '?'}sslmode=require to its "
        "URL, or type export PGSSLMODE=require."
    )


def _connection(url: str) -> dict[str, str]:
    """Return how PostgreSQL's library reads a URL: what it leaves out is in the environment."""
    from psycopg import pq  # here: it is there where a store is PostgreSQL

    parsed = make_url(url)
    known = {
        option.keyword.decode(): (option.val or b"").decode()
        for option in pq.Conninfo.get_defaults()
    }
    known |= {"host": parsed.host} if parsed.host else {}
    known |= {key: v if isinstance(v, str) else ",".join(v) for key, v in parsed.query.items()}
    return {**known, "host": known.get("hostaddr") or known["host"]}


def _is_here(host: str) -> bool:
    if host in ("", "localhost") or host.startswith(("/", "@")):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:  # It is a name.
        return False


def write_study_file(paths: SearchPaths, *, study_name: str, storage: str | None) -> None:
    """Write which study a search folder belongs to, and its store; nothing for one in memory."""
    if storage is None:
        return
    kept = {"study_name": study_name, "storage": _kept_storage(storage)}
    write_atomically(paths.study, OmegaConf.to_yaml(OmegaConf.create(kept)))


def _kept_storage(storage: str) -> str:
    if make_url(storage).get_backend_name() == "sqlite":
        return absolute_sqlite(storage)
    if holds_password(storage) or storage == os.environ.get("OPTUNA_STORAGE"):
        return _FROM_ENVIRONMENT
    return storage


def absolute_sqlite(storage: str) -> str:
    """Return a URL that holds in any folder, if it is one of SQLite; any other as it is."""
    url = make_url(storage)
    # A database `file:...` is a URI of SQLite's own.
    is_file = url.database and not url.database.startswith(("file:", ":memory:"))
    if url.get_backend_name() != "sqlite" or not is_file:
        return storage
    found = url.set(database=str(Path(str(url.database)).absolute()))
    return found.render_as_string(hide_password=False)
