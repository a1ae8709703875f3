"""`tunesmith.load`: find a search by its folder or its name."""

import os
from functools import partial
from pathlib import Path

import optuna

from tunesmith.errors import InvalidConfig, nearest
from tunesmith.loaded.search import LoadedSearch
from tunesmith.paths import RunPaths, SearchPaths
from tunesmith.report import load_search, load_study, storage_of
from tunesmith.study import SUFFIX, StudyRecord

# Where searches lie that were started here.
_SEARCHES = Path("outputs") / "searches"
_VARIABLE = "OPTUNA_STORAGE"


def load(
    search: str | Path, storage: "str | optuna.storages.BaseStorage | None" = None
) -> LoadedSearch:
    """Open a search, or any Optuna study, for reading, also while it runs.

    Args:
        search: The folder of the search, or the name of a study.
        storage: The URL of the study's store, or an Optuna storage. None takes the store that the
            folder names. A name without a storage is looked up in `outputs/searches`, then in the
            store of the environment variable OPTUNA_STORAGE.

    Raises:
        InvalidConfig: A ValueError: there is no such folder, store or study.

    Example:
        >>> found = tunesmith.load("outputs/searches/quadratic-95ad56a1")
        >>> found.trials.sort_values("y").head(3)
        >>> found.winner.mean, found.winner.deviation
        >>> found.config(found.best.number).objective.x

        A study that Optuna made alone:

        >>> tunesmith.load("theirs", storage="sqlite:///theirs.db").trials

    """
    try:
        return _load(search, storage)
    except InvalidConfig:
        raise
    except ValueError as error:
        raise InvalidConfig(str(error)) from error


def _load(search: str | Path, storage: "str | optuna.storages.BaseStorage | None") -> LoadedSearch:
    if storage is not None:
        return _by_name(str(search), storage)
    folder = Path(search)
    if folder.is_dir() or len(folder.parts) > 1:
        return _by_folder(folder)
    if (_SEARCHES / folder).is_dir():
        return _by_folder(_SEARCHES / folder)
    if os.environ.get(_VARIABLE):
        return _by_name(str(search), os.environ[_VARIABLE])
    there = [path.name for path in _SEARCHES.iterdir()] if _SEARCHES.is_dir() else []
    hint = f"; nearest: {nearest(folder.name, there)}" if there else ""
    raise InvalidConfig(
        f"no folder {folder}, nor a search of that name in {_SEARCHES}{hint}; name its store: "
        f'tunesmith.load({str(search)!r}, storage="sqlite:///...")'
    )


def _by_folder(folder: Path) -> LoadedSearch:
    if RunPaths(folder).metrics.is_file() and not SearchPaths(folder).study.is_file():
        raise InvalidConfig(
            f"{folder} is a single run, no search; try tunesmith.load_model({str(folder)!r})"
        )
    study, storage = load_search(folder), storage_of(folder)
    confirming = partial(_opened, study.study_name + SUFFIX, storage)
    return LoadedSearch(study, confirming=confirming, folder=folder)


def _by_name(name: str, storage: "str | optuna.storages.BaseStorage") -> LoadedSearch:
    study, confirming = _study(name, storage), partial(_opened, name + SUFFIX, storage)
    return LoadedSearch(study, confirming=confirming, folder=_folder_of(study))


def _study(name: str, storage: "str | optuna.storages.BaseStorage") -> optuna.Study:
    if isinstance(storage, str):
        return load_study(storage, name=name)
    known = optuna.get_all_study_names(storage)
    if name not in known:
        hint = f"; nearest: {nearest(name, known)}" if known else ""
        raise InvalidConfig(f"no study {name!r} in the storage{hint}")
    return optuna.load_study(study_name=name, storage=storage)


def _opened(name: str, storage: "str | optuna.storages.BaseStorage") -> optuna.Study | None:
    try:
        return _study(name, storage)
    except ValueError:  # It was not confirmed.
        return None


def _folder_of(study: optuna.Study) -> Path | None:
    """Return the folder that a search was begun in, if it is on this machine."""
    folder = StudyRecord.of(study).folder
    return folder if folder is not None and SearchPaths(folder).study.is_file() else None
