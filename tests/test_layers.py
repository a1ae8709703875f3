"""Who may import whom: docs/architecture.md has the same table in words."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ROOT

SOURCE = ROOT / "src" / "tunesmith"
# Modules at the top that know nothing of ours but each other.
PLAIN = {
    *(
        "_lazy",
        "commands",
        "config",
        "errors",
        "extras",
        "freed_memory",
        "full_disk",
        "given",
        "group_mistakes",
        "interrupts",
        "log_filter",
        "overrides",
    ),
    *(
        "passwords",
        "paths",
        "pickled",
        "places",
        "process",
        "rows",
        "scores",
        "validate",
        "versions",
    ),
}
# What a package, or a module at the top, may import of ours.
ALLOWED = {
    "models": {"_lazy", "errors", "scores", "validate"},
    "data": {"_lazy", "errors", "extras", "freed_memory", "scores", "validate"},
    "study": {
        *("_lazy", "process", "passwords", "errors", "extras", "full_disk", "interrupts"),
        *("places", "validate"),
    },
    "tracking": {
        *("_lazy", "process", "passwords", "paths", "errors", "extras", "full_disk"),
        *("interrupts", "places"),
    },
    "context": {"study", "tracking", *PLAIN},
    "advice": {"study", *PLAIN},
    "report": {"study", "advice", *PLAIN},
    "objectives": {"context", "renamed", "study", "tracking", "models", "data", *PLAIN},
    "prune_trial": {"study", *PLAIN},
    "check": {"objectives", "renamed", "explain", *PLAIN},
    "search": {
        *("check", "context", "objectives", "renamed", "explain"),
        *("study", "tracking", "advice", "report", *PLAIN),
    },
    "storage": {"study", *PLAIN},
    "loaded": {"configs", "data", "renamed", "report", "study", *PLAIN},
    "predict": {"data", "loaded", *PLAIN},
    "sweeper": {"config", "configs", "explain", "samplers", "search", "versions"},
    "explain": {"configs", *PLAIN},
    "flags": {"explain", *PLAIN},
    "cli": {"configs", "explain", "flags", *PLAIN},
}
FOREIGN = {
    "study": {"torch", "lightning", "mlflow", "hydra", "omegaconf"},
    "advice": {"torch", "lightning", "mlflow", "hydra"},
    "report": {"torch", "lightning", "mlflow", "hydra"},
    "search": {"torch", "lightning", "mlflow"},
    "objectives": {"mlflow"},
    "models": {"mlflow", "hydra", "optuna"},
    "data": {"mlflow", "hydra", "optuna"},
}


def files(name: str) -> list[Path]:
    """The modules of a package, or the one module of that name."""
    package = SOURCE / name
    return sorted(package.rglob("*.py")) if package.is_dir() else [package.with_suffix(".py")]


def is_for_types(node: ast.AST) -> bool:
    """Whether a statement is only read by a type checker."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def statements(node: ast.AST) -> list[ast.AST]:
    """Everything below a node, but what is there for types only."""
    found = [node]
    for child in ast.iter_child_nodes(node):
        if not is_for_types(child):
            found += statements(child)
    return found


def imports(path: Path) -> set[str]:
    """The dotted names that a module imports, at the top or later."""
    names: set[str] = set()
    for node in statements(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "tunesmith":
            names |= {f"tunesmith.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def imports_of(name: str) -> set[str]:
    return set().union(*(imports(path) for path in files(name)))


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_a_package_imports_only_what_it_may(name: str) -> None:
    ours = {dotted.split(".")[1] for dotted in imports_of(name) if dotted.startswith("tunesmith.")}
    assert ours - {name} <= ALLOWED[name]


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_a_package_does_without_libraries_that_are_not_its_business(name: str) -> None:
    assert not {dotted.split(".")[0] for dotted in imports_of(name)} & FOREIGN[name]


def test_others_import_from_a_package_not_from_its_modules() -> None:
    packages = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
    inside = [
        f"{path.relative_to(SOURCE)} imports {dotted}"
        for path in SOURCE.rglob("*.py")
        for dotted in imports(path)
        if (parts := dotted.split("."))[0] == "tunesmith"
        and len(parts) > 2
        and parts[1] in packages
        and path.relative_to(SOURCE).parts[0] != parts[1]
    ]
    assert inside == []


def module_of(path: Path) -> str:
    dotted = ".".join(("tunesmith", *path.relative_to(SOURCE).with_suffix("").parts))
    return dotted.removesuffix(".__init__")


def test_no_imports_run_in_a_circle() -> None:
    modules = {module_of(path): path for path in SOURCE.rglob("*.py")}
    graph = {
        name: {other for other in imports(path) if other in modules} - {name}
        for name, path in modules.items()
        if path.name != "__init__.py"
    }
    # A package's own __init__ gathers its modules: between them it is no step.
    left = dict(graph)
    while leaves := {name for name, needs in left.items() if not needs & left.keys()}:
        left = {name: needs for name, needs in left.items() if name not in leaves}
    assert left == {}


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


@pytest.mark.slow
def test_the_first_epoch_waits_for_nothing_that_only_its_results_need() -> None:
    code = (
        "import sys; from tunesmith.objectives.lightning import checks, objective; "
        "late = {'mlflow', 'plotly', 'sklearn'}; sys.exit(str(late & {*sys.modules} or '') or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_source_names_no_path_of_a_machine() -> None:
    for path in [*SOURCE.rglob("*.py"), *Path(ROOT / "conf").rglob("*.yaml"), ROOT / "train.py"]:
        assert "/home/" not in path.read_text()


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.name)
def test_a_module_is_one_concept(path: Path) -> None:
    assert path.read_text().count("\n") <= 300
