"""Tell by content which code of the user computes a trial."""

import ast
import hashlib
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType

import optuna

from tunesmith.paths import shown
from tunesmith.study import TrialRecord, finished

_OURS = Path(__file__).resolve().parents[1]
_INSTALLED = tuple(
    Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")
)

# By module name, as the module was when it was first seen: a file may be edited while it is in use.
_digests: dict[str, str] = {}
_files: dict[str, Path] = {}
_seen: set[str] = set()


def user_code() -> dict[str, str]:
    """Return a digest of each module of the user's own that this process has loaded, by name.

    The user's own are those outside of the standard library, of the installed packages and of this
    one: the entry script, what configs name, and what these import. A digest is that of the syntax
    tree, so that comments, docstrings, layout and the folder do not count.
    """
    for name in sys.modules.keys() - _seen:
        _seen.add(name)
        module = sys.modules.get(name)
        if (path := _own_file(module)) is not None:
            known_as = path.stem if _is_script(module) else name
            _digests[known_as] = _digest(path)
            _files[known_as] = path
    return dict(sorted(_digests.items()))


def changed_files(study: optuna.Study, code: Mapping[str, str]) -> list[str]:
    """Return the files whose code differs from that of the study's complete and pruned trials.

    A failed trial does not count: its code is repaired, and the search continues. Modules that one
    of the two did not load are not compared.
    """
    records = (TrialRecord.of(trial) for trial in finished(study))
    known = {item for record in records for item in (record.code or {}).items()}
    changed = {name for name, digest in known if code.get(name, digest) != digest}
    return sorted(shown(_files[name]) if name in _files else name for name in changed)


def digest_of(code: Mapping[str, str]) -> str:
    """Return six hexadecimal digits for all of the user's code."""
    return hashlib.sha256(repr(sorted(code.items())).encode()).hexdigest()[:6]


def git_version() -> str | None:
    """Return the git commit of the entry's folder, `-dirty` if it was changed since.

    Release 0.1.0 recorded it with each trial. None outside of a git repository, or without git.
    """
    folder = Path(sys.argv[0]).resolve().parent
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def _own_file(module: ModuleType | None) -> Path | None:
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or not file.endswith(".py") or not _is_own(Path(file).parent):
        return None
    path = Path(file).resolve()
    return path if path.is_file() else None


@cache
def _is_own(folder: Path) -> bool:
    # Once for each folder: a process loads thousands of modules from a few hundred.
    place = folder.resolve()
    is_foreign = "site-packages" in place.parts or "dist-packages" in place.parts
    return not is_foreign and not _lies_in(place, (_OURS, *_INSTALLED))


def _lies_in(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _is_script(module: ModuleType | None) -> bool:
    # A script's module has no place in the import system, and a name that tells nothing.
    return getattr(module, "__spec__", None) is None


def _digest(path: Path) -> str:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        # It was edited since it was loaded: whatever it is now, it is other code.
        return "unreadable"
    _drop_docstrings(tree)
    _drop_whitelist(tree)
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:12]


def _drop_docstrings(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node, clean=False) is not None
        ):
            del node.body[0]


def _drop_whitelist(tree: ast.Module) -> None:
    """Leave out what a config may run: it says nothing of what is computed."""
    names = {
        node.value.id
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword)
        and node.arg == "execution_whitelist"
        and isinstance(node.value, ast.Name)
    }
    tree.body = [
        node
        for node in tree.body
        if not (
            isinstance(node, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id in names for t in node.targets)
        )
    ]
