"""Say where a study lies, and never a password: on the terminal, and in the search's folder."""

import os
from pathlib import Path

from omegaconf import OmegaConf
from sqlalchemy.engine import make_url

from tunesmith.passwords import hide_passwords, holds_password
from tunesmith.paths import SearchPaths, write_atomically

_FROM_ENVIRONMENT = "${oc.env:OPTUNA_STORAGE}"


def shown_storage(url: str | None) -> str | None:
    """Return the URL of a store as people may see it; None for one in memory."""
    return None if url is None else hide_passwords(url)


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
