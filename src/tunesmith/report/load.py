"""Find and open a study for reading: nothing is created, every mistake is one clear line."""

import os
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import optuna
from omegaconf import OmegaConf
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import SQLAlchemyError

_STORE_TABLES = {"studies", "trials", "version_info"}


def load_search(folder: Path) -> optuna.Study:
    """Open the study of a search folder `<root>/searches/<study_name>`; raises ValueError."""
    if not folder.is_dir():
        raise ValueError(f"no search folder {folder}{_nearest(folder.name, _siblings(folder))}")
    return load_study(storage_of(folder), name=folder.resolve().name)


def storage_of(folder: Path) -> str:
    """URL of the store behind a search folder."""
    url, kind = os.environ.get("OPTUNA_STORAGE"), _stated_storage(folder)
    if url and kind != "sqlite":
        return url
    if kind == "postgresql":
        raise ValueError(f"{folder} was searched in PostgreSQL; set OPTUNA_STORAGE to its URL")
    return f"sqlite:///{folder.resolve().parent.parent / 'optuna.db'}"


def _stated_storage(folder: Path) -> str | None:
    notes = folder / "search.yaml"
    if not notes.is_file():
        return None
    stated = OmegaConf.select(OmegaConf.load(notes), "storage")
    return None if stated is None else str(stated)


def _siblings(folder: Path) -> list[str]:
    parent = folder.parent
    return [p.name for p in parent.iterdir() if p.is_dir()] if parent.is_dir() else []


def load_study(url: str, *, name: str) -> optuna.Study:
    """Open the study `name` at `url`; raises ValueError where either does not exist."""
    _check_store(url)
    storage = optuna.storages.RDBStorage(
        url, skip_table_creation=True, skip_compatibility_check=True
    )
    names = optuna.get_all_study_names(storage)
    if name not in names:
        raise ValueError(f"no study {name!r} in {hide_password(url)}{_nearest(name, names)}")
    return optuna.load_study(study_name=name, storage=storage)


def _check_store(url: str) -> None:
    shown = hide_password(url)
    try:
        engine = create_engine(url)
    except (SQLAlchemyError, ImportError) as error:
        raise ValueError(
            f"{shown} is no usable storage URL ({_first_line(error)}); try sqlite:///path/optuna.db"
        ) from error
    database = engine.url.database
    # Connecting to a missing SQLite file would create it.
    if engine.url.get_backend_name() == "sqlite" and database and not Path(database).is_file():
        raise ValueError(
            f"no database file {database}{_nearest(Path(database).name, _files(database))}"
        )
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


def _files(database: str) -> list[str]:
    parent = Path(database).parent
    return [p.name for p in parent.iterdir() if p.is_file()] if parent.is_dir() else []


def _first_line(error: Exception) -> str:
    return hide_password(str(error).splitlines()[0])


def hide_password(url: str) -> str:
    """`url` with the password of its user replaced by stars."""
    return re.sub(r"(://[^/\s:@]*):[^/\s]*@", r"\1:***@", url)


def _nearest(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=3, cutoff=0.4) or sorted(known)[:3]
    return f"; nearest: {', '.join(close)}" if close else ""
