"""What made a search: the command, the code and the versions of what computed it."""

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from tunesmith.commands import command, typed
from tunesmith.search.describe import pruner_name
from tunesmith.search.plan import Plan
from tunesmith.search.settings import target_of
from tunesmith.search.user_code import git_version

# The distributions that decide what a trial computes, by the module that a search loads.
_PACKAGES = {
    "tunesmith": "tunesmith",
    "hydra": "hydra-core",
    "optuna": "optuna",
    "torch": "torch",
    "lightning": "lightning",
    "sklearn": "scikit-learn",
    "lightgbm": "lightgbm",
    "xgboost": "xgboost",
    "catboost": "catboost",
    "pandas": "pandas",
    "mlflow": "mlflow",
}


def made_by(plan: Plan) -> list[tuple[str, str]]:
    """Return what made a search, by name."""
    known = [
        ("command", command(*typed())),
        ("commit", git_version()),
        ("sampler", target_of(plan.settings.sampler)),
        ("pruner", pruner_name(plan)),
        ("versions", ", ".join(_versions())),
        ("machine", f"{platform.system()} {platform.machine()}"),
    ]
    return [(name, text) for name, text in known if text]


def _versions() -> Iterator[str]:
    yield f"Python {platform.python_version()}"
    for module, distribution in _PACKAGES.items():
        if module in sys.modules:
            try:
                yield f"{distribution} {version(distribution)}"
            except PackageNotFoundError:  # It runs from a checkout that nobody installed.
                continue
