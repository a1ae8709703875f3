"""Load a user's Python file, without beginning the study that it may hold."""

import ast
import contextlib
import io
import re
import sys
import traceback
import zlib
from functools import cache
from pathlib import Path
from types import ModuleType

from tunesmith.errors import InvalidConfig, nearest

STUDY_CALLS = {"create_study", "load_study", "optimize"}
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
TORCH = re.compile(r"^\s*(import|from) torch\b", re.MULTILINE)


@cache
def load_script(path: Path) -> ModuleType:
    """Run a Python file as a module of its own, once a process; `path` is absolute.

    The file's folder can be imported from, as with `python FILE`. Where the file begins a study of
    its own at its top level, only imports, functions and classes are taken from there on.

    Raises InvalidConfig if the file is absent, is no Python, or does not run.
    """
    source = _read(path)
    try:
        tree = ast.parse(source, str(path))
    except (SyntaxError, ValueError) as error:
        line, reason = getattr(error, "lineno", 1), getattr(error, "msg", error)
        raise InvalidConfig(f"{path}:{line} is no Python: {reason}; correct it there") from error
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    module = ModuleType(f"{path.stem}_{zlib.crc32(str(path).encode()):08x}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    if TORCH.search(source.decode(errors="replace")):
        import torch  # noqa: F401 - here: the file may import it late, when its stream is seeded
    try:
        # argparse of the file's own would print its usage.
        with contextlib.redirect_stderr(io.StringIO()):
            exec(compile(_without_study(tree), str(path), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        raise InvalidConfig(_reason(path, error)) from error
    return module


def functions_of(module: ModuleType) -> list[str]:
    """Return the names of what is defined in a script and can be called."""
    return [
        name
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__
    ]


def _read(path: Path) -> bytes:
    if path.suffix != ".py":
        raise InvalidConfig(
            f"objective.file must be a Python file, got {path}; try objective.file=my_objective.py"
        )
    try:
        return path.read_bytes()
    except OSError as error:
        others = nearest(path.name, [other.name for other in path.parent.glob("*.py")])
        raise InvalidConfig(
            f"objective.file={path} cannot be read ({error.strerror}); its folder has "
            f"{others or 'no Python file'}"
        ) from error


def _without_study(tree: ast.Module) -> ast.Module:
    begins = next((i for i, node in enumerate(tree.body) if _begins_study(node)), len(tree.body))
    rest = [node for node in tree.body[begins:] if isinstance(node, DEFINITIONS)]
    return ast.Module(body=[*tree.body[:begins], *rest], type_ignores=[])


def _begins_study(statement: ast.stmt) -> bool:
    # What stands under an `if` is guarded: `if __name__ == "__main__"`.
    if isinstance(statement, (*DEFINITIONS, ast.If)):
        return False
    called = (node.func for node in ast.walk(statement) if isinstance(node, ast.Call))
    names = (f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", None) for f in called)
    return not STUDY_CALLS.isdisjoint(names)


def _reason(path: Path, error: BaseException) -> str:
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    raised = " ".join(f"{type(error).__name__}: {error}".split())
    if isinstance(error, SystemExit):
        way_out = 'put what reads the command line or exits under if __name__ == "__main__":'
        return f"{path}:{lines[-1] if lines else 1} ends the program ({raised}); {way_out}"
    return f"{path}:{lines[-1] if lines else 1} does not run: {raised}; correct it there"
