"""Who may import whom."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ROOT

SOURCE = ROOT / "src" / "tunesmith"
SHARED = {"errors", "config", "process", "validate", "overrides", "paths", "commands", "context"}
ALLOWED = {
    "models": set(),
    "data": set(),
    "study": {"process"},
    "tracking": {"process", "paths"},
    "advice": {"study"},
    "report": {"advice", "study"},
    "objectives": {"models", "data", "study", "tracking", *SHARED},
    # What an objective left is taken up again: to be tested, and to be logged as a model.
    "search": {"study", "advice", "report", "tracking", "check", "objectives", *SHARED},
}
FOREIGN = {
    "study": {"torch", "lightning", "mlflow", "hydra"},
    "advice": {"torch", "lightning", "mlflow", "hydra"},
    "report": {"torch", "lightning", "mlflow", "hydra"},
    "search": {"torch", "lightning", "mlflow"},
    "objectives": {"mlflow"},
    "models": {"mlflow", "hydra", "optuna"},
    "data": {"mlflow", "hydra", "optuna"},
}


def imports(package: str) -> set[str]:
    """The dotted names that a package's modules import, at the top or later."""
    names: set[str] = set()
    for path in (SOURCE / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
    return names


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_a_package_imports_only_what_it_may(package: str) -> None:
    ours = {name.split(".")[1] for name in imports(package) if name.startswith("tunesmith.")}
    assert ours - {package} <= ALLOWED[package]


@pytest.mark.parametrize("package", sorted(FOREIGN))
def test_a_package_does_without_libraries_that_are_not_its_business(package: str) -> None:
    assert not {name.split(".")[0] for name in imports(package)} & FOREIGN[package]


def test_mlflow_appears_in_tracking_only() -> None:
    users = {
        path.relative_to(SOURCE).parts[0]
        for path in SOURCE.rglob("*.py")
        if any(
            line.lstrip().startswith(("import mlflow", "from mlflow"))
            for line in path.read_text().splitlines()
        )
    }
    assert users == {"tracking"}


def test_showing_the_config_loads_no_heavy_library() -> None:
    probe = (
        "import sys, runpy; sys.argv = ['train.py', '--cfg', 'job']; "
        "runpy.run_path('train.py', run_name='__main__'); "
        "sys.exit(bool({'torch', 'optuna', 'mlflow', 'lightning'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, timeout=60)
    assert done.returncode == 0


def test_the_source_names_no_path_of_a_machine() -> None:
    for path in [*SOURCE.rglob("*.py"), *Path(ROOT / "conf").rglob("*.yaml"), ROOT / "train.py"]:
        assert "/home/" not in path.read_text()
