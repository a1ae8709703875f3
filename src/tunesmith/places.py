"""Where something may be written: a folder of outputs, the file of an SQLite database."""

import os
import tempfile
from pathlib import Path

from tunesmith.errors import InvalidConfig
from tunesmith.overrides import write_for_shell
from tunesmith.validate import require_text

_SQLITE = b"SQLite format 3\x00"
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
    if file.exists() and _start_of(file) not in (b"", _SQLITE):
        return f"{file} is no SQLite database"
    return None if file.exists() or _takes_folders(above) else f"{above} cannot be written to"


def _start_of(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(len(_SQLITE))
