"""Which Python runs the apps: the tests' own, or that of an environment with another Hydra."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.apps.app import KINDS, App


@pytest.fixture
def python() -> str:
    """Return the interpreter of the apps."""
    return os.environ.get("PYTHON_OF_APPS", sys.executable)


@pytest.fixture
def app_of(tmp_path: Path, python: str) -> Callable[[str], App]:
    """Return what makes an app of a kind."""
    return lambda kind: App(KINDS[kind], tmp_path / kind, python=python)
