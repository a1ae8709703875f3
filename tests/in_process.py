"""Run train.py inside the test's own process: what a command says, in tenths of a second."""

import contextlib
import io
import logging
import os
import pickle
import runpy
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import optuna
from hydra.core.singleton import Singleton
from omegaconf import OmegaConf

from tests.commands import ROOT, environment
from tunesmith.sweeper import FIRST_SIGN

_load = OmegaConf.load
_KNOWN: dict[str, bytes] = {}


def refuse_here(*arguments: str, root: Path, entry: Path = ROOT / "train.py") -> str:
    """Run `python train.py`, which must write nothing and say why in one line: that line."""
    said, out, err = _ran(entry, *arguments, f"paths.output_root={root}")
    # An exit code that is a text is printed, with exit code 1.
    assert isinstance(said, str), (said, out, err)
    assert out in ("", f"{FIRST_SIGN}\n")
    assert err == ""
    assert "\n" not in said
    assert not root.exists()
    return said


def accept_here(
    *arguments: str, root: Path, entry: Path = ROOT / "train.py", **variables: str
) -> str:
    """Run `python train.py`, which must write nothing and end well: what it printed."""
    said, out, err = _ran(entry, *arguments, f"paths.output_root={root}", **variables)
    assert said in (None, 0), (said, out, err)
    assert not root.exists()
    return out


def _ran(entry: Path, *arguments: str, **variables: str) -> tuple[object, str, str]:
    """Run a script; return its exit code, and what it printed to stdout and to stderr."""
    out, err = io.StringIO(), io.StringIO()
    code: object = None
    with _as_new(entry, *arguments, **variables):
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                runpy.run_path(str(entry), run_name="__main__")
        except SystemExit as ended:
            code = ended.code
    return code, out.getvalue(), err.getvalue()


@contextlib.contextmanager
def _as_new(*command: object, **variables: str) -> Iterator[None]:
    """Leave Hydra, the environment and logging as a new process would find them, then as before."""
    loggers = (logging.root, logging.getLogger("py.warnings"))
    handlers, levels = [list(one.handlers) for one in loggers], [one.level for one in loggers]
    verbosity, state = optuna.logging.get_verbosity(), Singleton._instances
    try:
        with (
            mock.patch.object(sys, "argv", [str(part) for part in command]),
            mock.patch.dict(os.environ, environment(**variables), clear=True),
            mock.patch.object(Singleton, "_instances", _without_global(state)),
            mock.patch.object(OmegaConf, "load", _loaded),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("default")
            yield
    finally:
        logging.captureWarnings(False)
        for one, kept, level in zip(loggers, handlers, levels, strict=True):
            one.handlers, one.level = kept, level
        optuna.logging.set_verbosity(verbosity)


def _loaded(file: Any) -> Any:
    """Do what `OmegaConf.load` does; of a file of conf/, which no test changes, only once."""
    name = getattr(file, "name", file)
    if not Path(name).is_relative_to(ROOT / "conf"):
        return _load(file)
    if name not in _KNOWN:
        _KNOWN[name] = pickle.dumps(_load(file))
    return pickle.loads(_KNOWN[name])


def _without_global(instances: dict[type, object]) -> dict[type, object]:
    """Return Hydra's singletons but those that hold the config of one command."""
    return {
        kind: one
        for kind, one in instances.items()
        if kind.__name__ not in ("GlobalHydra", "HydraConfig")
    }
