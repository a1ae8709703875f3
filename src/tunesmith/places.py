"""Where something may be written: a folder of outputs, the file of an SQLite database."""

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from tunesmith.errors import InvalidConfig
from tunesmith.overrides import write_for_shell
from tunesmith.validate import require_text

_LONGEST_SHOWN = 255


def check_folder(folder: Path | str, *, key: str) -> None:
    """Raise InvalidConfig unless `folder` can be made and written to; leaves nothing behind."""
    if not isinstance(folder, Path):
        require_text(key, folder, expected="a folder", example="outputs")
    found = obstacle(Path(folder))
    if found is None:
        return
    offered = (Path("outputs"), Path.home() / "outputs", Path(tempfile.gettempdir()) / "outputs")
    usable = next((str(other) for other in offered if obstacle(other) is None), "FOLDER")
    raise InvalidConfig(
        f"{key} must be a folder that can be written to, got {_shown(str(folder))}: {found}; "
        f"try {write_for_shell(key, usable)}"
    )


def obstacle(folder: Path) -> str | None:
    """Return in a few words what keeps a folder from being made or written to; None for nothing."""
    if not str(folder).isprintable():
        return "a name with a line break, tab or other control character cannot"
    if folder.parts[:1] == ("~",):
        return f"~ is not expanded here, as in $HOME{str(folder)[1:]}"
    above = folder.absolute()
    # Not Path.exists: it raises what a name that is too long does.
    while not os.path.lexists(above):
        above = above.parent
    try:
        folder.absolute().lstat()
    except FileNotFoundError:
        pass
    except OSError as error:
        if not above.is_file():
            return str(error.strerror).lower()
    if above.is_symlink() and not above.exists():
        return f"{above} is a link to what is not there"
    return None if _takes_folders(above) else f"{above} cannot"


def _takes_folders(parent: Path) -> bool:
    """Return whether a folder can be made in another; what the rights say, root need not obey."""
    try:
        Path(tempfile.mkdtemp(prefix=".", dir=parent)).rmdir()
    except OSError:
        return False
    return True


def _shown(text: str) -> str:
    shown = text if text.isprintable() else repr(text)
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[: _LONGEST_SHOWN - 3]}..."


def no_database(file: Path) -> str | None:
    """Return why a file is no SQLite database and can be made none, None if it is or can be."""
    above = next(folder for folder in file.absolute().parents if folder.exists())
    if not above.is_dir():
        return f"{above} is no folder"
    if file.is_dir():
        return f"{file} is a folder"
    if file.is_symlink() and not file.exists():
        return f"{file} is a link to what is not there"
    if file.exists() and not file.is_file():
        return f"{file} is no file"
    if file.exists() and not _is_database(file):
        return f"{file} is no SQLite database"
    return None if file.exists() or _takes_folders(above) else f"{above} cannot be written to"


def _is_database(file: Path) -> bool:
    """Return False for a file with the contents of something else.

    SQLite itself looks: to open and close the file in any other way would take from this process
    the locks that its connections hold on it, and another process could then spoil the database.
    """
    try:
        # For reading alone it would leave files beside a database with a write-ahead log.
        uri = f"{file.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=0)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        # What else there is to say of it is said where it is used.
        return getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_NOTADB
    return True
