"""Say which config files include each other without end."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from tunesmith.commands import flag
from tunesmith.configs import CONFIGS
from tunesmith.explain.keys import own_configs
from tunesmith.paths import shown


def endless_defaults(error: Exception) -> str | None:
    """Return in one line which files include each other; None if the recursion is another.

    Args:
        error: What Python raised when it had followed them long enough.

    """
    if not _is_of_hydra(error):
        return None
    folders = [own_configs(), CONFIGS]
    if (folder := flag(sys.argv[1:], "--config-dir", "-cd")) is not None:
        folders.insert(0, Path(folder))
    name = flag(sys.argv[1:], "--config-name", "-cn") or "train"
    primary = _found(f"/{name}", folders)
    circle = [] if primary is None else _circle([primary], folders)
    if not circle:
        return "the defaults of a config include each other without end; leave one of them out"
    is_of_chosen = circle[0] == primary
    return _line([*circle[1:], circle[0]] if is_of_chosen else circle)


def _line(circle: Sequence[Path]) -> str:
    first, *others = (shown(file) for file in circle)
    if not others:
        return f"the defaults of {first} include {first} itself; leave that line out"
    chain = ", which includes ".join([*others, first])
    return f"the defaults of {first} include {chain} again; leave one of them out"


def _is_of_hydra(error: Exception) -> bool:
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_globals.get("__name__") == "hydra._internal.defaults_list":
            return True
        step = step.tb_next
    return False


def _circle(files: Sequence[Path], folders: Sequence[Path]) -> list[Path]:
    """Return the files that lead from one back to itself, empty if none do."""
    entries = [*_defaults(files[-1])]
    if len(files) == 1:
        entries += [f"/{choice.replace('=', '/')}" for choice in sys.argv[1:] if "=" in choice]
    for entry in entries:
        above = next(f for f in folders if files[-1].is_relative_to(f))
        group = files[-1].parent.relative_to(above).as_posix()
        file = _found(entry if entry.startswith("/") else f"/{group}/{entry}", folders)
        if file in files:
            return list(files[files.index(file) :])
        if file is not None and (circle := _circle([*files, file], folders)):
            return circle
    return []


def _found(entry: str, folders: Sequence[Path]) -> Path | None:
    files = (folder / f"{entry.lstrip('/')}.yaml" for folder in folders)
    return next((file for file in files if file.is_file()), None)


def _defaults(file: Path) -> Iterator[str]:
    """Yield what a file's defaults list includes, as paths without an ending."""
    try:
        read: Any = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError):
        return
    entries = read.get("defaults") if isinstance(read, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, str):
            yield entry.partition("@")[0]
        elif isinstance(entry, dict):
            for group, option in entry.items():
                if not str(group).startswith("override"):
                    words = str(group).removeprefix("optional").strip()
                    yield f"{words.partition('@')[0]}/{option}"
