"""Find and open a study for reading: nothing is created, every mistake is one clear line."""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import optuna
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from sqlalchemy import URL, NullPool, create_engine, inspect, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from tunesmith.errors import nearest
from tunesmith.passwords import hide_passwords
from tunesmith.paths import SearchPaths
from tunesmith.study import with_driver

_STORE_TABLES = {"studies", "trials", "version_info"}
_VARIABLE = "OPTUNA_STORAGE"


def load_search(folder: Path) -> optuna.Study:
    """Open the study of a search's folder, `<output root>/searches/<study name>`, for reading.

    Args:
        folder: The folder, which may have been moved together with its output root.

    Raises:
        ValueError: There is no such folder, or its store or study cannot be found.

    >>> load_search(Path("outputs/searches/quadratic-95ad56a1"))

    """
    return load_study(storage_of(folder), name=_study_name(folder))


def storage_of(folder: Path) -> str:
    """Return the URL of the store that holds the study of a search's folder.

    The folder keeps the URL, or says that the environment variable OPTUNA_STORAGE holds it. One of
    release 0.1.0 keeps neither: its study is in the SQLite file of its output root, or else in the
    store of that variable. The URL may hold a password.

    Args:
        folder: The folder, `<output root>/searches/<study name>`.

    Raises:
        ValueError: There is no such folder, or no store is found.

    """
    if folder.is_file():
        raise ValueError(f"{folder} is a file; name the folder that it lies in, {folder.parent}")
    if not folder.is_dir():
        raise ValueError(f"no search folder {folder}{_hint(folder.name, _siblings(folder))}")
    paths = SearchPaths(folder)
    if others := _searches_around(folder):
        raise ValueError(f"{folder} is no search folder; try {', '.join(map(str, others[:3]))}")
    stated = _stated(paths)
    if stated is None:
        is_here = _has_study(paths.sqlite, _study_name(folder))
        if is_here or (paths.sqlite.is_file() and not os.environ.get(_VARIABLE)):
            return _sqlite_url(paths.sqlite)
        return _named_by_environment(folder)
    if stated.startswith("${"):
        return _named_by_environment(folder)
    # The file is gone where the folder was moved together with its output root.
    if _is_gone(stated) and _has_study(paths.sqlite, _study_name(folder)):
        return _sqlite_url(paths.sqlite)
    return stated


def load_study(url: str, *, name: str) -> optuna.Study:
    """Open a study of any Optuna database for reading; nothing is created or upgraded.

    Args:
        url: The URL of the database.
        name: The name of the study in it.

    Raises:
        ValueError: There is no such database, or no such study in it.

    >>> load_study("sqlite:///outputs/optuna.db", name="quadratic-95ad56a1")

    """
    engine_url = _checked(url)
    storage = optuna.storages.RDBStorage(
        engine_url,
        # No connection is left open.
        engine_kwargs={"poolclass": NullPool},
        skip_table_creation=True,
        skip_compatibility_check=True,
    )
    names = optuna.get_all_study_names(storage)
    if name not in names:
        raise ValueError(f"no study {name!r} in {hide_passwords(url)}{_hint(name, names)}")
    return optuna.load_study(study_name=name, storage=storage)


def _searches_around(folder: Path) -> list[Path]:
    """Return the search that a folder lies in, or those that lie in it; none if it is one."""
    if SearchPaths(folder).study.is_file():
        return []
    around = [parent for parent in folder.parents if SearchPaths(parent).study.is_file()]
    name = SearchPaths(folder).study.name
    below = (file.parent for depth in ("*", "*/*") for file in folder.glob(f"{depth}/{name}"))
    return around[:1] or sorted(below)


def _note(paths: SearchPaths, key: str) -> str | None:
    """Return what the folder says of its own study, not yet resolved."""
    if not paths.study.is_file():
        return None
    try:
        notes = OmegaConf.to_container(OmegaConf.load(paths.study), resolve=False)
    except (OmegaConfBaseException, OSError) as error:
        raise ValueError(f"cannot read {paths.study}: {_first_line(error)}") from error
    found = notes.get(key) if isinstance(notes, dict) else None
    return None if found is None else str(found)


def _stated(paths: SearchPaths) -> str | None:
    return _note(paths, "storage")


def _study_name(folder: Path) -> str:
    return _note(SearchPaths(folder), "study_name") or folder.resolve().name


def _named_by_environment(folder: Path) -> str:
    url = os.environ.get(_VARIABLE)
    if not url:
        raise ValueError(
            f"the study of {folder} is not in the SQLite file of its output root; type "
            f"export {_VARIABLE}=URL with the URL of its store"
        )
    return url


def _has_study(database: Path, name: str) -> bool:
    if not database.is_file():
        return False
    try:
        load_study(_sqlite_url(database), name=name)
    except ValueError:
        return False
    return True


def _sqlite_url(database: Path) -> str:
    return f"sqlite:///{database}"


def _is_gone(url: str) -> bool:
    try:
        database = _sqlite_file(make_url(url))
    except ArgumentError:  # `load_study` refuses it.
        return False
    return database is not None and not database.is_file()


def _sqlite_file(url: URL) -> Path | None:
    """Return the file of an SQLite store, without what a URL may say besides; else None."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    # `file:...` is a URI of SQLite's own.
    is_uri = url.database.startswith("file:")
    return Path(unquote(urlsplit(url.database).path) if is_uri else url.database)


def _siblings(folder: Path) -> list[str]:
    parent = folder.parent
    return [p.name for p in parent.iterdir() if p.is_dir()] if parent.is_dir() else []


def _checked(url: str) -> str:
    """Return the URL with its driver, once it is seen to lead to an Optuna store."""
    shown = hide_passwords(url)
    try:
        engine = create_engine(with_driver(make_url(url)))
    except (SQLAlchemyError, ImportError) as error:
        raise ValueError(
            f"{shown} is no usable storage URL ({_first_line(error)}); try sqlite:///path/to/optuna.db"
        ) from error
    database = _sqlite_file(engine.url)
    # Connecting to a missing SQLite file would create it.
    if database is not None and not database.is_file():
        raise ValueError(f"no database file {database}{_hint(database.name, _files(database))}")
    try:
        tables = set(inspect(engine).get_table_names())
    except SQLAlchemyError as error:
        raise ValueError(f"cannot read {shown}: {_first_line(error)}") from error
    finally:
        engine.dispose()
    if not tables >= _STORE_TABLES:
        raise ValueError(
            f"{shown} is not an Optuna store: it has no tables {sorted(_STORE_TABLES - tables)}"
        )
    return engine.url.render_as_string(hide_password=False)


def _files(database: Path) -> list[str]:
    parent = database.parent
    kinds = {database.suffix, ".db", ".sqlite"}
    return [p.name for p in parent.iterdir() if p.suffix in kinds] if parent.is_dir() else []


def _first_line(error: Exception) -> str:
    return hide_passwords(str(error).splitlines()[0])


def _hint(name: str, known: Sequence[str]) -> str:
    return f"; nearest: {nearest(name, known)}" if known else ""
